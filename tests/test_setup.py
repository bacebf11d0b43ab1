"""A fresh machine is set up by `tools/uv` alone: uv from PATH, else in a virtual environment, else by pip."""

import shutil
import subprocess
from pathlib import Path

import pytest

from portal.settings import ROOT

UV = '#!/bin/sh\necho "uv from {where}: $@"\n'
PYTHON = """#!/bin/sh
made() {{ printf '#!/bin/sh\\necho "uv from %s: $@"\\n' "$2" > "$1"; chmod +x "$1"; }}
case "$*" in
  "-c "*) exit {fits} ;;
  "-m venv "*) {venv}; mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
  "-m pip install --quiet uv") made "$(dirname "$0")/uv" venv ;;
  "-m pip install --quiet --target "*) {pip}; mkdir -p "$6/bin"; made "$6/bin/uv" pip ;;
  *) exit 2 ;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A clone with nothing on PATH but what every Unix has; programs put into `bin` join it."""
    (tmp_path / "clone" / "tools").mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "uv", tmp_path / "clone" / "tools" / "uv")
    (tmp_path / "bin").mkdir()
    for tool in ("dirname", "rm", "mkdir", "cp", "chmod"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or tool)
    return tmp_path


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def python(fits: bool = True, venv: bool = True, pip: bool = True) -> str:
    return PYTHON.format(fits=0 if fits else 1, venv=":" if venv else "exit 1", pip=":" if pip else "exit 1")


def run(machine: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [machine / "clone" / "tools" / "uv", "run", "portal"],
        env={"PATH": str(machine / "bin"), "HOME": str(machine)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_uv_on_path_is_used(machine: Path):
    program(machine / "bin" / "uv", UV.format(where="path"))
    assert run(machine).stdout == "uv from path: run portal\n"
    assert not (machine / "clone" / ".uv").exists()


def test_without_uv_a_virtual_environment_holds_it_and_is_kept(machine: Path):
    program(machine / "bin" / "python3", python())
    assert run(machine).stdout == "uv from venv: run portal\n"
    (machine / "bin" / "python3").unlink()
    assert run(machine).stdout == "uv from venv: run portal\n"


def test_without_venv_pip_brings_it(machine: Path):
    program(machine / "bin" / "python3", python(venv=False))
    assert run(machine).stdout == "uv from pip: run portal\n"


def test_a_python_that_does_not_fit_is_passed_over(machine: Path):
    program(machine / "bin" / "python3.11", python(fits=False))
    program(machine / "bin" / "python3", python())
    assert run(machine).stdout == "uv from venv: run portal\n"


@pytest.mark.parametrize("has", ["nothing", "an old python", "a python without venv and pip"])
def test_where_nothing_works_one_line_says_what_to_install(machine: Path, has: str):
    if has != "nothing":
        program(machine / "bin" / "python3", python(fits="old" not in has, venv=False, pip=False))
    done = run(machine)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith("Please install uv, or Python 3.11 to 3.14 with venv or pip")
    assert not (machine / "clone" / ".uv").exists()

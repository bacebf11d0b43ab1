"""A machine that fails under the portal: calls that return errors, a volume that fills, a clock that jumps.

Each fault is one context manager: ill inside the block, well again after it. Nothing here knows the portal.
"""

import errno
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest


def needs_strace() -> None:
    """Skip where there is no strace, or where it may not trace."""
    if shutil.which("strace") is None:
        pytest.skip("needs strace on PATH")
    tried = subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"this machine does not let us trace a process: {tried.stderr.strip()}")


def family(*processes: int) -> list[int]:
    """These processes and all that descend from them."""
    found = list(processes)
    for parent in found:  # grows while it is walked
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in children.read_text().split()]
    return found


@contextmanager
def failing(processes: Sequence[int], injection: str) -> Iterator[None]:
    """Let system calls of these processes, and of those they start, fail as strace's `inject=` says."""
    traced = [part for process in processes for part in ("-p", str(process))]
    calls = injection.partition(":")[0]
    command = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={calls}", "-e", f"inject={injection}", *traced]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        try:
            while not all(_is_traced(process) for process in processes):
                if tracer.poll() is not None:
                    assert tracer.stderr is not None
                    pytest.skip(f"this machine does not let us trace another process: {tracer.stderr.read()}")
            yield
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.communicate(timeout=60)


def _is_traced(process: int) -> bool:
    try:
        said = Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return True  # it has ended
    return "TracerPid:\t0\n" not in said


class Volume:
    """A volume of its own in memory, which can be filled to the last byte and emptied again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leave no byte free."""
        with self._ballast.open("ab", buffering=0) as ballast:
            for size in (1 << 20, 1 << 12):
                try:
                    while True:
                        ballast.write(bytes(size))
                except OSError as full:
                    if full.errno != errno.ENOSPC:
                        raise

    def empty(self) -> None:
        """Give the space back."""
        self._ballast.unlink()


@contextmanager
def volume(megabytes: int) -> Iterator[Volume]:
    """Mount a volume of this size, which every user may write to. Skips where we may not mount."""
    folder = Path(tempfile.mkdtemp(prefix="portal-volume-", dir="/tmp"))  # sockets want a short path
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=1777", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True)
    if mounted.returncode:
        folder.rmdir()
        pytest.skip(f"a volume of our own needs root: {mounted.stderr.strip()}")
    try:
        yield Volume(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


# Read by every interpreter that is started with the folder on its path, before anything of the portal runs.
CLOCK = """
import datetime, pathlib
import portal.db
offset = pathlib.Path(__file__).with_name("offset")
portal.db.utcnow = lambda: datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=float(offset.read_text()))
"""


class FalseClock:
    """The portal's clock, for processes started with its environment, to be set while they run.

    Where the portal takes a time it takes it from `portal.db.utcnow`. A clock below the interpreter (libfaketime) also
    slows every hand-over between its threads, to seconds.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "clock"
        self._folder.mkdir()
        (self._folder / "sitecustomize.py").write_text(CLOCK)
        self.set(0)
        self.environment = {"PYTHONPATH": str(self._folder)}

    def set(self, hours: float) -> None:
        """Go by this much ahead from now on, or behind."""
        draft = self._folder / "offset.new"
        draft.write_text(str(hours))
        draft.replace(self._folder / "offset")

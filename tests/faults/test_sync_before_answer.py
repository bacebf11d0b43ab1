"""The disk has the lead before the visitor has the thank-you: shown by the order of the system calls.

A killed process loses nothing the kernel holds, so kills prove nothing about power loss; this order does. The same
trace of a database that does not sync before it answers fails here, as the last test shows.
"""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from portal import db
from portal.db import Database
from tests.engines import Cluster
from tests.faults.stand import Visitors, publish
from tests.running import Portal

CALLS = "trace=fdatasync,fsync,pwrite64,write,writev,sendto,sendmsg,recvfrom"
STRACE = ("strace", "-f", "-y", "-s", "400", "-e", CALLS, "-o")
BEGUN = re.compile(r"^(\d+) +(\w+)\((.*)$")
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")


@pytest.fixture(autouse=True)
def tracing() -> None:
    """Skip where there is no strace, or where it may not trace."""
    if shutil.which("strace") is None:
        pytest.skip("needs strace on PATH")
    tried = subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"this machine does not let us trace a process: {tried.stderr.strip()}")


class Trace:
    """What a trace file says, in the order the kernel saw it: (moment, process, call, arguments).

    A call that another thread interrupted in the file counts as a sync when it returned, as all else when it began.
    """

    def __init__(self, path: Path) -> None:
        self.calls: list[tuple[str, str, str]] = []
        begun: dict[str, str] = {}
        for line in path.read_text(errors="replace").splitlines():
            if match := BEGUN.match(line):
                process, call, arguments = match.groups()
                if "<unfinished ...>" in arguments and "sync" in call:
                    begun[process] = arguments
                else:
                    self.calls.append((process, call, arguments))
            elif (match := RESUMED.match(line)) and "sync" in match[2]:
                self.calls.append((match[1], match[2], begun.pop(match[1], "") + match[3]))

    def before(self, call: str, said: str) -> list[tuple[str, str, str]]:
        """Everything before the first call of this kind whose arguments contain `said`."""
        for position, (_, made, arguments) in enumerate(self.calls):
            if re.fullmatch(call, made) and said in arguments:
                return self.calls[:position]
        raise AssertionError(f"no {call} of {said}")


def synced_since_last_write(calls: list[tuple[str, str, str]], file: str) -> bool:
    """Whether the last write to a file of this name was followed by a sync of it that succeeded."""
    touched = [(call, arguments) for _, call, arguments in calls if file in arguments.split(",", 1)[0]]
    writes = [position for position, (call, _) in enumerate(touched) if call.startswith(("pwrite", "write"))]
    assert writes, f"nothing was written to {file}"
    return any("sync" in call and arguments.endswith("= 0") for call, arguments in touched[writes[-1] + 1 :])


def test_sqlite_has_synced_the_lead_before_the_thank_you_is_sent(sqlite_url, tmp_path):
    database = Database(sqlite_url)
    portal = Portal(sqlite_url, tmp_path)
    visitors = Visitors(portal, publish(database))
    path = tmp_path / "web.trace"
    try:
        portal.start_web(*STRACE, str(path))
        assert visitors.enquire(visitors.form()) == 303
    finally:
        portal.kill_web()
        database.close()
    assert synced_since_last_write(Trace(path).before("write|writev|sendto|sendmsg", "HTTP/1.1 303"), ".sqlite-wal")


@pytest.fixture(scope="module")
def durable() -> Iterator[Cluster]:
    """A PostgreSQL cluster that syncs, as in production."""
    made = Cluster(fsync=True)
    yield made
    made.stop()


@pytest.fixture
def durable_url(durable) -> Iterator[str]:
    url = durable.create("durable")
    migrating = Database(url)
    db.migrate(migrating)
    migrating.close()
    yield url
    durable.drop("durable")


@contextmanager
def traced(cluster: Cluster, database: Database, path: Path) -> Iterator[None]:
    """Trace every backend the cluster starts meanwhile, and its WAL writer, which may sync on their behalf."""
    with database.read() as session:
        writers = text("SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'")
        processes = [cluster.process.pid, *session.connection().execute(writers).scalars()]
    command = [*STRACE, str(path), *(part for process in processes for part in ("-p", str(process)))]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        for _ in processes:
            said = tracer.stderr.readline()
            if "attached" not in said:
                tracer.wait(10)
                pytest.skip(f"this machine does not let us trace another process: {said}")
        try:
            yield
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.communicate(timeout=20)


def test_postgresql_has_synced_the_lead_before_it_answers_the_commit(durable, durable_url, tmp_path):
    database = Database(durable_url)
    with database.read() as session:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert session.connection().execute(text(f"SHOW {setting}")).scalar() == "on"
    portal = Portal(durable_url, tmp_path)
    visitors = Visitors(portal, publish(database))
    path = tmp_path / "backend.trace"
    try:
        with traced(durable, database, path):
            portal.start_web()
            assert visitors.enquire(visitors.form()) == 303
            portal.kill_web()
    finally:
        portal.kill_web()
        database.close()
    assert synced_since_last_write(committed(Trace(path)), "/pg_wal/")


def committed(trace: Trace) -> list[tuple[str, str, str]]:
    """What happened between the backend's hearing of the lead and its answer to the commit."""
    for position, (backend, call, arguments) in enumerate(trace.calls):
        if call == "recvfrom" and "INSERT INTO lead " in arguments:
            after = trace.calls[position:]
            answered = next(
                place
                for place, (process, made, said) in enumerate(after)
                if process == backend and made == "sendto" and r"COMMIT\0" in said
            )
            return after[:answered]
    raise AssertionError("no backend heard of the lead")


def test_a_database_that_does_not_sync_before_it_answers_fails_this_check(tmp_path):
    path = tmp_path / "made.trace"
    path.write_text(
        '7 pwrite64(4</p.sqlite-wal>, "lead", 4096, 0) = 4096\n'
        "8 fdatasync(4</p.sqlite-wal> <unfinished ...>\n"
        '7 sendto(5<socket:[1]>, "HTTP/1.1 303 See Other", 22, 0, NULL, 0) = 22\n'
        "8 <... fdatasync resumed>) = 0\n"
    )
    assert not synced_since_last_write(Trace(path).before("sendto", "HTTP/1.1 303"), ".sqlite-wal")

"""The database goes and comes back in the middle of a storm: nothing acknowledged is lost, nobody starts us again."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portal import db
from portal.db import Database
from tests.engines import Cluster
from tests.faults.ordeal import ordeal
from tests.faults.stand import report, unanswered
from tests.running import eventually

HOLDING = """
import sys
from portal.db import SQLITE
held = SQLITE.connect(sys.argv[1], isolation_level=None, timeout=30)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
held.execute("ROLLBACK")
"""


@pytest.fixture(scope="module")
def own() -> Iterator[Cluster]:
    """A PostgreSQL cluster that syncs, and that no other test needs."""
    made = Cluster(fsync=True)
    yield made
    made.stop()


@pytest.fixture
def own_database(own) -> Iterator[Database]:
    made = Database(own.create("stormy"))
    db.migrate(made)
    yield made
    made.close()
    own.drop("stormy")


@pytest.mark.drill  # a cluster of its own takes its time
def test_postgresql_ends_and_starts_again_in_a_storm(own, own_database, tmp_path, chance, rounds):
    with ordeal(own_database, tmp_path, chance) as told:
        with told.visitors.storming():
            for turn in range(rounds):
                told.sees(told.acknowledged, 10)
                own.end(signal.SIGQUIT if turn % 2 else signal.SIGINT)
                eventually(lambda: told.names("database"))
                told.sees(told.refused, 10)
                threading.Event().wait(chance.uniform(0, 8) if rounds > 1 else 0)  # some longer than a lease
                own.start()
                told.sees(told.acknowledged, 10)
        told.reckon(f"PostgreSQL, {rounds} restarts, fast and immediate in turn")


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another process holds the lock to write: one of ours would lose it with the first connection it closes."""
    command = [sys.executable, "-c", HOLDING, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        yield
        holder.communicate(timeout=60)


@pytest.mark.drill  # the driver waits a quarter of a minute for a lock
def test_sqlite_is_locked_by_another_process_and_ours_are_restarted_meanwhile(sqlite_url, tmp_path, chance):
    database, under_way = Database(sqlite_url), set[int | None]()
    with ordeal(database, tmp_path, chance) as told:
        for turn in range(4):
            with told.visitors.storming():
                told.sees(told.acknowledged, 10)
                with locked(tmp_path / "portal.sqlite"):
                    eventually(lambda: told.names("database"))
                    told.sees(told.refused, 20)
                    if turn % 2:
                        told.portal.kill_worker()
                        under_way |= unanswered(database)  # the lock outlasts the leases
                        told.portal.start_worker()
                told.sees(told.acknowledged, 10)
        told.reckon("SQLite, locked four times by another process, the worker killed twice meanwhile", len(under_way))
    database.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_worker_is_told_by_ready_and_closes_no_form(database, tmp_path, chance):
    with ordeal(database, tmp_path, chance) as told:
        told.portal.kill_worker()
        database.write(_silence)
        assert told.names("worker")
        assert told.visitors.enquire(told.visitors.form()) == 303
        told.portal.start_worker()
        told.reckon("no worker, then one")
    report("/ready without a living worker: 503, worker failing")


def _silence(session) -> None:
    # As if its minute were over.
    session.connection().exec_driver_sql("DELETE FROM heartbeat")

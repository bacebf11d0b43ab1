"""A disk that does not sync: whoever is thanked all the same would be lost with the next power cut. Nobody is."""

from collections.abc import Iterator
from random import Random

import pytest

from portal import db
from portal.db import Database
from tests.engines import Cluster
from tests.faults.conftest import MANY
from tests.faults.machine import failing, family, needs_strace
from tests.faults.ordeal import ordeal
from tests.running import eventually

WHENS = ("1+", "1+2", "2+3", "3+4")  # of each process: every sync, every second, third, fourth


@pytest.fixture(autouse=True)
def tracing() -> None:
    """Skip where nothing can be injected."""
    needs_strace()


@pytest.fixture(scope="module")
def own() -> Iterator[Cluster]:
    """A PostgreSQL cluster that syncs, and that no other test needs."""
    made = Cluster(fsync=True)
    yield made
    made.stop()


def injection(chance: Random, turn: int) -> str:
    when = chance.choice(WHENS) if turn else WHENS[0]
    return f"fdatasync,fsync:error=EIO:when={when}"


@pytest.mark.parametrize(
    ("who", "rounds"),
    [("web", 1), *(pytest.param(who, MANY, marks=pytest.mark.drill) for who in ("web", "worker"))],
)
def test_a_sync_of_sqlite_fails_and_nobody_is_thanked_for_what_is_not_on_the_disk(
    sqlite_url, tmp_path, chance, who, rounds
):
    database = Database(sqlite_url)
    with ordeal(database, tmp_path, chance) as told:
        process = told.portal.web if who == "web" else told.portal.workers[0]
        assert process is not None
        with told.visitors.storming():
            for turn in range(rounds):
                told.sees(told.acknowledged, 10)
                with failing(family(process.pid), injection(chance, turn)):
                    if who == "web":
                        told.sees(told.refused, 10)
                        eventually(lambda: told.names("database"))
                    else:
                        before = told.portal.log("worker").count("OperationalError")
                        eventually(lambda b=before: told.portal.log("worker").count("OperationalError") > b + 4)
                told.sees(told.acknowledged, 10)
        told.reckon(f"SQLite, {rounds} times syncs of the {'site' if who == 'web' else 'worker'} fail")
    database.close()


@pytest.mark.drill  # a cluster of its own takes its time
def test_a_sync_of_postgresql_fails_it_panics_and_starts_anew_and_nothing_is_lost(own, tmp_path, chance, rounds):
    database = Database(own.create("unsynced"))
    db.migrate(database)
    starts = 0
    with ordeal(database, tmp_path, chance) as told:
        with told.visitors.storming():
            for turn in range(rounds):
                told.sees(told.acknowledged, 10)
                with failing(family(own.process.pid), injection(chance, turn)):
                    told.sees(told.refused, 10)
                    eventually(lambda: told.names("database"))
                if own.process.poll() is not None:  # it could not recover either, and ended
                    starts += 1
                    own.start()
                told.sees(told.acknowledged, 10)
        told.reckon(f"PostgreSQL, {rounds} times its syncs fail, {starts} times it ended and was started again")
    database.close()
    own.drop("unsynced")

"""The database's volume fills up while enquiries arrive and mails go out, and has room again later."""

import shutil
from collections.abc import Iterator

import pytest

from portal import db
from portal.db import Database
from tests.engines import Cluster
from tests.faults.conftest import MANY
from tests.faults.machine import Volume, volume
from tests.faults.ordeal import Ordeal, ordeal
from tests.running import eventually

MEGABYTES = 320  # beyond what /ready wants to be free


@pytest.fixture
def full() -> Iterator[Volume]:
    """A volume of a database's own."""
    with volume(MEGABYTES) as made:
        yield made


def fill_again_and_again(told: Ordeal, full: Volume, rounds: int, mend) -> None:
    with told.visitors.storming():
        for _ in range(rounds):
            told.sees(told.acknowledged, 10)
            full.fill()
            told.sees(told.refused, 10)
            eventually(lambda: told.names("database", "disk"))
            full.empty()
            mend()
            told.sees(told.acknowledged, 10)


def test_the_volume_of_sqlite_fills_up_in_a_storm(full, migrated_sqlite, tmp_path, chance, rounds):
    shutil.copy(migrated_sqlite, full.folder / "portal.sqlite")
    database = Database(f"sqlite:///{full.folder / 'portal.sqlite'}")
    with ordeal(database, tmp_path, chance) as told:
        fill_again_and_again(told, full, rounds, lambda: None)
        told.reckon(f"SQLite, volume full {rounds} times")
    database.close()


@pytest.mark.drill  # a cluster of its own takes half a minute
def test_the_volume_of_postgresql_fills_up_in_a_storm(full, tmp_path, chance):
    cluster = Cluster(fsync=True, within=str(full.folder))
    starts = 0

    def as_init_does() -> None:
        nonlocal starts
        if cluster.process.poll() is not None:  # it could not write its log, and not recover without room
            starts += 1
            cluster.start()

    try:
        database = Database(cluster.create("filling"))
        db.migrate(database)
        with ordeal(database, tmp_path, chance) as told:
            fill_again_and_again(told, full, MANY, as_init_does)
            told.reckon(f"PostgreSQL, volume full {MANY} times, {starts} times it ended and was started again")
        database.close()
    finally:
        cluster.stop()

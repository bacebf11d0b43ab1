"""Transactions are durable and whole, times keep their zone, and both databases behave alike."""

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, StatementError
from sqlmodel import Session, select, text

from portal import db
from portal.catalogue.agencies import Agency
from portal.catalogue.places import Place
from portal.db import Database, insert_ignore, sqlite_is_safe_for_wal, table_of
from portal.leads import Submission
from tests.cast import NOW


def add(slug: str):
    return lambda session: session.add(Agency(slug=slug, name=slug, created_at=NOW))


def slugs(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.exec(select(Agency.slug)))


def test_a_write_that_raises_leaves_nothing(database):
    def half(session: Session) -> None:
        add("first")(session)
        session.flush()
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        database.write(half)
    assert slugs(database) == set()


def test_what_is_written_in_a_reading_session_is_not_kept(database):
    with database.read() as session:
        add("stray")(session)
        session.flush()
    assert slugs(database) == set()


def test_writers_that_read_first_never_fail_for_one_another(database):
    # Each reads, then writes: with a deferred BEGIN most of these would end in SQLITE_BUSY.
    def bump(session: Session) -> None:
        place = session.exec(select(Place).with_for_update()).one()
        place.name = str(int(place.name) + 1)

    database.write(lambda session: session.add(Place(slug="counter", name="0")))
    faults: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(15):
                database.write(bump)
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with database.read() as session:
        assert session.exec(select(Place.name)).one() == "60"


def test_times_come_back_with_their_zone_as_utc(database):
    madrid = datetime(2026, 7, 1, 14, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    database.write(lambda session: session.add(Agency(slug="a", name="A", created_at=madrid)))
    with database.read() as session:
        stored = session.exec(select(Agency.created_at)).one()
    assert stored == madrid
    assert stored.tzinfo == UTC


def test_a_time_without_a_zone_is_refused(database):
    naive = datetime(2026, 7, 1, 14, 0)  # noqa: DTZ001 - the mistake this test is about
    with pytest.raises(StatementError, match="without a zone"):
        database.write(lambda session: session.add(Agency(slug="a", name="A", created_at=naive)))


def test_foreign_keys_hold(database):
    with pytest.raises(IntegrityError):
        database.write(lambda session: session.add(Place(slug="area", name="Area", parent_id=99)))


def test_only_the_first_of_two_equal_keys_is_new(database):
    values = {"fingerprint": "f" * 64, "created_at": NOW}

    def twice(session: Session) -> tuple[bool, bool]:
        table = table_of(Submission)
        return insert_ignore(session, table, values), insert_ignore(session, table, values)

    assert database.write(twice) == (True, False)


def test_hooks_run_after_the_write_is_durable_and_not_after_a_failed_one(database):
    seen: list[set[str]] = []
    database.after_write.append(lambda session: seen.append(slugs(database)))
    database.write(add("kept"))
    with pytest.raises(RuntimeError):
        database.write(lambda session: (_ for _ in ()).throw(RuntimeError("no")))
    assert seen == [{"kept"}]


def test_sqlite_syncs_every_commit_and_erases_what_it_deletes(sqlite_url):
    database = Database(sqlite_url)
    with database.read() as session:
        pragmas = {
            name: session.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    database.close()
    wal = sqlite_is_safe_for_wal(db.SQLITE.sqlite_version_info)
    assert pragmas == {
        "journal_mode": "wal" if wal else "delete",
        "synchronous": 2 if wal else 3,
        "foreign_keys": 1,
        "secure_delete": 1,
    }


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False), ((3, 44, 5), False), ((3, 44, 6), True), ((3, 45, 0), False), ((3, 50, 6), False),
        ((3, 50, 7), True), ((3, 51, 2), False), ((3, 51, 3), True), ((3, 53, 4), True),
    ],
)  # fmt: skip
def test_wal_is_used_only_with_a_sqlite_that_cannot_corrupt_it(version, safe):
    assert sqlite_is_safe_for_wal(version) is safe


def test_a_trial_says_whether_a_write_would_be_durable_and_changes_nothing(database, monkeypatch):
    monkeypatch.setattr(db, "TRIED_SECONDS", 0)
    assert database.takes_writes()
    assert slugs(database) == set()
    monkeypatch.setattr(database, "_try_to_write", lambda: (_ for _ in ()).throw(OSError("full")))
    assert not database.takes_writes()


def test_a_sqlite_file_that_another_holds_takes_no_writes_and_then_does_again(sqlite_url, monkeypatch):
    monkeypatch.setattr(db, "TRIED_SECONDS", 0)
    database, other = Database(sqlite_url), Database(sqlite_url)
    with other.engine.execution_options(writing=True).connect() as holder, holder.begin():
        holder.exec_driver_sql("SELECT 1")
        assert not database.takes_writes()
    assert database.takes_writes()
    database.close()
    other.close()


def test_a_write_the_database_refused_speaks_against_it_until_one_succeeds(database):
    def refused(session: Session) -> None:
        raise OperationalError("INSERT", {}, Exception("disk full"))

    assert database.takes_writes()
    with pytest.raises(OperationalError):
        database.write(refused)
    assert not database.takes_writes()
    database.write(add("kept"))
    assert database.takes_writes()


def test_who_waits_in_vain_for_the_writer_before_gets_no_turn_instead_of_waiting_on(sqlite_url):
    database, begun, over = Database(sqlite_url, turn_seconds=0.01), threading.Event(), threading.Event()

    def long(session: Session) -> None:
        begun.set()
        over.wait(30)

    writer = threading.Thread(target=database.write, args=(long,))
    writer.start()
    begun.wait(30)
    with pytest.raises(db.NotInTime):
        database.write(add("late"))
    over.set()
    writer.join()
    database.write(add("in time"))
    assert slugs(database) == {"in time"}
    database.close()


def test_whoever_hangs_in_a_transaction_loses_its_locks(postgres_url, monkeypatch):
    monkeypatch.setattr(db, "IDLE_MILLISECONDS", 50)
    hanging, database = Database(postgres_url), Database(postgres_url)
    database.write(add("first"))

    def rename(session: Session) -> None:
        session.exec(select(Agency).with_for_update()).one().name = "mended"

    connection = hanging.engine.connect()
    connection.execute(select(Agency.id).with_for_update())
    database.write(rename)  # waits until the other is cut off
    with pytest.raises(DBAPIError):
        connection.execute(text("SELECT 1"))
    connection.close()
    hanging.close()
    database.close()

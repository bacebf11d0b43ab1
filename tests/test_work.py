"""The worker: what is due goes out, a ring wakes it at once, and it ends cleanly."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from portal import db, leases, work
from portal.db import Database
from portal.enquiries import receiving
from portal.leads import Lead, Submission
from portal.leases import Heartbeat
from portal.mail import outbox, waking
from portal.mail.mails import Mail
from portal.settings import Settings
from tests import cast
from tests.cast import SIGNER
from tests.smtp import DROP, HANG, PostOffice, Scripted, no_relay


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: a Unix socket's must fit into about a hundred characters."""
    with tempfile.TemporaryDirectory(prefix="portal-", dir="/tmp") as made:
        yield Path(made)


def settings(folder: Path, relay: str, **changes: object) -> Settings:
    values = {"smtp_relay": relay, "data_directory": folder, "secret_key": "k" * 40, "clock_factor": 0.001}
    return Settings(**{**values, **changes})


def enquire(database: Database) -> None:
    def publish(session: Session):
        cast.policy(session)
        return cast.home(session, cast.agency(session))

    enquiry = cast.enquiry(database, database.write(publish), db.utcnow())
    database.write(
        lambda session: receiving.receive(session, enquiry, cast.SENDING, SIGNER, cast.SETTINGS, db.utcnow())
    )


def states(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.exec(select(Mail.state)))


def test_once_reminds_ops_of_what_is_held(database, folder):
    enquire(database)
    database.write(lambda session: setattr(session.exec(select(Lead)).one(), "screening", "held"))
    with PostOffice() as post:
        chosen = settings(folder, post.relay, ops_mail="ops@portal.example")
        asyncio.run(work.run(chosen, database, once=True))
        asyncio.run(work.run(chosen, database, once=True))
        assert [str(mail["To"]) for mail in post.mails].count("ops@portal.example") == 1


async def until(condition: Callable[[], object]) -> None:
    while not await asyncio.to_thread(condition):
        await asyncio.sleep(0.005)


def while_working(database: Database, chosen: Settings, what: Callable[[], Awaitable[None]]) -> None:
    """Run a worker beside `what`, then end it as SIGTERM does."""

    async def both() -> None:
        stop = asyncio.Event()
        worker = asyncio.create_task(work.run(chosen, database, stop))
        await asyncio.sleep(0)
        try:
            await what()
        finally:
            stop.set()
            await worker

    asyncio.run(both())


def test_once_sends_what_is_due_and_returns(database, folder):
    enquire(database)
    with PostOffice() as post:
        asyncio.run(work.run(settings(folder, post.relay), database, once=True))
    assert len(post.raws) == 2 and states(database) == {"accepted"}
    with database.read() as session:
        assert leases.worker_lives(session, db.utcnow())


def test_a_mail_queued_while_the_worker_waits_goes_at_the_ring_and_not_at_the_next_look(database, folder, monkeypatch):
    monkeypatch.setattr(work, "POLL_SECONDS", 3600.0)
    waking.attach(database, folder)

    async def queue_then_see(post: PostOffice) -> None:
        await until(lambda: list(folder.glob("worker-*.sock")) and lives(database))
        await asyncio.to_thread(enquire, database)
        await until(lambda: len(post.raws) == 2)

    with PostOffice() as post:
        while_working(database, settings(folder, post.relay), lambda: queue_then_see(post))
    assert list(folder.glob("*.sock")) == []


def lives(database: Database) -> bool:
    with database.read() as session:
        return session.exec(select(Heartbeat)).first() is not None


def test_without_a_ring_the_next_look_finds_the_mail(database, folder, monkeypatch):
    monkeypatch.setattr(work, "POLL_SECONDS", 0.01)

    async def queue_then_see(post: PostOffice) -> None:
        await until(lambda: lives(database))
        await asyncio.to_thread(enquire, database)
        await until(lambda: len(post.raws) == 2)

    with PostOffice() as post:
        while_working(database, settings(folder, post.relay), lambda: queue_then_see(post))


def test_a_ring_to_a_worker_that_is_gone_harms_nobody_and_clears_its_socket(folder):
    async def listen_and_leave() -> bool:
        bell = asyncio.Event()
        with waking.listening(folder, bell):
            await asyncio.to_thread(waking.ring, folder)
            await bell.wait()
            left = folder / "worker-1.sock"
            left.hardlink_to(next(folder.glob("worker-*.sock")))
        return left.exists()

    assert asyncio.run(listen_and_leave())
    waking.ring(folder)
    assert list(folder.iterdir()) == []
    waking.ring(folder / "not-there")


def test_a_worker_in_a_folder_with_too_long_a_path_still_works(tmp_path):
    async def listen(deep: Path) -> None:
        with waking.listening(deep, asyncio.Event()):
            waking.ring(deep)

    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    asyncio.run(listen(deep))


def test_only_a_commit_that_queued_a_mail_rings(database, folder):
    rung = []
    waking.attach(database, folder)
    database.after_write.insert(0, lambda session: rung.append(session.info.get("mail_queued", False)))
    database.write(lambda session: leases.beat(session, "w", db.utcnow()))
    database.write(lambda session: outbox.queue(session, "note", "x", "a@b.example", "en", db.utcnow(), "d"))
    assert rung == [False, True]


def test_a_worker_sends_everything_once_the_relay_is_back(database, folder, monkeypatch):
    monkeypatch.setattr(work, "POLL_SECONDS", 0.01)
    enquire(database)
    with PostOffice() as post:
        dead = no_relay()
        asyncio.run(work.run(settings(folder, dead), database, once=True))
        assert states(database) == {"queued"}
        while_working(database, settings(folder, post.relay), lambda: until(lambda: states(database) == {"accepted"}))
    assert len(post.raws) == 2


def test_told_to_end_a_worker_still_hears_the_answer_to_the_final_dot(database, folder):
    enquire(database)
    handed: list[bytes] = []

    async def stop_amid(post: PostOffice) -> None:
        await until(lambda: handed)

    with PostOffice(at_data=lambda raw: handed.append(raw)) as post:
        while_working(database, settings(folder, post.relay), lambda: stop_amid(post))
    assert "sending" not in states(database)
    with database.read() as session:
        accepted = len(session.exec(select(Mail).where(Mail.state == "accepted")).all())
    assert accepted == len(post.raws) >= 1


def test_a_worker_told_to_end_does_not_wait_for_a_silent_relay(database, folder):
    enquire(database)

    def rendered() -> bool:
        with database.read() as session:
            return all(mail.raw for mail in session.exec(select(Mail)))

    with Scripted({"greeting": HANG}) as relay:
        while_working(database, settings(folder, relay.relay), lambda: until(rendered))
    assert states(database) == {"queued"}


def test_mails_a_dead_worker_held_are_taken_back(database, folder, monkeypatch):
    monkeypatch.setattr(work, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(work, "RECOVER_SECONDS", 0.01)
    enquire(database)
    long_ago = db.utcnow() - timedelta(hours=1)
    database.write(lambda session: [setattr(mail, "due_at", long_ago) for mail in session.exec(select(Mail))])
    assert len(database.write(lambda session: outbox.claim(session, long_ago, 2))) == 2
    with PostOffice() as post:
        while_working(database, settings(folder, post.relay), lambda: until(lambda: states(database) == {"accepted"}))
    assert len(post.raws) == 2


def test_an_uncertain_mail_goes_again_with_the_same_bytes(database, folder, monkeypatch):
    monkeypatch.setattr(work, "POLL_SECONDS", 0.01)
    enquire(database)
    with Scripted({"dot": DROP}) as relay:
        asyncio.run(work.run(settings(folder, relay.relay), database, once=True))
    assert states(database) == {"uncertain"}
    with PostOffice() as post:
        while_working(database, settings(folder, post.relay), lambda: until(lambda: states(database) == {"accepted"}))
    assert len(post.raws) == 2 and set(post.raws) == set(relay.raws)


def test_a_database_that_is_away_for_a_moment_does_not_end_the_worker(database, folder, monkeypatch):
    monkeypatch.setattr(work, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(work, "FIRST_PAUSE_SECONDS", 0.01)
    enquire(database)
    rename = "ALTER TABLE {} RENAME TO {}"

    def sql(statement: str) -> None:
        database.write(lambda session: session.connection().exec_driver_sql(statement))

    async def away_and_back(post: PostOffice) -> None:
        await until(lambda: lives(database))
        await asyncio.to_thread(sql, rename.format("mail_away", "mail"))
        await until(lambda: len(post.raws) == 2)

    sql(rename.format("mail", "mail_away"))
    with PostOffice() as post:
        while_working(database, settings(folder, post.relay), lambda: away_and_back(post))


def test_old_fingerprints_of_posts_are_purged(database, folder):
    enquire(database)
    with PostOffice() as post:
        database.write(
            lambda session: setattr(
                session.exec(select(Submission)).one(), "created_at", db.utcnow() - timedelta(minutes=11)
            )
        )
        asyncio.run(work.run(settings(folder, post.relay), database, once=True))
    with database.read() as session:
        assert session.exec(select(Submission)).all() == []

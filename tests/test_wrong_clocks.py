"""A clock that was wrong for a while: nothing it wrote down holds anything up, and nothing is deleted by its word."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from portal import leases, ledger, work
from portal.clock import Clock
from portal.db import Database
from portal.leases import Heartbeat
from portal.ledger import sealing
from portal.mail import outbox, righting
from portal.mail.mails import Mail, Tried
from portal.mail.retrying import Circuit, Patience
from tests.cast import NOW
from tests.sealed import Sealed

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
EVEN = Patience(chance=lambda: 0.5)


def queue(database: Database, now: datetime) -> None:
    database.write(lambda session: outbox.queue(session, "note", "thing:1", "p@agency.example", "en", now, "p.example"))


def claim(database: Database, now: datetime) -> list[Mail]:
    return database.write(lambda session: outbox.claim(session, now))


def only(database: Database) -> Mail:
    with database.read() as session:
        return session.exec(select(Mail)).one()


def lives(database: Database, now: datetime) -> bool:
    with database.read() as session:
        return leases.worker_lives(session, now)


def test_a_sign_of_life_from_the_future_is_none(database):
    database.write(lambda session: leases.beat(session, "dead by now", NOW + DAY))
    assert lives(database, NOW + DAY) and not lives(database, NOW)
    database.write(lambda session: leases.beat(session, "alive", NOW))
    assert lives(database, NOW)
    with database.read() as session:
        assert list(session.exec(select(Heartbeat.worker))) == ["alive"]


def test_a_relay_is_asked_again_where_the_clock_was_set_back_while_it_was_left_alone():
    circuit = Circuit()
    circuit.note("relay", EVEN, NOW)
    assert circuit.is_closed(NOW) and not circuit.is_closed(NOW - DAY)


def test_a_mail_queued_in_the_future_is_due_now_and_one_that_waits_as_it_should_is_left_alone(database):
    queue(database, NOW + DAY)
    assert claim(database, NOW) == []
    assert database.write(lambda session: righting.bring_back(session, NOW, EVEN)) == 1
    assert (only(database).queued_at, only(database).due_at) == (NOW, NOW)
    (mail,) = claim(database, NOW)
    tried = Tried("full", "rcpt", 452)
    database.write(lambda session: outbox.settle(session, mail, tried, "relay", NOW, NOW, EVEN))
    assert database.write(lambda session: righting.bring_back(session, NOW, EVEN)) == 0
    assert only(database).due_at == NOW + timedelta(hours=4)


def test_a_mail_put_off_under_a_clock_that_ran_ahead_is_due_now(database):
    queue(database, NOW)
    (mail,) = claim(database, NOW)
    ahead, tried = NOW + DAY, Tried("later", "rcpt", 451)
    database.write(lambda session: outbox.settle(session, mail, tried, "relay", ahead, ahead, EVEN))
    assert database.write(lambda session: righting.bring_back(session, NOW, EVEN)) == 1
    assert (only(database).queued_at, only(database).due_at) == (NOW, NOW)


def test_a_lease_from_the_future_of_a_worker_that_died_holds_nothing_up(database):
    queue(database, NOW)
    claim(database, NOW + DAY)
    assert database.write(lambda session: righting.recover(session, NOW, EVEN)) == 1
    assert only(database).state == "queued"


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_a_mail_taken_from_a_living_worker_by_a_jump_is_settled_by_what_the_relay_said(database, jump):
    queue(database, NOW)
    (mail,) = claim(database, NOW)
    database.write(lambda session: outbox.enter_data(session, [mail]))
    then = NOW + jump
    assert database.write(lambda session: righting.recover(session, then, EVEN)) == 1
    assert only(database).state == "uncertain"
    tried = Tried("accepted", "done", 250)
    assert database.write(lambda s: outbox.settle(s, mail, tried, "relay", then, then, EVEN)) == "accepted"
    assert (only(database).state, only(database).lease_token) == ("accepted", None)


def test_what_is_recorded_after_the_clock_was_set_back_is_sealed_at_once(database):
    log = Sealed(database)

    def record(at: datetime) -> None:
        database.write(lambda session: ledger.record(session, "note", at, {"which": str(at)}))
        sealing.seal(database, log.sealing, at)

    record(NOW + DAY)
    record(NOW)
    with database.read() as session:
        assert not session.exec(select(ledger.LedgerEvent.id).where(sealing.not_sealed())).all()


class Machine:
    """The two clocks of a machine."""

    def __init__(self) -> None:
        self.told, self.gone = NOW, 0.0
        self.clock = Clock(lambda: self.told, lambda: self.gone)

    def go_on(self, by: timedelta, jump: timedelta = timedelta()) -> bool:
        self.told += by + jump
        self.gone += by.total_seconds()
        return self.clock.is_steady()


def test_a_clock_that_jumped_is_not_believed_for_an_hour():
    machine = Machine()
    assert machine.go_on(3 * DAY) and machine.go_on(MINUTE, timedelta(seconds=30))
    assert not machine.go_on(MINUTE, jump=DAY)
    assert not machine.go_on(59 * MINUTE) and machine.go_on(MINUTE)
    assert not machine.go_on(MINUTE, jump=-DAY)


def test_a_jump_that_is_over_before_anybody_looked_leaves_no_doubt():
    machine = Machine()
    machine.told += DAY
    machine.told -= DAY
    assert machine.go_on(MINUTE)


def test_nothing_is_blanked_while_the_clock_is_not_believed(database, monkeypatch):
    def settled(session: Session) -> None:
        mail = outbox.queue(session, "note", "thing:1", "p@agency.example", "en", NOW, "p.example")
        mail.state, mail.settled_at, mail.raw = "accepted", NOW, b"words of a visitor"

    database.write(settled)
    machine = Machine()
    monkeypatch.setattr(work.db, "utcnow", lambda: machine.told)
    machine.go_on(29 * DAY + timedelta(hours=12))
    machine.go_on(MINUTE, jump=DAY)
    asyncio.run(work._retain(database, machine.clock))
    assert only(database).raw == b"words of a visitor"
    machine.go_on(timedelta(hours=13), jump=-DAY)
    asyncio.run(work._retain(database, machine.clock))
    machine.go_on(timedelta(hours=2))
    asyncio.run(work._retain(database, machine.clock))
    assert only(database).raw is None


def test_no_consent_expires_and_no_policy_takes_effect_while_the_clock_is_not_believed():
    machine = Machine()
    asked: list[datetime] = []
    job = work._if_steady(machine.clock, lambda session, now: asked.append(now))
    machine.go_on(MINUTE, jump=DAY)
    job(None, machine.told)
    machine.go_on(timedelta(hours=1))
    job(None, machine.told)
    assert asked == [NOW + MINUTE + DAY + timedelta(hours=1)]

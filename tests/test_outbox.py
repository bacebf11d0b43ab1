"""The outbox: claims, leases, fences, and what follows each outcome."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, update
from sqlmodel import Session, select

from portal.db import Database
from portal.ledger import LedgerEvent, payloads_of
from portal.mail import outbox, righting
from portal.mail.outbox import Mail, MailAttempt, MailIsUnderWay, Tried
from portal.mail.retrying import GIVE_UP, Circuit, Patience
from tests.cast import NOW

EVEN = Patience(chance=lambda: 0.5)  # the middle of the spread
MINUTE = timedelta(minutes=1)


def queue(database: Database, number: int = 1, now: datetime = NOW) -> None:
    def work(session: Session) -> None:
        for index in range(number):
            outbox.queue(
                session, "note", f"thing:{index}:{now}", f"p{index}@agency.example", "en", now, "portal.example"
            )

    database.write(work)


def claim(database: Database, now: datetime = NOW, limit: int = 1) -> list[Mail]:
    return database.write(lambda session: outbox.claim(session, now, limit))


def settle(database: Database, mail: Mail, tried: Tried, now: datetime = NOW, earlier: int | None = None) -> str | None:
    return database.write(lambda session: outbox.settle(session, mail, tried, "relay", now, now, EVEN, earlier))


def only(database: Database) -> Mail:
    with database.read() as session:
        return session.exec(select(Mail)).one()


def test_two_workers_never_hold_one_mail(database):
    queue(database, 60)

    def work(_: int) -> list[int | None]:
        held: list[int | None] = []
        while found := claim(database, limit=3):
            assert len(found) <= 3
            held += [mail.id for mail in found]
        return held

    with ThreadPoolExecutor(6) as workers:
        held = [number for numbers in workers.map(work, range(6)) for number in numbers]
    assert len(held) == len(set(held)) == 60


def test_a_mail_is_not_claimed_before_it_is_due(database):
    queue(database, now=NOW + MINUTE)
    assert claim(database) == []
    assert len(claim(database, NOW + MINUTE)) == 1


def test_a_recipients_temporary_failures_wait_longer_each_time_and_count_as_attempts(database):
    queue(database)
    now, waits = NOW, []
    for _ in range(8):
        (mail,) = claim(database, now)
        assert settle(database, mail, Tried("later", "rcpt", 451, "greylisted"), now) == "queued"
        waits.append((only(database).due_at - now) / MINUTE)
        now = only(database).due_at
    assert waits == [6, 9, 25, 50, 90, 180, 240, 240], "the second try falls on the quarter of an hour"
    assert only(database).attempts == 8


def test_the_relays_troubles_count_as_no_attempt_and_close_the_way_for_a_while():
    circuit, now, waits = Circuit(), NOW, []
    for _ in range(6):
        circuit.note("relay", EVEN, now)
        assert circuit.closed_until is not None and circuit.is_closed(now)
        waits.append((circuit.closed_until - now).total_seconds())
        now = circuit.closed_until
        assert not circuit.is_closed(now)
    assert waits == [15, 30, 60, 120, 300, 300]
    circuit.note("failed", EVEN, now)
    assert circuit.troubles == 6, "our own mistake says nothing about the relay"
    circuit.note("refused", EVEN, now)
    assert circuit.troubles == 0 and not circuit.is_closed(now)


def test_a_try_the_relay_was_to_blame_for_is_written_down_but_not_counted(database):
    queue(database)
    (mail,) = claim(database)
    assert settle(database, mail, Tried("relay", "connect", 421), earlier=1) == "queued"
    kept = only(database)
    assert (kept.attempts, kept.due_at) == (0, NOW + timedelta(seconds=30))
    with database.read() as session:
        assert session.exec(select(MailAttempt)).one().outcome == "relay"


@pytest.mark.parametrize(("outcome", "tries"), [("uncertain", 3), ("failed", 3)])
def test_three_uncertain_ends_or_three_mistakes_of_ours_park_a_mail(database, outcome, tries):
    queue(database)
    now = NOW
    for left in range(tries - 1, -1, -1):
        (mail,) = claim(database, now)
        state = settle(database, mail, Tried(outcome, "data"), now)
        assert (state == "parked") is (left == 0)
        now = only(database).due_at
    assert claim(database, now + GIVE_UP) == []


def test_after_five_days_a_mail_is_parked_instead_of_tried_for_ever(database):
    queue(database)
    (mail,) = claim(database)
    assert settle(database, mail, Tried("later", "rcpt", 451), NOW + GIVE_UP) == "parked"


def test_a_recipients_waits_are_spread_by_a_fifth_and_shrink_in_rehearsals():
    assert Patience(chance=lambda: 0.0).wait("later", 0) == 6 * MINUTE * 0.8
    assert Patience(0.01, lambda: 1.0).wait("later", 0) == 6 * MINUTE * 1.2 * 0.01


def test_a_worker_that_lost_its_lease_overwrites_nothing_but_leaves_its_evidence(database):
    queue(database)
    (stale,) = claim(database)
    later = NOW + outbox.LEASE + timedelta(seconds=1)
    assert database.write(lambda session: righting.recover(session, later, EVEN)) == 1
    (mail,) = claim(database, later)
    assert settle(database, stale, Tried("accepted", "done", 250), later) is None
    assert not database.write(lambda session: outbox.freeze(session, stale, b"stale"))
    assert not database.write(lambda session: outbox.enter_data(session, [stale]))
    assert not database.write(lambda session: outbox.renew(session, [stale], later + outbox.LEASE))
    assert not database.write(lambda session: outbox.release(session, [stale], NOW))
    kept = only(database)
    assert (kept.state, kept.lease_token, kept.raw) == ("sending", mail.lease_token, None)
    with database.read() as session:
        assert [attempt.outcome for attempt in session.exec(select(MailAttempt))] == ["accepted"]


def test_a_renewed_lease_is_not_taken_away(database):
    queue(database)
    (mail,) = claim(database)
    assert database.write(lambda session: outbox.renew(session, [mail], NOW + 2 * outbox.LEASE))
    later = NOW + outbox.LEASE + timedelta(seconds=1)
    assert database.write(lambda session: righting.recover(session, later, EVEN)) == 0


def test_a_worker_that_died_before_the_text_leaves_a_mail_that_is_due_at_once(database):
    queue(database)
    claim(database)
    later = NOW + outbox.LEASE + timedelta(seconds=1)
    database.write(lambda session: righting.recover(session, later, EVEN))
    assert only(database).state == "queued"
    assert len(claim(database, later)) == 1


def test_a_worker_that_died_while_handing_over_leaves_an_uncertain_mail(database):
    queue(database)
    (mail,) = claim(database)
    assert database.write(lambda session: outbox.enter_data(session, [mail]))
    later = NOW + outbox.LEASE + timedelta(seconds=1)
    database.write(lambda session: righting.recover(session, later, EVEN))
    kept = only(database)
    assert (kept.state, kept.due_at, kept.attempts) == ("uncertain", later + 15 * MINUTE, 1)


def test_only_a_mail_that_waits_or_is_parked_can_be_cancelled_and_the_ledger_says_why(database):
    queue(database, 2)
    (held,) = claim(database)
    with pytest.raises(MailIsUnderWay):
        database.write(lambda session: outbox.cancel(session, session.get_one(Mail, held.id), "ops", "test", NOW))
    waiting = 2 if held.id == 1 else 1
    database.write(lambda session: outbox.cancel(session, session.get_one(Mail, waiting), "ops", "asked to", NOW))
    with database.read() as session:
        assert session.get_one(Mail, waiting).state == "cancelled"
        event = session.exec(select(LedgerEvent)).one()
        assert event.type == "mail_cancelled"
        assert b"asked to" in payloads_of(session, event.id)[0].payload


def test_a_mail_sent_anew_is_another_mail_and_stands_for_the_parked_one(database):
    queue(database)
    (mail,) = claim(database)
    with pytest.raises(MailIsUnderWay):
        database.write(lambda session: outbox.resend(session, session.get_one(Mail, mail.id), "ops", "x", NOW, "d"))
    assert settle(database, mail, Tried("later", "rcpt", 450), NOW + GIVE_UP) == "parked"

    def resend(session: Session) -> Mail:
        return outbox.resend(session, session.get_one(Mail, mail.id), "ops", "mended", NOW, "portal.example")

    made = database.write(resend)
    assert (made.generation, made.state, made.recipient) == (2, "queued", mail.recipient)
    assert made.message_id != mail.message_id
    with database.read() as session:
        assert session.get_one(Mail, mail.id).state == "cancelled"
        assert outbox.counts(session)["queued"] == 1
        assert outbox.oldest_waiting(session) == NOW
        assert set(session.exec(select(LedgerEvent.type))) == {"mail_parked", "mail_resent", "mail_cancelled"}


def test_of_operators_who_send_one_mail_anew_at_once_one_does_and_the_others_are_told(database):
    queue(database, 8)
    database.write(lambda session: [setattr(mail, "state", "refused") for mail in session.exec(select(Mail))])
    database.write(lambda session: setattr(session.get_one(Mail, 1), "state", "parked"))
    with database.read() as session:
        old = list(session.exec(select(Mail.id)))

    def resend(number: int | None) -> int | None:
        try:
            return database.write(
                lambda session: outbox.resend(session, session.get_one(Mail, number), "ops", "x", NOW, "d").id
            )
        except MailIsUnderWay:
            return None

    with ThreadPoolExecutor(4) as operators:
        for number in old:
            made = [done for done in operators.map(resend, [number] * 4) if done is not None]
            assert len(made) == 1
    with database.read() as session:
        mails = session.exec(select(Mail)).all()
    assert sorted(mail.generation for mail in mails) == [1] * 8 + [2] * 8
    assert [mail.id for mail in mails if mail.state == "cancelled"] == [1]


def test_an_older_mail_is_not_sent_anew_beside_the_one_that_goes_in_its_place(database):
    queue(database)
    database.write(lambda session: setattr(session.exec(select(Mail)).one(), "state", "refused"))

    def resend(session: Session) -> Mail:
        return outbox.resend(session, session.get_one(Mail, 1), "ops", "x", NOW, "d")

    made = database.write(resend)
    with pytest.raises(MailIsUnderWay, match=f"mail {made.id} is queued: it already goes in place of mail 1"):
        database.write(resend)
    database.write(lambda session: setattr(session.get_one(Mail, made.id), "state", "refused"))
    assert database.write(resend).generation == 3


def test_a_report_that_moves_a_mail_while_it_is_sent_anew_is_not_overwritten(database):
    queue(database)
    database.write(lambda session: setattr(session.exec(select(Mail)).one(), "state", "parked"))

    def resend(session: Session) -> None:
        stale = session.get_one(Mail, 1)
        delivered = update(Mail).values(state="delivered").execution_options(synchronize_session=False)
        session.execute(delivered)
        assert stale.state == "parked"
        outbox.resend(session, stale, "ops", "x", NOW, "d")

    database.write(resend)
    with database.read() as session:
        assert session.get_one(Mail, 1).state == "delivered"


@pytest.mark.parametrize("newest", [False, True])
def test_a_claim_finds_its_mail_by_the_index_and_sorts_nothing(database, newest):
    queue(database, 3)
    statements: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        statements.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    assert len(database.write(lambda session: outbox.claim(session, NOW, newest=newest))) == 1
    event.remove(database.engine, "before_cursor_execute", note)
    ((claiming, parameters),) = [found for found in statements if "SET state" in found[0]]
    with database.read() as session:
        connection = session.connection()
        if not database.is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # which is quicker for three rows
        explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
        plan = str(connection.exec_driver_sql(f"{explain} {claiming}", parameters).all())
    assert "ix_mail_due" in plan and "ORDER BY" not in plan and "Sort" not in plan

"""From a backlog a lane takes several mails at once: none waits for another, is lost, or is sent without its lease."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from portal.db import Database
from portal.mail import delivery, outbox, righting
from portal.mail.claiming import BUNDLE
from portal.mail.composing import Letterhead
from portal.mail.delivery import Attempt, Delivery, Kind, Way
from portal.mail.mails import Mail, MailAttempt, MailEvent, Tried
from portal.mail.retrying import Circuit, Patience
from portal.mail.settling import Settling
from portal.mail.smtp import RelayLine
from tests.cast import NOW, SIGNER
from tests.smtp import HANG, PostOffice, Scripted
from tests.test_delivery import Clock, note
from tests.test_mail_behaviours import queue

LETTERHEAD = Letterhead("leads@portal.example", "https://portal.example", SIGNER, "bounces@portal.example")


def lane(
    database: Database, relay: str, clock: Clock | None = None, seconds: float = 30, **kinds: Kind
) -> Delivery:  # fmt: skip
    line = RelayLine(relay, "portal.example", data_seconds=seconds, command_seconds=seconds)
    made = kinds or {"note": Kind(note)}
    return Delivery(
        database, [Way(line, Circuit())], made, LETTERHEAD, Patience(), clock or Clock(), asyncio.Event()
    )  # fmt: skip


async def deliver(made: Delivery) -> int:
    try:
        return await made.deliver_due()
    finally:
        await made.close()


def states(database: Database) -> Counter[str]:
    with database.read() as session:
        return Counter(mail.state for mail in session.exec(select(Mail)))


def attempts(database: Database) -> Counter[str]:
    with database.read() as session:
        return Counter(attempt.outcome for attempt in session.exec(select(MailAttempt)))


def test_a_backlog_goes_in_bundles_each_mail_once_with_every_step_written_down(database):
    queue(database, 2 * BUNDLE + 3)
    with PostOffice() as post:
        assert asyncio.run(deliver(lane(database, post.relay))) == 2 * BUNDLE + 3
        assert len(post.raws) == len(set(post.raws)) == 2 * BUNDLE + 3 and post.connections == 1
    assert states(database) == {"accepted": 2 * BUNDLE + 3} and attempts(database) == {"accepted": 2 * BUNDLE + 3}
    with database.read() as session:
        steps = Counter(step.state for step in session.exec(select(MailEvent)))
    assert steps == {"sending": 2 * BUNDLE + 3, "accepted": 2 * BUNDLE + 3}


def test_where_the_relay_ends_in_the_midst_the_rest_is_given_back_untried(database):
    queue(database, BUNDLE)
    with Scripted({}, enough=3) as server:
        original = server._answer

        async def closing(step, reader, writer):
            if step == "greeting" and len(server.raws) >= 3:
                return False
            return await original(step, reader, writer)

        server._answer = closing
        asyncio.run(deliver(lane(database, server.relay)))
    assert states(database) == {"accepted": 3, "queued": BUNDLE - 3}
    assert attempts(database) == {"accepted": 3, "relay": 1}
    with database.read() as session:
        left = session.exec(select(Mail).where(Mail.state == "queued")).all()
    assert {(mail.attempts, mail.lease_token) for mail in left} == {(0, None)}


def test_a_slow_mail_holds_up_no_other_of_its_bundle(database, monkeypatch):
    monkeypatch.setattr(delivery, "SLOW_SECONDS", 0.05)
    queue(database, BUNDLE)
    slow = [True]
    with Scripted({}) as server:
        original = server._answer

        async def hanging(step, reader, writer):
            if step == "RCPT" and slow:
                slow.clear()
                server.script["RCPT"] = HANG
                task = asyncio.ensure_future(original(step, reader, writer))
                await asyncio.sleep(0)
                server.script.pop("RCPT")
                return await task
            return await original(step, reader, writer)

        server._answer = hanging

        async def both() -> None:
            first = asyncio.create_task(deliver(lane(database, server.relay, seconds=5)))
            while states(database) != {"sending": 1, "queued": BUNDLE - 1}:
                await asyncio.sleep(0)
            assert await deliver(lane(database, server.relay)) == BUNDLE - 1
            assert states(database) == {"accepted": BUNDLE - 1, "sending": 1}
            await first

        asyncio.run(both())


def test_one_that_is_refused_and_one_that_cannot_be_written_hold_up_no_other(database):
    def broken(session: Session, mail: Mail, letterhead: Letterhead):
        if mail.recipient == "p2@agency.example":
            raise KeyError("words")
        return note(session, mail, letterhead)

    queue(database, BUNDLE)
    with PostOffice(at_rcpt=lambda box: "550 5.1.1 no such user" if box == "p4@agency.example" else None) as post:
        asyncio.run(deliver(lane(database, post.relay, note=Kind(broken))))
    assert attempts(database) == {"accepted": BUNDLE - 2, "failed": 1, "refused": 1}
    assert states(database) == {"accepted": BUNDLE - 2, "queued": 1, "refused": 1}


def test_what_cannot_be_settled_together_is_settled_alone(capsys):
    sizes, told = [], []

    def accept(session: Session, batch: list[Attempt]) -> list[str | None]:
        sizes.append(len(batch))
        if len(batch) > 1:
            raise ZeroDivisionError
        return ["accepted"]

    async def insist(work):
        return work(None)

    async def settle() -> None:
        settling = Settling(
            insist,
            accept,
            lambda attempt, state: told.append((attempt.mail.id, state)),
            lambda attempt: attempt.mail.id,
        )
        written = []
        for number in (3, 1, 2):
            mail = Mail(id=number, kind="note", about="thing:1", recipient="x@agency.example", locale="en",
                        message_id="<x>", queued_at=NOW, due_at=NOW)  # fmt: skip
            written.append(settling.take(Attempt(mail, Tried("accepted", "done", 250), None, NOW, True, 0)))
        await asyncio.gather(*written)

    asyncio.run(settle())
    assert sizes == [3, 1, 1, 1] and told == [(1, "accepted"), (2, "accepted"), (3, "accepted")]


def test_a_worker_that_was_stopped_sends_nothing_of_a_bundle_that_it_lost(database):
    queue(database, 6)
    clock, sent = Clock(), []

    def stopped(raw: bytes) -> None:
        sent.append(raw)
        if len(sent) == 1:  # the worker sleeps for an hour; another takes its mails back and sends them
            clock.now = NOW + timedelta(hours=1)
            database.write(lambda session: righting.recover(session, clock.now, Patience()))

    with PostOffice(at_data=stopped) as post:
        asyncio.run(deliver(lane(database, post.relay, clock)))
    assert len(sent) == 1, "what it no longer holds it does not send"
    assert states(database) == {"accepted": 1, "uncertain": 5}, "the relay's 250 is believed all the same"


def test_a_worker_that_is_told_to_end_gives_back_what_it_has_not_sent(database):
    queue(database, BUNDLE)
    with PostOffice() as post:
        made = lane(database, post.relay)
        post.at_data = lambda raw: made.stop.set()
        asyncio.run(deliver(made))
    assert states(database) == {"accepted": 1, "queued": BUNDLE - 1}


def test_a_worker_that_dies_leaves_its_bundle_uncertain_and_nothing_is_lost(database):
    queue(database, 6)
    with PostOffice() as post:
        made = lane(database, post.relay)
        (first, *rest) = database.write(lambda session: outbox.claim_both_ends(session, NOW, BUNDLE, made.lease))
        made._ready([first, *rest])  # and here it dies
        later = NOW + timedelta(hours=1)
        database.write(lambda session: righting.recover(session, later, Patience()))
        assert states(database) == {"uncertain": 6} and not post.raws
        asyncio.run(deliver(lane(database, post.relay, Clock(later + timedelta(minutes=15)))))
        assert len(post.raws) == 6
    assert states(database) == {"accepted": 6}


@pytest.mark.parametrize("due", [1, 2, 9, 10, 11])
def test_both_ends_of_a_backlog_are_claimed_in_turn_and_none_twice(database, due):
    for minute in range(due):
        queue(database, now=NOW + timedelta(minutes=minute))
    now = NOW + timedelta(hours=1)
    claimed = database.write(lambda session: outbox.claim_both_ends(session, now, BUNDLE))
    ages = [(mail.due_at - NOW) // timedelta(minutes=1) for mail in claimed]
    taken = min(due, BUNDLE)
    oldest, newest = range((taken + 1) // 2), range(due - 1, due - 1 - taken // 2, -1)
    if due < BUNDLE:  # the oldest half may be all there is
        assert sorted(ages) == list(range(due))
    else:
        assert ages[0::2] == list(oldest) and ages[1::2] == list(newest)
    assert len(set(ages)) == taken


def test_of_two_mails_about_one_thing_a_bundle_has_one(database):
    def work(session: Session) -> None:
        for role in ("primary", "second"):
            outbox.queue(session, "note", "thing:1", f"{role}@agency.example", "en", NOW, "portal.example", role)
        outbox.queue(session, "note", "thing:2", "x@agency.example", "en", NOW, "portal.example")

    database.write(work)
    claimed = database.write(lambda session: outbox.claim_both_ends(session, NOW, BUNDLE))
    assert sorted(mail.about for mail in claimed) == ["thing:1", "thing:2"]
    assert states(database) == {"sending": 2, "queued": 1}

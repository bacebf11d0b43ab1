"""Each behaviour of a relay: the state it leads to, when the mail is due again, who is to blame, and who is told."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlmodel import Session, select

from portal import alerts
from portal.db import Database
from portal.mail import causes, outbox
from portal.mail.composing import Letterhead
from portal.mail.delivery import Delivery, Kind, Way
from portal.mail.mails import Mail, MailAttempt, MailEvent
from portal.mail.retrying import Circuit, Patience
from portal.mail.smtp import Line, RelayLine
from tests.behaviours import BEHAVIOURS, Behaviour
from tests.cast import NOW, SIGNER
from tests.smtp import PostOffice, Scripted, no_relay, read
from tests.test_delivery import Clock, note

LETTERHEAD = Letterhead("leads@portal.example", "https://portal.example", SIGNER, "bounces@portal.example")
EVEN = Patience(chance=lambda: 0.5)
MINUTE = timedelta(minutes=1)


def line_to(relay: str) -> Line:
    return RelayLine(relay, "portal.example", data_seconds=0.3, command_seconds=0.3)


def lane(database: Database, clock: Clock, *relays: str, kinds: dict[str, Kind] | None = None) -> Delivery:
    ways = [Way(line_to(relay), Circuit()) for relay in relays]
    return Delivery(database, ways, kinds or {"note": Kind(note)}, LETTERHEAD, EVEN, clock, asyncio.Event())


@pytest.fixture(autouse=True)
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One event loop a test, as in a worker: a lane and its lines belong to one."""
    with asyncio.Runner() as runner:
        monkeypatch.setattr(asyncio, "run", runner.run)
        yield


def deliver(made: Delivery) -> int:
    async def work() -> int:
        tried = await made.deliver_due()
        await made.close()
        return tried

    return asyncio.run(work())


def queue(database: Database, number: int = 1, now=NOW) -> None:
    def work(session: Session) -> None:
        for place in range(number):
            about = f"thing:{now:%H%M}{place}"
            outbox.queue(session, "note", about, f"p{place}@agency.example", "en", now, "portal.example")

    database.write(work)


def only(database: Database) -> Mail:
    with database.read() as session:
        return session.exec(select(Mail)).one()


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.name)
def test_a_behaviour_of_a_relay_has_its_state_due_time_blame_and_alert(database: Database, behaviour: Behaviour):
    queue(database)
    with behaviour.relay() as server:
        assert deliver(lane(database, Clock(), server.relay.replace("smtp://", f"{behaviour.scheme}://"))) == 1
    mail = only(database)
    with database.read() as session:
        (tried,) = session.exec(select(MailAttempt))
    assert (mail.state, tried.outcome, tried.phase) == (behaviour.state, behaviour.outcome, behaviour.phase)
    assert causes.BLAME[tried.outcome] == behaviour.blame
    waits = behaviour.due * MINUTE if behaviour.due is not None else timedelta()
    # Where the circuit is closed the mail waits with it; else it is due by itself.
    assert mail.due_at == NOW + waits
    told = database.write(lambda session: alerts.look_at_relays(session, NOW))
    assert (told is not None and told.level > 0) == behaviour.alerts
    assert database.write(lambda session: alerts.look(session, NOW)) is None, "it has waited for no time"


def test_there_are_more_than_twenty_behaviours_and_each_has_its_name():
    assert len({behaviour.name for behaviour in BEHAVIOURS}) == len(BEHAVIOURS) >= 24


def test_every_step_of_a_mail_is_written_down(database):
    queue(database)
    with Scripted({"RCPT": "450 4.7.1 greylisted"}) as server:
        deliver(lane(database, Clock(), server.relay))
    with PostOffice() as post:
        deliver(lane(database, Clock(NOW + 6 * MINUTE), post.relay))
    with database.read() as session:
        steps = [(step.state, step.at, step.source) for step in session.exec(select(MailEvent).order_by(MailEvent.id))]
    then = NOW + 6 * MINUTE
    assert [(state, at) for state, at, _ in steps] == [
        ("sending", NOW), ("queued", NOW), ("sending", then), ("accepted", then),
    ]  # fmt: skip
    assert {source for *_, source in steps} == {"worker"}


# Two relays


def test_where_the_first_relay_is_in_trouble_the_second_has_the_mail_at_once(database):
    queue(database, 3)
    with PostOffice() as post:
        made = lane(database, Clock(), no_relay(), post.relay)
        assert deliver(made) == 3
    first, second = made.ways
    assert first.circuit.is_closed(NOW) and not second.circuit.is_closed(NOW)
    with database.read() as session:
        outcomes = Counter(attempt.outcome for attempt in session.exec(select(MailAttempt)))
        assert {(mail.state, mail.attempts) for mail in session.exec(select(Mail))} == {("accepted", 1)}
    assert outcomes == {"relay": 1, "accepted": 3}, "while its circuit is closed the first is not asked"


def test_the_first_relay_is_asked_again_when_its_circuit_opens(database):
    queue(database)
    clock = Clock()
    with PostOffice() as first, PostOffice() as second:
        made = lane(database, clock, first.relay, second.relay)
        made.ways[0].circuit.note("relay", EVEN, NOW)
        deliver(made)
        clock.now = NOW + MINUTE
        queue(database, now=clock.now)
        deliver(made)
        assert (len(first.raws), len(second.raws)) == (1, 1)


def test_where_both_relays_are_away_nothing_is_claimed_until_one_may_be_asked(database):
    queue(database, 3)
    made = lane(database, Clock(), no_relay(), no_relay())
    assert deliver(made) == 1 and deliver(made) == 0
    with database.read() as session:
        assert {mail.state for mail in session.exec(select(Mail))} == {"queued"}
        assert len(session.exec(select(MailAttempt)).all()) == 2


def test_what_one_relays_filter_refused_goes_by_the_other_an_hour_later(database):
    queue(database)
    clock = Clock()
    with Scripted({"dot": "554 5.7.1 spam"}) as first, PostOffice() as second:
        made = lane(database, clock, first.relay, second.relay)
        deliver(made)
        assert (only(database).state, len(second.raws)) == ("queued", 0)
        clock.now = NOW + 60 * MINUTE
        deliver(made)
        assert only(database).state == "accepted" and len(second.raws) == 1


def test_without_an_answer_after_the_text_no_other_relay_gets_it_at_once(database):
    queue(database)
    with Scripted({"dot": "hello?"}) as first, PostOffice() as second:
        deliver(lane(database, Clock(), first.relay, second.relay))
        assert only(database).state == "uncertain" and not second.raws


def test_a_relay_that_refuses_us_is_told_at_once_and_once_and_so_is_the_end(database):
    queue(database, 2)
    clock = Clock()
    with Scripted({"MAIL": "550 not you"}) as server:
        made = lane(database, clock, server.relay)
        deliver(made)
        look = lambda: database.write(lambda session: alerts.look_at_relays(session, clock.now))  # noqa: E731
        told = look()
        assert told is not None and (told.kind, told.level) == ("relay_refuses", 1)
        assert look() is None
        server.script.clear()
        clock.now = NOW + MINUTE
        deliver(made)
        over = look()
        assert over is not None and over.level == 0


# What the relay is told of each mail


def test_each_mail_has_an_envelope_of_its_own_and_asks_for_reports_where_the_relay_has_them(database):
    queue(database, 2)
    with Scripted({"EHLO": "250-hello\r\n250 DSN"}) as server:
        deliver(lane(database, Clock(), server.relay, kinds={"note": Kind(note, wants_success=True)}))
    senders = [line for line in server.heard if line.startswith("MAIL")]
    assert len(set(senders)) == 2
    number = only_number(senders[0])
    assert senders[0].startswith(f"MAIL FROM:<bounces+{number}") and f"RET=HDRS ENVID={number}" in senders[0]
    (recipient, _) = [line for line in server.heard if line.startswith("RCPT")]
    assert recipient.endswith("NOTIFY=FAILURE,DELAY,SUCCESS ORCPT=rfc822;p0@agency.example")
    assert all(str(read(raw)["From"]) == "ImmoMarket <leads@portal.example>" for raw in server.raws)


def only_number(line: str) -> str:
    return line.partition("+")[2].partition("@")[0]


def test_a_relay_that_knows_no_reports_is_asked_for_none(database):
    queue(database)
    with Scripted() as server:
        deliver(lane(database, Clock(), server.relay))
    assert not [line for line in server.heard if "ENVID" in line or "NOTIFY" in line]


def test_success_is_asked_for_where_wanted_or_where_the_last_try_may_have_got_through(database):
    queue(database)
    clock = Clock()
    with Scripted({"EHLO": "250-hello\r\n250 DSN", "dot": "hello?"}) as server:
        made = lane(database, clock, server.relay)
        deliver(made)
        clock.now = NOW + 15 * MINUTE
        deliver(made)
    asked = [line.partition("NOTIFY=")[2].split()[0] for line in server.heard if line.startswith("RCPT")]
    assert asked == ["FAILURE,DELAY", "FAILURE,DELAY,SUCCESS"]


# Fairness


def test_a_backlog_holds_up_nothing_new_and_what_is_new_holds_up_no_backlog(database):
    for hour in range(20):
        queue(database, now=NOW + hour * MINUTE)
    with PostOffice() as post:
        deliver(lane(database, Clock(NOW + 60 * MINUTE), post.relay))
    order = [str(mail["Subject"]) for mail in post.mails]
    oldest, newest = order[0::2], order[1::2]
    assert oldest == sorted(oldest) and newest == sorted(newest, reverse=True)
    assert all(old < new for old, new in zip(oldest, newest, strict=True)) and list(pairwise(order))

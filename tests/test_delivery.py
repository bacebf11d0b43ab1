"""Delivery to real SMTP servers: what each answer makes of a mail, and that its bytes never change."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from portal.db import Database
from portal.mail import delivery as delivering
from portal.mail import outbox, righting, smtp
from portal.mail.composing import Letter, Letterhead
from portal.mail.delivery import Delivery, Kind, Way
from portal.mail.mails import Mail, MailAttempt
from portal.mail.retrying import TROUBLES, Circuit, Patience
from portal.mail.smtp import CaptureRefused, Envelope, RelayLine, lines_to
from portal.settings import Settings
from portal.signing import Signer
from tests.cast import NOW
from tests.smtp import DROP, HANG, PostOffice, Scripted, no_relay, read, text

LETTERHEAD = Letterhead("leads@portal.example", "https://portal.example", Signer("k" * 40), "bounces@portal.example")
EVEN = Patience(chance=lambda: 0.5)


def note(session: Session, mail: Mail, letterhead: Letterhead) -> Letter:
    return Letter(f"About {mail.about}", "Ein Gruß\n.\n..\nFrom here", "<p>Ein Gruß</p>")


def broken(session: Session, mail: Mail, letterhead: Letterhead) -> Letter:
    raise KeyError("secret words of a visitor")


@dataclass
class Clock:
    """The time, as the test says."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


def delivery(database: Database, relay: str, clock: Clock, kinds: dict[str, Kind] | None = None) -> Delivery:
    ways = [Way(RelayLine(relay, "portal.example", data_seconds=0.3), Circuit())]
    kinds = kinds or {"note": Kind(note), "broken": Kind(broken)}
    return Delivery(database, ways, kinds, LETTERHEAD, EVEN, clock, asyncio.Event())


def deliver(database: Database, relay: str, now: datetime = NOW, kinds: dict[str, Kind] | None = None) -> int:
    async def work() -> int:
        lane = delivery(database, relay, Clock(now), kinds)
        tried = await lane.deliver_due()
        await lane.close()
        return tried

    return asyncio.run(work())


def queue(database: Database, *recipients: str, kind: str = "note") -> None:
    def work(session: Session) -> None:
        for recipient in recipients:
            outbox.queue(session, kind, f"thing:{recipient}", recipient, "en", NOW, "portal.example")

    database.write(work)


def only(database: Database) -> Mail:
    with database.read() as session:
        return session.exec(select(Mail)).one()


def outcomes(database: Database) -> list[tuple[str, str, int | None]]:
    with database.read() as session:
        return [(row.outcome, row.phase, row.code) for row in session.exec(select(MailAttempt))]


def test_a_due_mail_reaches_a_real_server_and_is_settled(database):
    queue(database, "elena@agency.example")
    with PostOffice() as post:
        assert deliver(database, post.relay) == 1
    (mail,) = post.mails
    kept = only(database)
    assert mail["To"] == "elena@agency.example" and mail["Message-ID"] == kept.message_id
    assert text(mail) == "Ein Gruß\n.\n..\nFrom here\n"
    assert (kept.state, kept.last_code, kept.accepted_at, kept.lease_token) == ("accepted", 250, NOW, None)
    assert outcomes(database) == [("accepted", "done", 250)]


def test_several_mails_go_over_one_connection(database):
    queue(database, *(f"p{number}@agency.example" for number in range(5)))
    with PostOffice() as post:
        assert deliver(database, post.relay) == 5
    assert post.connections == 1 and len(post.raws) == 5


def test_a_temporary_refusal_of_the_recipient_is_tried_again_later_with_the_same_bytes(database):
    queue(database, "elena@agency.example")
    said = ["451 4.7.1 greylisted", None]
    with PostOffice(at_data=lambda raw: (seen.append(raw), said.pop(0))[1]) as post:
        seen: list[bytes] = []
        deliver(database, post.relay)
        frozen = only(database)
        assert (frozen.state, frozen.due_at, frozen.attempts) == ("queued", NOW + timedelta(minutes=6), 1)
        assert deliver(database, post.relay, NOW + timedelta(minutes=5)) == 0
        deliver(database, post.relay, NOW + timedelta(minutes=6))
    assert only(database).state == "accepted"
    assert seen[0] == seen[1] and hashlib.sha256(frozen.raw or b"").hexdigest() == frozen.raw_sha256
    assert only(database).raw == frozen.raw


@pytest.mark.parametrize(
    ("script", "state", "tried"),
    [
        ({"RCPT": "451 greylisted"}, "queued", ("later", "rcpt", 451)),
        ({"RCPT": "550 no such user"}, "refused", ("refused", "rcpt", 550)),
        ({"RCPT": "421 busy"}, "queued", ("relay", "rcpt", 421)),
        ({"RCPT": DROP}, "queued", ("relay", "rcpt", None)),
        ({"greeting": "554 go away"}, "queued", ("setup", "connect", 554)),
        ({"greeting": DROP}, "queued", ("relay", "connect", None)),
        ({"EHLO": "500 what", "HELO": "500 what"}, "queued", ("setup", "connect", 500)),
        ({"MAIL": "550 not you"}, "queued", ("setup", "mail", 550)),
        ({"MAIL": DROP}, "queued", ("relay", "mail", None)),
        ({"DATA": "451 not now"}, "queued", ("later", "data", 451)),
        ({"RCPT": "550 5.7.1 blocked"}, "queued", ("policy", "rcpt", 550)),
        ({"RCPT": "452 4.2.2 over quota"}, "queued", ("full", "rcpt", 452)),
        ({"dot": "452 full"}, "queued", ("full", "data", 452)),
        ({"dot": "552 5.3.4 too big"}, "parked", ("size", "data", 552)),
        ({"dot": "550 5.1.1 no such user"}, "refused", ("refused", "data", 550)),
        ({"dot": "421 closing"}, "queued", ("relay", "data", 421)),
        ({"dot": "554 spam"}, "queued", ("policy", "data", 554)),
        ({"dot": DROP}, "uncertain", ("uncertain", "data", None)),
        ({"dot": HANG}, "uncertain", ("uncertain", "data", None)),
        ({"dot": "hello?"}, "uncertain", ("uncertain", "data", None)),
    ],
)  # fmt: skip
def test_each_answer_of_a_relay_leads_to_its_state(database, script, state, tried):
    queue(database, "elena@agency.example")
    with Scripted(script) as relay:
        deliver(database, relay.relay)
    assert only(database).state == state
    ((outcome, phase, code),) = outcomes(database)
    assert (outcome, phase) == tried[:2]
    assert code == tried[2] or (tried[2] is None and code in (None, -1))
    assert only(database).attempts == (0 if outcome in TROUBLES else 1)


def test_a_mail_that_a_filter_refuses_goes_once_more_and_then_before_a_person(database):
    queue(database, "elena@agency.example")
    with Scripted({"dot": "554 5.7.1 spam"}) as relay:
        deliver(database, relay.relay)
        assert only(database).due_at == NOW + timedelta(hours=1)
        deliver(database, relay.relay, NOW + timedelta(hours=1))
    kept = only(database)
    assert (kept.state, kept.last_code, kept.last_enhanced) == ("parked", 554, "5.7.1")


def test_a_full_mailbox_is_tried_again_after_four_hours(database):
    queue(database, "elena@agency.example")
    with Scripted({"RCPT": "452 4.2.2 over quota"}) as relay:
        deliver(database, relay.relay)
    assert only(database).due_at == NOW + timedelta(hours=4)


def test_the_name_the_relay_gave_a_mail_is_kept(database):
    queue(database, "elena@agency.example")
    with Scripted({"dot": "250 2.0.0 Ok: queued as 4ZxK2d1Jq7z9"}) as relay:
        deliver(database, relay.relay)
    kept = only(database)
    assert (kept.state, kept.relay_queue_id, kept.last_enhanced) == ("accepted", "4ZxK2d1Jq7z9", "2.0.0")


def test_without_an_answer_after_the_final_dot_the_same_bytes_go_again_three_times_then_it_is_parked(database):
    queue(database, "elena@agency.example")
    with Scripted({"dot": DROP}) as relay:
        for quarter in range(3):
            deliver(database, relay.relay, NOW + timedelta(minutes=15 * quarter))
    assert only(database).state == "parked"
    assert len(relay.raws) == 3 and len(set(relay.raws)) == 1


def test_a_relay_that_is_down_delays_every_mail_and_loses_none(database):
    queue(database, *(f"p{number}@agency.example" for number in range(12)))
    clock, dead = Clock(), no_relay()

    async def outage_then_return(relay: str) -> None:
        lane = delivery(database, dead, clock)
        for _ in range(6):
            await lane.deliver_due()
            (way,) = lane.ways
            assert way.circuit.closed_until is not None
            clock.now = way.circuit.closed_until
        lane.ways = [Way(RelayLine(relay, "portal.example"), way.circuit)]
        assert await lane.deliver_due() == 12
        await lane.close()

    with PostOffice() as post:
        asyncio.run(outage_then_return(post.relay))
    assert len(post.raws) == 12
    with database.read() as session:
        assert {(mail.state, mail.attempts) for mail in session.exec(select(Mail))} == {("accepted", 1)}
    assert [outcome for outcome, _, _ in outcomes(database)].count("relay") == 6


def test_a_kept_connection_the_relay_closed_costs_nothing(database):
    async def work(post: PostOffice) -> None:
        lane = delivery(database, post.relay, Clock())
        queue(database, "first@agency.example")
        assert await lane.deliver_due() == 1
        post._loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(post._loop)])
        queue(database, "second@agency.example")
        assert await lane.deliver_due() == 1
        await lane.close()

    with PostOffice() as post:
        asyncio.run(work(post))
    assert post.connections == 2
    assert [outcome for outcome, _, _ in outcomes(database)] == ["accepted", "accepted"]


def test_a_letter_that_cannot_be_written_holds_up_no_other_and_is_parked(database, capsys):
    queue(database, "poison@agency.example", kind="broken")
    queue(database, "elena@agency.example")
    with PostOffice() as post:
        assert deliver(database, post.relay) == 2
        deliver(database, post.relay, NOW + timedelta(minutes=1))
        deliver(database, post.relay, NOW + timedelta(minutes=6))
    assert len(post.raws) == 1
    with database.read() as session:
        states = {mail.recipient: mail.state for mail in session.exec(select(Mail))}
    assert states == {"poison@agency.example": "parked", "elena@agency.example": "accepted"}
    assert "secret words" not in capsys.readouterr().err


def test_of_two_workers_each_mail_is_sent_by_one(database):
    queue(database, *(f"p{number}@agency.example" for number in range(30)))
    with PostOffice() as post, ThreadPoolExecutor(2) as workers:
        sent = list(workers.map(lambda _: deliver(database, post.relay), range(2)))
    assert sum(sent) == 30
    assert len({mail["Message-ID"] for mail in post.mails}) == len(post.raws) == 30


def test_the_acceptance_is_told_in_the_transaction_that_settles_it(database):
    told: list[str] = []

    def accepted(session: Session, mails: Sequence[Mail], now: datetime) -> None:
        for mail in mails:
            assert session.get_one(Mail, mail.id).state == "accepted"
            told.append(mail.recipient)

    queue(database, "good@agency.example", "bad@agency.example")
    with PostOffice(at_rcpt=lambda address: "550 no" if address.startswith("bad") else None) as post:
        deliver(database, post.relay, kinds={"note": Kind(note, accepted=accepted)})
    assert told == ["good@agency.example"]


def test_a_worker_that_lost_its_lease_before_the_text_does_not_send_it(database):
    queue(database, "elena@agency.example")

    moments = [NOW + outbox.LEASE + timedelta(seconds=1)]

    def steal(address: str) -> None:
        if moments:
            later = moments.pop()
            database.write(lambda session: righting.recover(session, later, EVEN))

    with PostOffice(at_rcpt=steal) as post:
        assert deliver(database, post.relay) == 2
    assert len(post.raws) == 1, "once, after it was claimed anew"
    assert outcomes(database) == [("accepted", "done", 250)]


@pytest.mark.parametrize(
    ("step", "state"),
    [("EHLO", "queued"), ("MAIL", "queued"), ("RCPT", "queued"), ("DATA", "uncertain"), ("dot", "uncertain")],
)
def test_told_to_end_a_worker_gives_back_its_mail_before_the_text_and_waits_for_the_relay_after_it(
    database, step, state, monkeypatch
):
    monkeypatch.setattr(smtp, "QUIT_SECONDS", 0.1)  # the silent relay hears no farewell either
    queue(database, "elena@agency.example")

    async def work(relay: Scripted) -> None:
        lane = delivery(database, relay.relay, Clock())
        waiting = asyncio.create_task(lane.deliver_due())
        while not (relay.raws if step == "dot" else [line for line in relay.heard if line.startswith(step)]):
            await asyncio.sleep(0.005)
        lane.stop.set()
        assert await waiting == 1
        await lane.close()

    with Scripted({step: HANG}) as relay:
        asyncio.run(work(relay))
    assert (only(database).state, only(database).lease_token) == (state, None)
    assert [outcome for outcome, _, _ in outcomes(database)] == (["uncertain"] if state == "uncertain" else [])


def test_told_to_end_before_its_first_word_a_worker_claims_nothing(database):
    queue(database, "elena@agency.example")

    async def work(relay: str) -> None:
        lane = delivery(database, relay, Clock())
        lane.stop.set()
        assert await lane.deliver_due() == 0

    asyncio.run(work(no_relay()))
    assert (only(database).state, only(database).raw) == ("queued", None)


@dataclass
class Away:
    """A database that answers nothing from `begin` on, so many times."""

    database: Database
    times: int
    failed: int = 0

    def __call__(self, work: Callable[[Session], object]) -> object:
        if self.failed < self.times:
            self.failed += 1
            raise OperationalError("UPDATE mail", {}, Exception("gone away"))
        return Database.write(self.database, work)

    def begin(self, raw: object) -> None:
        self.database.write = self  # type: ignore[method-assign]


def test_what_the_relay_said_is_written_down_however_long_the_database_is_away(database, monkeypatch):
    monkeypatch.setattr(delivering, "SETTLE_PAUSES", (0, 0))
    queue(database, "elena@agency.example")
    away = Away(database, 50)
    with PostOffice(at_data=away.begin) as post:
        assert deliver(database, post.relay) == 1
    assert (only(database).state, len(post.raws), away.failed) == ("accepted", 1, 50)


def test_a_mail_whose_text_was_not_sent_because_the_database_went_away_is_given_back(database, monkeypatch):
    monkeypatch.setattr(delivering, "SETTLE_PAUSES", (0, 0))
    queue(database, "elena@agency.example")
    away = Away(database, 2)
    with PostOffice(at_rcpt=away.begin) as post:
        with pytest.raises(OperationalError):
            deliver(database, post.relay)
        assert (only(database).state, only(database).lease_token, post.raws) == ("queued", None, [])
        assert deliver(database, post.relay) == 1
    assert only(database).state == "accepted" and len(post.raws) == 1


def test_an_international_address_goes_to_a_relay_that_takes_it_and_is_refused_by_one_that_does_not(database):
    queue(database, "jürgen@straße.example")
    with PostOffice() as post:
        deliver(database, post.relay)
    assert post.recipients == ["jürgen@xn--strae-oqa.example"]
    assert str(read(post.raws[0])["To"]) == "jürgen@xn--strae-oqa.example"
    database.write(lambda session: setattr(session.exec(select(Mail)).one(), "state", "queued"))
    with PostOffice(smtputf8=False) as post:
        deliver(database, post.relay)
    assert only(database).state == "refused" and "SMTPUTF8" in (only(database).last_text or "")


def test_a_relay_that_should_offer_tls_and_does_not_gets_no_mail(database):
    queue(database, "elena@agency.example")
    with PostOffice() as post:
        deliver(database, post.relay.replace("smtp://", "smtp+starttls://"))
    assert post.raws == [] and only(database).state == "queued"


def test_a_captured_mail_is_accepted_in_demo_mode_alone(tmp_path):
    with pytest.raises(CaptureRefused):
        lines_to(Settings(smtp_relay="capture:", data_directory=tmp_path))
    (line,) = lines_to(Settings(smtp_relay="capture:", mode="demo", data_directory=tmp_path))

    async def work() -> str:
        await line.address(Envelope("a@portal.example", "b@agency.example"))
        return (await line.hand_over(b"x")).outcome

    assert asyncio.run(work()) == "accepted"

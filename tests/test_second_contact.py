"""The second contact of an agency: when it gets a lead, when it does not, and what ends the tries of either."""

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from portal.catalogue import agencies
from portal.catalogue.agencies import Agency, Contact
from portal.db import Database
from portal.enquiries import receiving
from portal.forwarding import reckoning, reconciling, reminder, second
from portal.leads import Disclosure, Lead, by_reference
from portal.ledger import LedgerEvent
from portal.mail import outbox
from portal.mail.composing import Letterhead
from portal.mail.delivery import Delivery, Way
from portal.mail.outbox import Mail, MailAttempt, Tried
from portal.mail.retrying import GIVE_UP, Circuit, Patience
from portal.mail.smtp import RelayLine
from portal.message_kinds import KINDS
from portal.rights import erasure, retention
from tests import cast
from tests.cast import NOW, SIGNER
from tests.smtp import PostOffice, no_relay, text

DOMAIN = "portal.example"
FIRST, SECOND = "costa-norte@agency.example", "second@agency.example"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def house(database: Database) -> Database:
    """Costa Norte Homes with a confirmed second contact, and one lead of Jane Smith's."""

    def publish(session: Session):
        cast.policy(session)
        home = cast.home(session, cast.agency(session))
        contact = agencies.add_contact(session, session.exec(select(Agency)).one(), SECOND, NOW, role="second")
        agencies.confirm(session, contact, NOW, "link")
        return home

    home = database.write(publish)
    enquiry = cast.enquiry(database, home)
    database.write(lambda session: receiving.receive(session, enquiry, cast.SENDING, SIGNER, cast.SETTINGS, NOW))
    database.write(lambda session: [session.delete(mail) for mail in _all(session) if mail.kind != "lead"])
    return database


def _all(session: Session) -> list[Mail]:
    session.execute(select(Mail))
    for told in session.exec(select(receiving.Confirmation)).all():
        told.mail_id = None
    return list(session.exec(select(Mail)))


def deliver(database: Database, relay: str, now: datetime) -> int:
    letterhead = Letterhead("leads@portal.example", "https://portal.example", SIGNER, "bounces@portal.example")

    async def work() -> int:
        ways = [Way(RelayLine(relay, DOMAIN, data_seconds=0.3), Circuit())]
        patience = Patience(chance=lambda: 0.5)
        lane = Delivery(database, ways, KINDS, letterhead, patience, lambda: now, asyncio.Event())
        tried = await lane.deliver_due()
        await lane.close()
        return tried

    return asyncio.run(work())


def states(database: Database) -> dict[str, str]:
    with database.read() as session:
        return {mail.recipient: mail.state for mail in session.exec(select(Mail).where(Mail.kind == "lead"))}


def events(database: Database, kind: str) -> int:
    with database.read() as session:
        return len(session.exec(select(LedgerEvent).where(LedgerEvent.type == kind)).all())


def answering(first: str, other: str | None = None) -> Callable[[str], str | None]:
    return lambda address: first if address == FIRST else other


@pytest.mark.parametrize("said", ["550 5.1.1 no such user", "550 nobody here", "452 4.2.2 over quota"])
def test_a_refused_address_or_a_full_mailbox_brings_the_second_contact_at_once(house, said):
    with PostOffice(at_rcpt=answering(said)) as post:
        deliver(house, post.relay, NOW)
    assert states(house)[SECOND] == "accepted"
    assert states(house)[FIRST] == ("refused" if said.startswith("550") else "cancelled")
    (lead,) = [mail for mail in post.mails if mail["X-ImmoMarket-Lead"]]
    assert "You get this" not in text(lead) and "segundo contacto" in text(lead)
    assert lead["Reply-To"] == "Jane Smith <jane@example.com>"
    told = [mail["To"] for mail in post.mails if not mail["X-ImmoMarket-Lead"]]
    assert told == ([SECOND] if said.startswith("550") else []), "the agency hears of its refused mailbox"
    assert events(house, "disclosure_intended") == 2 and events(house, "disclosure_passed") == 1
    with house.read() as session:
        passed = {row.contact_id: row.passed_at for row in session.exec(select(Disclosure))}
        reached = {session.get_one(Contact, contact).email for contact, at in passed.items() if at}
    assert reached == {SECOND}


def test_the_second_contacts_mail_is_queued_in_the_transaction_that_settles_the_firsts_try(house):
    def refuse(session: Session) -> None:
        (mail,) = outbox.claim(session, NOW)
        tried = Tried("refused", "rcpt", 550, enhanced="5.1.1")
        outbox.settle(session, mail, tried, "relay", NOW, NOW, Patience())
        second.failing(session, mail, tried, NOW)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        house.write(refuse)
    assert states(house) == {FIRST: "queued"} and events(house, "disclosure_intended") == 1


def test_a_recipient_that_fails_otherwise_brings_the_second_contact_after_a_quarter_of_an_hour(house):
    with PostOffice(at_rcpt=answering("451 4.7.1 greylisted")) as post:
        deliver(house, post.relay, NOW)
        deliver(house, post.relay, NOW + 6 * MINUTE)
        assert states(house) == {FIRST: "queued"}
        deliver(house, post.relay, NOW + 18 * MINUTE)
    assert states(house) == {FIRST: "cancelled", SECOND: "accepted"}
    assert len(post.raws) == 1


def test_the_second_contact_is_not_asked_because_our_own_relay_is_away(house):
    for minutes in (0, 10, 30, 120):
        deliver(house, no_relay(), NOW + minutes * MINUTE)
    assert states(house) == {FIRST: "queued"}
    with PostOffice(at_rcpt=answering("451 4.7.1 greylisted")) as post:
        deliver(house, post.relay, NOW + 180 * MINUTE)
    assert states(house) == {FIRST: "queued"}, "the recipient itself has failed for no time yet"


def test_a_mail_that_a_filter_refuses_is_not_the_recipients_fault(house):
    with PostOffice(at_rcpt=answering("550 5.7.1 blocked")) as post:
        deliver(house, post.relay, NOW)
        deliver(house, post.relay, NOW + 60 * MINUTE)
    assert states(house) == {FIRST: "parked"}


def test_where_the_first_is_accepted_meanwhile_the_second_is_not_tried_any_more(house):
    with PostOffice(at_rcpt=answering("452 4.2.2 full", "451 4.7.1 greylisted")) as post:
        deliver(house, post.relay, NOW)
    assert states(house) == {FIRST: "queued", SECOND: "queued"}
    house.write(lambda session: [setattr(mail, "due_at", NOW + 60 * MINUTE) for mail in _second(session)])
    with PostOffice() as post:
        deliver(house, post.relay, NOW + 240 * MINUTE)
    assert states(house) in ({FIRST: "accepted", SECOND: "cancelled"}, {FIRST: "cancelled", SECOND: "accepted"})
    assert len(post.raws) == 1


def _second(session: Session) -> list[Mail]:
    return list(session.exec(select(Mail).where(Mail.role == "second")))


def test_a_try_of_the_first_that_was_under_way_when_the_second_was_reached_is_its_last(house):
    with PostOffice(at_rcpt=answering("452 4.2.2 full", "451 4.7.1 greylisted")) as post:
        deliver(house, post.relay, NOW)

    def reach_while_the_first_is_sent(session: Session) -> Mail:
        held = {mail.role: mail for mail in outbox.claim(session, NOW + 240 * MINUTE, limit=2)}
        accepted = Tried("accepted", "done", 250)
        outbox.settle(session, held["second"], accepted, "relay", NOW, NOW, Patience())
        second.passed(session, [held["second"]], NOW)
        return held["primary"]

    first = house.write(reach_while_the_first_is_sent)
    assert states(house) == {FIRST: "sending", SECOND: "accepted"}

    def fail(session: Session) -> None:
        outbox.settle(session, first, Tried("relay", "connect"), "relay", NOW, NOW, Patience(), 0)
        second.stop_if_reached(session, session.get_one(Mail, first.id), NOW)

    house.write(fail)
    assert states(house)[FIRST] == "cancelled"


def test_only_a_confirmed_second_contact_is_asked(house):
    house.write(lambda session: [setattr(row, "confirmed_at", None) for row in _contacts(session, "second")])
    with PostOffice(at_rcpt=answering("550 5.1.1 no such user")) as post:
        deliver(house, post.relay, NOW)
    assert states(house) == {FIRST: "refused"} and events(house, "disclosure_intended") == 1


def _contacts(session: Session, role: str) -> list[Contact]:
    return list(session.exec(select(Contact).where(Contact.role == role)))


def test_an_erased_person_goes_to_no_second_contact(house):
    lead = _lead(house)
    house.write(lambda session: outbox.claim(session, NOW))
    house.write(lambda session: erasure.erase(session, by_reference(session, lead), "request", "ops", NOW))

    def fail(session: Session) -> None:
        mail = session.exec(select(Mail).where(Mail.kind == "lead")).one()
        second.failing(session, mail, Tried("refused", "rcpt", 550), NOW)

    house.write(fail)
    assert set(states(house).values()) == {"cancelled"} and SECOND not in states(house)


def _lead(database: Database) -> str:
    with database.read() as session:
        return session.exec(select(Lead.reference)).one()


def test_a_refused_mailbox_is_noted_and_the_next_lead_goes_to_the_other_contact_first(house):
    with PostOffice(at_rcpt=answering("550 5.1.1 no such user")) as post:
        deliver(house, post.relay, NOW)
    with house.read() as session:
        ((agency, contact),) = agencies.refused(session)
        assert (contact.email, contact.refused_at, contact.refused_code) == (FIRST, NOW, "5.1.1")
        found = agencies.recipient(session, agency.id or 0)
        assert found is not None and found[0].email == SECOND
        number = contact.id
    house.write(
        lambda session: agencies.confirm(session, session.get_one(Contact, number), NOW, "ops", "ops", "phoned")
    )
    with house.read() as session:
        assert agencies.refused(session) == []


def test_a_refused_mailbox_that_is_the_only_one_still_gets_its_leads(house):
    def refuse(session: Session) -> None:
        for contact in _contacts(session, "second"):
            contact.retired_at = NOW
        for contact in _contacts(session, "primary"):
            agencies.note_refusal(session, contact, "5.1.1", NOW)

    house.write(refuse)
    with house.read() as session:
        agency = session.exec(select(Agency)).one()
        found = agencies.recipient(session, agency.id or 0)
        assert found is not None and found[0].email == FIRST and agencies.takes_enquiries(session, agency)


def test_leads_that_reached_nobody_are_in_the_daily_reminder(house):
    ops = cast.SETTINGS.model_copy(update={"ops_mail": "ops@portal.example"})
    assert house.write(lambda session: reminder.queue_due(session, ops, NOW)) is None
    house.write(lambda session: [setattr(row, "confirmed_at", None) for row in _contacts(session, "second")])
    with PostOffice(at_rcpt=answering("550 5.1.1 no such user")) as post:
        deliver(house, post.relay, NOW)
        assert house.write(lambda session: reminder.queue_due(session, ops, NOW)) is not None
        deliver(house, post.relay, NOW)
    (mail,) = post.mails
    assert mail["Subject"] == "1 enquiry has not reached its agency" and _lead(house) in text(mail)
    assert (
        "portal outbox resend NUMBER --reason" in text(mail) and "held" not in text(mail).partition("This reminder")[0]
    )
    assert "Jane" not in text(mail) + text(mail, "html")


def test_a_lead_without_its_mail_is_found_told_and_forwarded_once(house, capsys):
    def lose(session: Session) -> None:
        for row in (*session.exec(select(Disclosure)), *session.exec(select(Mail))):
            session.delete(row)

    house.write(lose)
    with house.read() as session:
        assert reckoning.by_fate(session)["unaccounted"] == 1
    assert reconciling.reconcile(house, DOMAIN, NOW + MINUTE) == 1
    assert reconciling.reconcile(house, DOMAIN, NOW + 2 * MINUTE) == 0
    assert states(house) == {FIRST: "queued"} and events(house, "disclosure_intended") == 2
    assert "lead without a mail" in capsys.readouterr().err
    with house.read() as session:
        assert reckoning.by_fate(session)["unaccounted"] == 0


def test_what_should_not_be_forwarded_is_not_reconciled(house):
    def hold(session: Session) -> None:
        for row in (*session.exec(select(Disclosure)), *session.exec(select(Mail))):
            session.delete(row)
        session.exec(select(Lead)).one().screening = "held"

    house.write(hold)
    assert reconciling.reconcile(house, DOMAIN, NOW + MINUTE, everything=True) == 0
    house.write(lambda session: erasure.erase(session, session.exec(select(Lead)).one(), "request", "ops", NOW))
    house.write(lambda session: setattr(session.exec(select(Lead)).one(), "screening", "forward"))
    assert reconciling.reconcile(house, DOMAIN, NOW + MINUTE, everything=True) == 0


def test_a_mail_that_no_relay_took_for_five_days_is_put_before_a_person(house):
    assert reconciling.reconcile(house, DOMAIN, NOW + GIVE_UP) == 0
    assert reconciling.reconcile(house, DOMAIN, NOW + GIVE_UP + MINUTE) == 1
    assert states(house) == {FIRST: "parked"} and events(house, "mail_parked") == 1


def test_the_bytes_of_a_mail_go_thirty_days_after_it_is_settled_and_after_ninety_at_most(house):
    with PostOffice() as post:
        deliver(house, post.relay, NOW)
    assert retention.blank_old_mails(house, NOW + timedelta(days=30)) == 0
    assert retention.blank_old_mails(house, NOW + timedelta(days=30, minutes=1)) == 1
    assert retention.blank_old_mails(house, NOW + timedelta(days=200)) == 0
    with house.read() as session:
        mail = session.exec(select(Mail)).one()
        assert (mail.raw, mail.raw_sha256, mail.last_text, mail.state) == (None, None, None, "accepted")
        assert [attempt.text for attempt in session.exec(select(MailAttempt))] == [""]

    def wait(session: Session) -> None:
        mail.state, mail.settled_at, mail.raw = "parked", None, b"x"
        session.merge(mail)

    house.write(wait)
    assert retention.blank_old_mails(house, NOW + timedelta(days=90)) == 0
    assert retention.blank_old_mails(house, NOW + timedelta(days=91)) == 1


def test_where_both_contacts_are_settled_at_the_same_moment_the_one_that_failed_is_not_tried_again(house):
    with PostOffice(at_rcpt=answering("452 4.2.2 full", "451 4.7.1 greylisted")) as post:
        deliver(house, post.relay, NOW)
    later = NOW + 240 * MINUTE
    held = {mail.recipient: mail for mail in house.write(lambda session: outbox.claim(session, later, 2))}
    settled = threading.Event()

    def settle(session: Session, mail: Mail, outcome: str) -> None:
        outbox.settle(session, mail, Tried(outcome, "rcpt"), "relay", later, later, Patience())
        if outcome == "accepted":
            second.passed(session, [mail], later)
        else:
            settled.set()
            second.stop_if_reached(session, mail, later)

    def first_then_second(session: Session) -> None:
        settle(session, held[FIRST], "accepted")
        other.start()
        if not house.is_sqlite:  # which lets nobody else write meanwhile
            settled.wait()

    other = threading.Thread(target=lambda: house.write(lambda session: settle(session, held[SECOND], "later")))
    house.write(first_then_second)
    other.join()
    assert states(house) == {FIRST: "accepted", SECOND: "cancelled"}

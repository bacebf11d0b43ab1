"""Held and spam enquiries: stored like any other, told carefully, released once, and never out of the sum."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from portal import forwarding, leads, limits
from portal.catalogue import agencies
from portal.catalogue.properties import Property
from portal.db import Database
from portal.enquiries import receiving, releasing
from portal.enquiries.releasing import NotHeld, ReleaseVoid
from portal.enquiries.signals import Sending
from portal.forwarding import reckoning, reminder, stopping
from portal.leads import Confirmation, Lead, LeadPerson
from portal.ledger import LedgerEvent, LedgerPayload
from portal.mail.mails import Mail
from portal.signing import TokenRefused
from tests import cast
from tests.cast import NOW, SIGNER

DOMAIN = "portal.example"
HELD, SPAM = {"screening_held": 0}, {"screening_spam": 0}
WORDS = "May we come and see the house with the walled patio, please?"
RECORDED = ["consent_refused", "lead_recorded"]  # of an enquiry, however it is screened


@pytest.fixture
def home(database: Database) -> Property:
    def publish(session: Session) -> Property:
        cast.policy(session)
        return cast.home(session, cast.agency(session))

    return database.write(publish)


@pytest.fixture
def receive(database: Database, home: Property):
    """Records one more enquiry, screened as `HELD` or `SPAM` force it; the lead."""

    def one(forced=None, now=NOW, sending=cast.SENDING, **changes) -> Lead:
        settings = cast.SETTINGS.model_copy(update=forced or {})
        enquiry = cast.enquiry(database, home, now, **{"words": f"{WORDS} {now}", **changes})
        return database.write(lambda s: receiving.receive(s, enquiry, sending, SIGNER, settings, now)).lead

    return one


def mails(database: Database, *kinds: str) -> list[Mail]:
    with database.read() as session:
        return list(session.exec(select(Mail).where(Mail.kind.in_(kinds)).order_by(Mail.id)))


def events(database: Database) -> list[str]:
    with database.read() as session:
        return [event.type for event in session.exec(select(LedgerEvent).order_by(LedgerEvent.at, LedgerEvent.type))]


def fate(database: Database) -> dict[str, int]:
    """The sum, which must hold, by the fates that any lead met."""
    with database.read() as session:
        counted = reckoning.by_fate(session)
    assert counted["received"] == sum(counted[fate] for fate in reckoning.FATES) and counted["unaccounted"] == 0
    return {name: number for name, number in counted.items() if number and name != "received"}


def token(lead: Lead) -> str:
    return SIGNER.sign("release", lead.release_nonce)


def act(database: Database, work, lead: Lead, *arguments):
    """Ops act on a lead; the lead as it then stands."""

    def on(session: Session) -> Lead:
        found = leads.by_reference(session, lead.reference)
        work(session, found, "Ana", "looked at it", *arguments, NOW)
        return found

    return database.write(on)


def click(database: Database, lead: Lead, now=NOW) -> Lead:
    return database.write(lambda session: releasing.release_by_link(session, SIGNER, token(lead), DOMAIN, now))


def test_a_held_enquiry_is_stored_and_mailed_to_its_visitor_alone(database, receive):
    lead = receive(HELD)
    assert (lead.screening, lead.parked_reason, lead.released_at) == ("held", None, None)
    (mail,) = mails(database, "lead", "confirmation", "release")
    assert (mail.kind, mail.recipient) == ("release", "jane@example.com")
    assert events(database) == [*RECORDED, "receipt_issued"] and fate(database) == {"held": 1}


def test_spam_is_stored_whole_and_mailed_to_nobody(database, receive):
    lead = receive(SPAM)
    assert (lead.screening, lead.release_nonce) == ("spam", None)
    assert mails(database, "lead", "confirmation", "release") == [] and fate(database) == {"spam": 1}
    with database.read() as session:
        assert session.get_one(LeadPerson, lead.id).email == "jane@example.com"


def test_the_link_releases_once_however_many_click_at_once_and_no_other_mail_goes_to_the_visitor(database, receive):
    lead = receive(HELD)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: click(database, lead), range(4)))
    assert {each.screening for each in done} == {"forward"} and done[0].released_by == "the visitor"
    assert [mail.kind for mail in mails(database, "lead", "confirmation", "release")] == ["release", "lead"]
    assert sorted(events(database)) == sorted([*RECORDED, "receipt_issued", "disclosure_intended", "lead_released"])
    assert fate(database) == {"waiting": 1}


def test_a_link_opens_its_own_lead_and_a_forged_one_nothing(database, receive):
    first, second = receive(HELD), receive(HELD, NOW + timedelta(hours=2))
    click(database, first)
    with database.read() as session:
        assert leads.by_reference(session, second.reference).screening == "held"
        status = SIGNER.sign("status", first.release_nonce)
        for forged in (
            "forged",
            token(first)[:-1],
            status,
            SIGNER.sign("release", None),
        ):
            with pytest.raises(TokenRefused):
                releasing.linked(session, SIGNER, forged)
        with pytest.raises(ReleaseVoid):  # one of ours, of a lead that lost it by an erasure
            releasing.linked(session, SIGNER, SIGNER.sign("release", "0" * 32))


@pytest.mark.parametrize("forced", [HELD, SPAM])
def test_ops_release_with_a_reason_and_the_lead_goes_the_way_of_all(database, receive, forced):
    lead = act(database, releasing.release, receive(forced), DOMAIN)
    assert (lead.screening, lead.released_by, lead.release_reason) == ("forward", "Ana", "looked at it")
    assert lead.screening_seen_by == "Ana"
    (mail,) = mails(database, "lead")
    assert mail.recipient == "costa-norte@agency.example"
    with pytest.raises(NotHeld):
        act(database, releasing.release, lead, DOMAIN)
    with database.read() as session:
        event = session.exec(select(LedgerEvent).where(LedgerEvent.type == "lead_released")).one()
        said = session.exec(select(LedgerPayload).where(LedgerPayload.event_id == event.id)).one()
    assert b'"by":"Ana"' in said.payload and b'"reason":"looked at it"' in said.payload
    # The link was still in the outbox: whoever is passed on needs none any more.
    assert [mail.state for mail in mails(database, "release")] == (["cancelled"] if forced == HELD else [])


def test_a_released_lead_waits_for_its_agency_like_any_other(database, receive):
    lead = receive(HELD)
    database.write(lambda session: setattr(agencies.by_slug(session, "costa-norte"), "paused_at", NOW))
    assert click(database, lead).parked_reason == "agency_paused"
    assert fate(database) == {"parked": 1}

    def resume(session: Session) -> int:
        agency = agencies.by_slug(session, "costa-norte")
        agency.paused_at = None
        return forwarding.forward_parked(session, agency, domain=DOMAIN, now=NOW)

    assert database.write(resume) == 1 and fate(database) == {"waiting": 1}


def test_a_lead_that_ops_took_for_spam_is_released_by_ops_alone(database, receive):
    lead = act(database, releasing.mark_spam, receive(HELD))
    assert (lead.screening, fate(database)) == ("spam", {"spam": 1})
    with pytest.raises(ReleaseVoid):
        click(database, lead)
    assert act(database, releasing.release, lead, DOMAIN).screening == "forward"
    assert [event for event in events(database) if event.startswith("lead_")] == [
        "lead_marked_spam", "lead_recorded", "lead_released",
    ]  # fmt: skip


def test_what_was_passed_on_is_not_taken_back_as_spam(database, receive):
    with pytest.raises(NotHeld):
        act(database, releasing.mark_spam, receive())
    assert fate(database) == {"waiting": 1}


def test_an_erased_person_can_be_passed_on_by_nobody(database, receive):
    lead = receive(HELD)
    database.write(lambda session: session.delete(session.get_one(LeadPerson, lead.id)))
    with pytest.raises(ReleaseVoid):
        click(database, lead)
    with pytest.raises(NotHeld):
        act(database, releasing.release, lead, DOMAIN)


# What goes to an address that anybody can type


def test_a_mailbox_gets_one_mail_an_hour_and_three_a_day_of_either_kind(database, receive):
    hours = (0, 0.5, 1, 1.5, 2, 3, 23.9, 24.1)
    for number, hour in enumerate(hours):
        alias = f"Jane+{number}@example.com"
        receive(HELD if number % 2 else None, NOW + timedelta(hours=hour), email=alias)
    sent = [(mail.queued_at - NOW) / timedelta(hours=1) for mail in mails(database, "confirmation", "release")]
    assert sent == [0, 1, 2, 24.1]
    assert fate(database) == {"waiting": 4, "held": 4}, "whatever is mailed, every lead is kept and goes its way"


def test_a_held_lead_without_a_mail_is_named_once_ops_have_released_it(database, receive):
    first = receive()
    held = receive(HELD, NOW + timedelta(minutes=5))
    assert mails(database, "release") == []
    second = receive(None, NOW + timedelta(hours=1))
    act(database, releasing.release, held, DOMAIN)
    third = receive(None, NOW + timedelta(hours=2))
    with database.read() as session:
        named = {row.lead_id: row.mail_id for row in session.exec(select(Confirmation))}
    assert named[held.id] == named[third.id] != named[second.id] != named[first.id]


def test_a_stopped_mailbox_gets_nothing_until_it_is_undone_and_its_leads_go_their_way(database, receive):
    mailbox = stopping.mailbox(SIGNER, "JANE+spam@example.com")
    database.write(lambda session: stopping.stop(session, mailbox, NOW))
    database.write(lambda session: stopping.stop(session, mailbox, NOW))
    receive(), receive(HELD, NOW + timedelta(hours=2))
    assert mails(database, "confirmation", "release") == [] and fate(database) == {"waiting": 1, "held": 1}
    database.write(lambda session: stopping.undo(session, mailbox))
    receive(HELD, NOW + timedelta(hours=4))
    assert len(mails(database, "release")) == 1


# The counters


def test_posts_are_counted_and_a_ceiling_writes_nothing(database, home, receive):
    office = Sending("198.51.100.7", headers=cast.SENDING.headers)
    for number in range(3):
        receive(None, NOW + timedelta(seconds=number), office)
    with database.read() as session:
        subjects = receiving._counted(cast.enquiry(database, home, words=f"{WORDS} {NOW}"), home, office)
        assert limits.seen_all(session, NOW, subjects) == [3, 3, 3, 3, 3]
    with pytest.raises(limits.TooMany):
        receive({"ceiling_network_hour": 3}, NOW + timedelta(minutes=1), office)
    assert fate(database) == {"waiting": 3}


def test_the_same_post_again_counts_for_its_network_alone(database, home, receive):
    office = Sending("198.51.100.7", headers=cast.SENDING.headers)
    for _ in range(3):
        receive(None, NOW, office)
    with database.read() as session:
        subjects = receiving._counted(cast.enquiry(database, home, words=f"{WORDS} {NOW}"), home, office)
        assert limits.seen_all(session, NOW, subjects) == [3, 1, 1, 1, 1]


# The reminder


def test_ops_are_reminded_once_a_day_until_a_person_has_looked(database, receive):
    settings = cast.SETTINGS.model_copy(update={"ops_mail": "ops@portal.example"})

    def remind(now, settings=settings):
        return database.write(lambda session: reminder.queue_due(session, settings, now))

    assert remind(NOW) is None, "nothing waits"
    held = receive(HELD)
    receive(SPAM, NOW + timedelta(minutes=1))
    assert remind(NOW, cast.SETTINGS) is None, "nobody is to be reminded"
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: remind(NOW), range(4)))
    assert sum(mail is not None for mail in made) == 1
    (mail,) = mails(database, "reminder")
    assert (mail.recipient, mail.about) == ("ops@portal.example", "day:2026-11-23")
    tomorrow = NOW + timedelta(days=1)
    assert remind(tomorrow).about == "day:2026-11-24"

    def look(session: Session) -> None:
        releasing.mark_seen(leads.by_reference(session, held.reference), "Ana", NOW)

    database.write(look)
    assert remind(tomorrow + timedelta(days=1)) is None

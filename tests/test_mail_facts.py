"""A lead's facts as they are gathered; which files its agency gets; and what follows when its mail is too large."""

import json
from dataclasses import fields
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from portal.catalogue import agencies
from portal.catalogue.agencies import Agency, Contact
from portal.catalogue.photos import Media
from portal.catalogue.properties import Property, PropertyPhoto
from portal.consent import founding, purposes
from portal.consent.purposes import Purpose
from portal.db import Database
from portal.enquiries import receiving
from portal.forwarding import facts, reckoning
from portal.forwarding.facts import Facts
from portal.leads import Disclosure, LeadPerson
from portal.ledger import LedgerEvent
from portal.mail import outbox
from portal.mail.mails import Mail
from portal.message_kinds import KINDS
from tests import cast
from tests.cast import NOW, SIGNER
from tests.lettering import LETTERHEAD
from tests.smtp import PostOffice, read
from tests.test_second_contact import deliver

PHOTO = "ab" * 32


def publish(session: Session) -> Property:
    cast.policy(session)
    home = cast.home(session, cast.agency(session))
    session.add(Media(hash=PHOTO, state="ready", width=1600, height=1067, given_at=NOW))
    session.add(Media(hash="cd" * 32, state="new", given_at=NOW))
    session.flush()
    for position, media in enumerate(("cd" * 32, PHOTO)):
        source = f"https://agency.example/{position}.jpg"
        session.add(PropertyPhoto(property_id=home.id or 0, position=position, source_url=source, media=media))
    return home


@pytest.fixture
def lead(database: Database) -> receiving.Received:
    """Jane Smith's enquiry about the villa, whose second photo is the first that there is."""
    return receive(database, database.write(publish))


def receive(database: Database, home: Property, **changes: object) -> receiving.Received:
    enquiry = cast.enquiry(database, home, **changes)
    return database.write(
        lambda session: receiving.receive(session, enquiry, cast.SENDING, SIGNER, cast.SETTINGS, NOW)
    )  # fmt: skip


def newest(session: Session) -> Mail:
    return session.exec(select(Mail).where(Mail.kind == "lead").order_by(Mail.id.desc()).limit(1)).one()


def gathered(database: Database) -> Facts:
    with database.read() as session:
        return facts.gather(session, newest(session), LETTERHEAD)


def change(database: Database, model: type, **values: object) -> None:
    def work(session: Session) -> None:
        for name, value in values.items():
            setattr(session.exec(select(model)).first(), name, value)

    database.write(work)


def test_the_facts_are_what_was_recorded_and_what_the_home_is(database, lead):
    found = gathered(database)
    assert all(getattr(found, field.name) is not None for field in fields(found))
    said = {
        "reference": lead.lead.reference, "name": "Jane Smith", "phone_e164": "+447911123456", "phone_is_mobile": True,
        "property_reference": "MB-1042", "property_source_id": "1042", "price_minor": 125_000_000, "town": "Marbella",
        "area": "Nueva Andalucía", "province": "Málaga", "country": "ES", "bedrooms": 4, "photo": PHOTO,
        "photo_width": 1600, "photo_height": 1067, "agency": "Costa Norte Homes", "contact": "Elena Ruiz",
        "recipient": "costa-norte@agency.example", "page": "https://portal.example/en/p/x-villa", "consents": (),
        "policy_name": "data-policy/1/en", "ledger_event_id": lead.lead.ledger_event_id, "stands_in": False,
        "attachments": agencies.ATTACHMENTS,
    }  # fmt: skip
    assert {name: getattr(found, name) for name in said} == said


@pytest.mark.parametrize(
    ("shown", "minor", "told"),
    [("€1,250,000", 125_000_000, True), ("€1,450 per month", 145_000, True), ("€1,250,000", 119_000_000, False),
     ("€1,250,000", None, False), ("", 125_000_000, False)],
)  # fmt: skip
def test_the_price_is_a_number_only_where_it_is_the_one_the_visitor_saw(database, shown, minor, told):
    receive(database, database.write(publish), property_price=shown)
    change(database, Property, price_minor=minor)
    assert gathered(database).price_minor == (minor if told else None) and gathered(database).property_price == shown


def test_the_agency_learns_of_consent_to_its_own_purposes_alone(database):
    home = database.write(publish)

    def ask(session: Session) -> None:
        (ours,) = [row for row in founding.first_purposes() if row.opt_in]
        same = ours.model_dump(exclude={"id", "code", "control", "recipients", "position"})
        named = {"code": "marketing_agency", "control": "agency_news", "recipients": [{"kind": "agency", "text": ""}]}
        row = Purpose(**same, **named, position=9)
        purposes.add(session, [row])

    database.write(ask)
    receive(database, home, agreed=("marketing", "agency_news"))
    (consent,) = gathered(database).consents
    assert (consent.purpose, consent.state, consent.at) == ("marketing_agency", "given", NOW)
    assert consent.label, "in the words that stood beside the box"


def test_an_agency_gets_the_files_it_wants(database, lead):
    for wanted in (("json",), ("vcard", "openimmo"), ()):
        database.write(lambda session, wanted=wanted: agencies.edit(session, _agency(session), None, None, wanted))
        assert set(gathered(database).attachments) == set(wanted)
    database.write(lambda session: agencies.edit(session, _agency(session), "Other", None))
    assert gathered(database).attachments == () and gathered(database).agency == "Other"


def test_an_erased_persons_facts_are_gone(database, lead):
    database.write(lambda session: session.delete(session.get_one(LeadPerson, lead.lead.id)))
    with pytest.raises(facts.PersonGone, match=lead.lead.reference):
        gathered(database)


def _agency(session: Session) -> Agency:
    return agencies.by_slug(session, "costa-norte")


# Too large


def is_large(raw: bytes) -> str | None:
    return "552 5.3.4 message too big" if b"lead.json" in raw else None


def leads_mails(database: Database) -> list[Mail]:
    with database.read() as session:
        return list(session.exec(select(Mail).where(Mail.kind == "lead").order_by(Mail.id)))


def events(database: Database, kind: str) -> list[str]:
    with database.read() as session:
        rows = session.exec(select(LedgerEvent).where(LedgerEvent.type == kind).order_by(LedgerEvent.id)).all()
        return [str(row.id) for row in rows]


def test_a_mail_that_is_too_large_goes_once_more_without_attachments_as_a_disclosure_of_its_own(database, lead):
    with PostOffice(at_data=is_large) as post:
        deliver(database, post.relay, NOW)
    first, second = leads_mails(database)
    assert (first.state, second.state, second.generation) == ("cancelled", "accepted", 2)
    assert first.raw and b"lead.json" in first.raw and first.message_id != second.message_id
    arrived = post.to("costa-norte@agency.example")
    assert list(arrived.iter_attachments()) == [] and arrived["X-ImmoMarket-Lead"] == lead.lead.reference
    with database.read() as session:
        disclosed = session.exec(select(Disclosure).order_by(Disclosure.id)).all()
        assert [(row.mail_id, row.passed_at) for row in disclosed] == [(first.id, None), (second.id, NOW)]
        assert reckoning.by_fate(session)["accepted"] == 1
    for kind, times in {
        "disclosure_intended": 2,
        "disclosure_passed": 1,
        "mail_resent": 1,
        "mail_cancelled": 1,
    }.items():
        assert len(events(database, kind)) == times, kind


def test_one_that_is_still_too_large_is_parked_and_nothing_follows(database, lead):
    with PostOffice(at_data=lambda raw: "552 5.3.4 no") as post:
        deliver(database, post.relay, NOW)
        deliver(database, post.relay, NOW + timedelta(days=1))
    assert [mail.state for mail in leads_mails(database)] == ["cancelled", "parked"]
    assert len(events(database, "disclosure_intended")) == 2 and not events(database, "disclosure_passed")


def test_one_that_had_no_attachments_is_parked_at_once(database, lead):
    change(database, Agency, attachments=[])
    with PostOffice(at_data=lambda raw: "523 too long") as post:
        deliver(database, post.relay, NOW)
    assert [mail.state for mail in leads_mails(database)] == ["parked"]


@pytest.mark.parametrize("gone", ["person", "contact", "held"])
def test_one_that_nobody_may_get_any_more_stays_parked(database, lead, gone):
    def too_large(session: Session) -> None:
        (mail,) = [claimed for claimed in outbox.claim(session, NOW, 9) if claimed.kind == "lead"]
        if gone == "person":
            session.delete(session.get_one(LeadPerson, lead.lead.id))
        elif gone == "contact":
            session.exec(select(Contact)).one().retired_at = NOW
        else:
            session.exec(select(receiving.Lead)).one().screening = "spam"
        mail.state = "parked"
        KINDS["lead"].too_large(session, mail, NOW)

    database.write(too_large)
    assert [mail.state for mail in leads_mails(database)] == ["parked"]


def test_ops_send_a_parked_one_anew_without_attachments_and_to_another_address_with_them(database, lead):
    with PostOffice(at_data=lambda raw: "552 5.3.4 no") as post:
        deliver(database, post.relay, NOW)

    def anew(session: Session) -> None:
        mail = newest(session)
        KINDS["lead"].resent(session, mail, outbox.resend(session, mail, "Ana", "rang", NOW, "portal.example"), NOW)

    database.write(anew)
    assert gathered(database).attachments == ()
    database.write(lambda session: setattr(newest(session), "state", "refused"))
    change(database, Contact, email="new@agency.example")
    database.write(anew)
    assert gathered(database).attachments == agencies.ATTACHMENTS


def test_a_hostile_enquiry_of_the_database_is_whole_in_the_mail(database):
    words = '</anfrage>]]>\nBEGIN:VCARD\n","email":"x'
    receive(database, database.write(publish), name="Eve;,\\ 👩‍👩‍👧", words=words, company="李 & <b>")
    with PostOffice() as post:
        deliver(database, post.relay, NOW)
    files = {str(part.get_filename()): part for part in post.to("costa-norte@agency.example").iter_attachments()}
    said = json.loads(files["lead.json"].get_payload(decode=True))
    assert said["message"] == words and said["name"] == "Eve;,\\ 👩‍👩‍👧" and said["company"] == "李 & <b>"
    (mail,) = leads_mails(database)
    assert mail.raw is not None and read(mail.raw).defects == []

"""Correspondence: invented enquiries and what comes of them, so that the outbox of a demo holds a mail of every kind.

Each is brought about as in an installation: enquiries are received, mails are handed over, an agency answers, another
is silent. Only the moments are invented. What is there already is not made again.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import phonenumbers
from sqlmodel import Session, col, select

from portal import addresses, forwarding
from portal.catalogue import agencies, invitations, naming, reports, succession
from portal.catalogue.agencies import Agency, Office
from portal.catalogue.photos import Media
from portal.catalogue.places import Place
from portal.catalogue.properties import Property, PropertyPhoto
from portal.consent import notices, policies, purposes
from portal.db import Database
from portal.demo.sample import SAMPLES, Sample
from portal.enquiries import receiving
from portal.enquiries.receiving import Enquiry
from portal.enquiries.signals import Sending
from portal.forwarding import answering, confirmation, reminder, silence
from portal.language import formats
from portal.mail.composing import Letterhead
from portal.mail.delivery import Delivery, Way
from portal.mail.mails import Mail
from portal.mail.retrying import Circuit, Patience
from portal.mail.smtp import lines_to
from portal.message_kinds import KINDS
from portal.settings import Settings
from portal.signing import Signer

LONG_AGO = timedelta(days=14)  # more than 24 hours of any office's working time, holidays and all
FORWARDED = {"screening_held": 1000, "screening_spam": 1000}
HELD = {"screening_held": 0, "screening_spam": 1000}


class Visitor(NamedTuple):
    """Somebody who never was, what they write to which of the sample agencies, and how they are to be reached."""

    agency: Sample
    locale: str
    name: str
    reach: str
    phone: str
    words: str

    @property
    def email(self) -> str:
        """Where the confirmation goes."""
        return f"{self.name.split()[0].lower()}@visitor.example"


# Numbers of blocks that are kept for such uses or not assigned.
ANSWERED = Visitor(
    SAMPLES[0], "en", "Isolde Fairweather", "whatsapp", "+44 7700 900118",
    "We would like to see it between the 4th and the 8th, in the morning if you can. Is the bedroom on the ground "
    "floor reachable without steps?",
)  # fmt: skip
UNANSWERED = Visitor(
    SAMPLES[1], "de", "Friedhelm Morgenroth", "phone", "+49 30 23125 018",
    "Ist die Wohnung noch zu haben? Wir würden sie gern im nächsten Monat besichtigen.",
)  # fmt: skip
DOUBTED = Visitor(SAMPLES[3], "es", "Casilda Almirante", "email", "", "¿Podrían enviarme los planos?")


def lacking(database: Database) -> set[str]:
    """The kinds of mail of which the outbox holds none."""
    with database.read() as session:
        present = session.exec(select(Mail.kind).distinct()).all()
    return set(KINDS) - set(present)


def begin(database: Database, settings: Settings, now: datetime) -> None:
    """Bring about what is lacking, and let the demo's own relay take it."""
    long_ago = now - LONG_AGO
    for visitor in (ANSWERED, UNANSWERED):
        _enquire(database, settings.model_copy(update=FORWARDED), visitor, long_ago)
    _deliver(database, settings, long_ago)
    steps: dict[str, Callable[[Session], None]] = {
        confirmation.ANSWERED: partial(_answer, settings=settings, now=long_ago + timedelta(hours=3)),
        silence.KIND: partial(_remind, settings=settings, now=now),
        succession.KIND: partial(_replace, settings=settings, now=now),
        succession.REFUSED: partial(_refuse, settings=settings, now=now),
        reports.KIND: partial(_report, settings=settings, now=now),
    }
    missing = lacking(database)
    for kind, step in steps.items():
        if kind in missing:
            database.write(step)
    if confirmation.RELEASE in missing:
        _enquire(database, settings.model_copy(update=HELD), DOUBTED, now)
    database.write(lambda session: reminder.queue_due(session, settings, now))
    _deliver(database, settings, now)


def _enquire(database: Database, settings: Settings, visitor: Visitor, now: datetime) -> None:
    with database.read() as session:
        agency = agencies.by_slug(session, visitor.agency.slug)
        office = agencies.office_of(session, agency)
        home = _home(session, agency)
        title, page = _named(session, home, visitor.locale)
        policy = policies.in_force(session, policies.DATA_POLICY, visitor.locale, now)
        whys = purposes.in_force(session, now)
    layer = notices.first_layer(agency, office, policy, whys, visitor.locale)
    notice = notices.served(database, agency, layer, policy.id or 0, visitor.locale, now)
    signer = Signer(settings.key)
    phone = visitor.phone.replace(" ", "")
    price = formats.money(home.price_minor, home.currency, visitor.locale) if home.price_minor else ""
    enquiry = Enquiry(
        public_id=home.public_id, property_title=title, property_price=price, intent="viewing", name=visitor.name,
        email=visitor.email, phone=visitor.phone, phone_e164=phone, phone_region=_region(phone),
        reach=visitor.reach, professional=False, company="", words=visitor.words, answer_locale=visitor.locale,
        timing="3_months", funding="own_money", agreed=(), notice_token=notices.token(signer, notice),
        locale=visitor.locale, page=page,
    )  # fmt: skip
    database.write(lambda session: receiving.receive(session, enquiry, Sending(), signer, settings, now))


def _region(phone: str) -> str:
    return phonenumbers.region_code_for_number(phonenumbers.parse(phone)) or "" if phone else ""


def _home(session: Session, agency: Agency) -> Property:
    """The agency's newest home, of those with a photo if there are any."""
    photo = (
        select(Media.hash)
        .join(PropertyPhoto, col(PropertyPhoto.media) == Media.hash)
        .where(PropertyPhoto.property_id == Property.id, PropertyPhoto.position == 0, Media.state == "ready")
        .exists()
    )
    newest = (photo.desc(), col(Property.published_at).desc(), col(Property.id))
    return session.exec(select(Property).where(Property.agency_id == agency.id).order_by(*newest)).all()[0]


def _named(session: Session, home: Property, locale: str) -> tuple[str, str]:
    town = session.get_one(Place, home.town_id).name
    area = session.get_one(Place, home.area_id).name if home.area_id else None
    slug = naming.slug(home.kind, home.offer, town, area, locale)
    page = addresses.property_page(locale, home.public_id, slug)
    return naming.title(home.kind, home.offer, town, area, locale), page


def _deliver(database: Database, settings: Settings, now: datetime) -> None:
    letterhead = Letterhead(settings.mail_from, settings.origin, Signer(settings.key), settings.bounce_address)

    async def deliver() -> None:
        ways = [Way(line, Circuit()) for line in lines_to(settings)]
        lane = Delivery(database, ways, KINDS, letterhead, Patience(), lambda: now, asyncio.Event())
        try:
            await lane.deliver_due()
        finally:
            await lane.close()

    asyncio.run(deliver())


def _answer(session: Session, settings: Settings, now: datetime) -> None:
    """The first agency says that it has reached its client, who wished to hear of that."""
    signer, agency = Signer(settings.key), agencies.by_slug(session, ANSWERED.agency.slug)
    recipient = agencies.recipient(session, agency.id or 0)
    assert recipient is not None
    to = (Mail.kind == forwarding.KIND, Mail.recipient == recipient[0].email)
    mail = session.exec(select(Mail).where(*to).order_by(col(Mail.id))).all()[0]
    token = signer.sign(answering.PURPOSE, mail.id)
    confirmation.wish_answer(session, answering.asked(session, signer, token, now).lead, now)
    answering.answer(session, signer, token, answering.CONTACTED, settings.mail_domain, now)


def _remind(session: Session, settings: Settings, now: datetime) -> None:
    """The second agency is reminded when it was last open."""
    hours = (now - timedelta(hours=back) for back in range(int(LONG_AGO / timedelta(hours=1))))
    next(hour for hour in hours if silence.remind_due(session, settings.mail_domain, hour))


def _replace(session: Session, settings: Settings, now: datetime) -> None:
    """The third agency gives a second address, which both it and its present contact are asked about."""
    agency = agencies.by_slug(session, SAMPLES[2].slug)
    contact = agencies.add_contact(session, agency, f"office@{agency.slug}.example", now, role="second")
    office = session.get_one(Office, contact.office_id)
    invitations.invite(session, contact, office, domain=settings.mail_domain, now=now)
    succession.ask(session, contact, office, domain=settings.mail_domain, now=now)


def _refuse(session: Session, settings: Settings, now: datetime) -> None:
    """The fourth agency's second mailbox takes no mail."""
    agency = agencies.by_slug(session, SAMPLES[3].slug)
    contact = agencies.add_contact(session, agency, f"closed@{agency.slug}.example", now, role="second")
    agencies.confirm(session, contact, now, "ops", "portal demo", "invented for the demo")
    succession.note_refusal(session, contact, "550 5.1.1", settings.mail_domain, now)


def _report(session: Session, settings: Settings, now: datetime) -> None:
    home = _home(session, agencies.by_slug(session, SAMPLES[1].slug))
    words = "The photos show another kitchen than the one we saw."
    reports.record(session, home, "wrong", words, "en", settings.mail_domain, now)

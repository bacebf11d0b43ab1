"""The cast of the tests: two agencies, their homes, a visitor. Each maker returns what a test then bends."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlmodel import Session, select

from portal.catalogue import agencies, places
from portal.catalogue.agencies import Agency, Contact, Office
from portal.catalogue.properties import Property, PropertyText
from portal.consent import founding, notices, policies, purposes
from portal.consent.policies import PolicyVersion
from portal.db import Database
from portal.enquiries.receiving import Enquiry
from portal.enquiries.signals import Sending
from portal.feeds.records import Feed
from portal.settings import Settings
from portal.signing import Signer
from tests.clients import QUIET

SIGNER = Signer("k" * 40)
# Nothing is held, whatever its words, but where a test lowers a threshold to 0: then everything is.
SETTINGS = Settings.from_environment({}, mail_from="leads@portal.example", screening_held=1000, screening_spam=1000)
SENDING = Sending(headers=tuple((name.lower(), value) for name, value in QUIET.items()))
NOW = datetime(2026, 11, 23, 13, 12, 7, tzinfo=UTC)


def agency(session: Session, slug: str = "costa-norte", name: str = "Costa Norte Homes", **changes: Any) -> Agency:
    """An agency in Marbella with an office, a confirmed contact `<slug>@agency.example` and a feed of its own."""
    made = Agency(slug=slug, name=name, phone="+34 952 000 142", created_at=NOW, **changes)
    session.add(made)
    session.flush()
    office = Office(
        agency_id=made.id or 0, name=name, street="Avenida del Prado 14", postal_code="29660", town="Marbella",
        locale="es",
    )  # fmt: skip
    session.add(office)
    session.flush()
    session.add(
        Contact(
            office_id=office.id or 0, name="Elena Ruiz", email=f"{slug}@agency.example", created_at=NOW,
            confirmed_at=NOW, confirmed_how="link",
        )
    )  # fmt: skip
    session.add(Feed(slug=slug, agency_id=made.id or 0, public_by_contract=True, created_at=NOW))
    session.flush()
    return made


def home(session: Session, owner: Agency, source_id: str = "1042", **changes: Any) -> Property:
    """A published villa of this agency in Nueva Andalucía, Marbella, with texts in English and Spanish."""
    feed = session.exec(select(Feed).where(Feed.agency_id == owner.id)).one()
    town = places.town(session, "Marbella", "Málaga")
    values: dict[str, Any] = {
        "feed_id": feed.id, "source_id": source_id, "agency_id": owner.id, "reference": f"MB-{source_id}",
        "state": "published", "kind": "villa", "offer": "sale", "price_minor": 125_000_000, "town_id": town.id,
        "area_id": places.area(session, town, "Nueva Andalucía").id, "bedrooms": 4, "bathrooms": 3,
        "built_m2": Decimal(312), "plot_m2": Decimal(1040), "latitude": 36.4972, "longitude": -4.9563,
        "energy_state": "rated", "energy_consumption": "E", "energy_emissions": "D", "pool": "private",
        "features": ["Sea views", "Garage"], "content_hash": "0" * 64, "first_seen_at": NOW, "last_seen_at": NOW,
        "changed_at": NOW, "published_at": NOW,
    }  # fmt: skip
    made = Property(**{**values, **changes})
    session.add(made)
    session.flush()
    for locale, text in (
        ("en", "A two-storey villa around a walled patio.\n\nRenovated in 2021."),
        ("es", "Villa de dos plantas en torno a un patio cerrado.\n\nReformada en 2021."),
    ):
        session.add(PropertyText(property_id=made.id or 0, locale=locale, description=text))
    session.flush()
    return made


def policy(session: Session, body: str = "Data Policy\n\n1. The kinds of information we collect\n") -> PolicyVersion:
    """A data policy in force, in English, with the purposes the portal begins with."""
    if not purposes.every_row(session):
        purposes.add(session, founding.first_purposes())
    return policies.add(
        session, policies.DATA_POLICY, "en", "Data Policy", body, "2021-08-12", datetime(2021, 8, 12, tzinfo=UTC), "ops"
    )


def enquiry(
    database: Database, about: Property, now: datetime = NOW, marketing: bool = False, **changes: Any
) -> Enquiry:  # fmt: skip
    """Jane Smith asks to see a home, under the notice its agency's form shows at that moment."""
    with database.read() as session:
        owner = session.get_one(Agency, about.agency_id)
        (_, office), *_ = agencies.contacts(session, owner)
        in_force = policies.in_force(session, policies.DATA_POLICY, "en", now)
        whys = purposes.in_force(session, now)
    layer = notices.first_layer(owner, office, in_force, whys, "en")
    notice = notices.served(database, owner, layer, in_force.id or 0, "en", now)
    values: dict[str, Any] = {
        "public_id": about.public_id, "property_title": "Villa in Nueva Andalucía", "property_price": "€1,250,000",
        "intent": "viewing", "name": "Jane Smith", "email": "jane@example.com", "phone": "07911 123456",
        "phone_e164": "+447911123456", "phone_region": "GB", "reach": "whatsapp", "professional": False,
        "company": "", "words": "May we see it, in “December”?\nOr later", "answer_locale": "en", "timing": "",
        "funding": "own_money", "agreed": ("marketing",) if marketing else (),
        "notice_token": notices.token(SIGNER, notice), "locale": "en", "page": "/en/p/x-villa",
    }  # fmt: skip
    return Enquiry(**{**values, **changes})

"""The lead's mail of the tests: its facts, which a test bends, and the bytes that are made of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage
from typing import Any

from starlette.datastructures import FormData

from portal.forwarding import letter
from portal.forwarding.facts import Facts, is_mobile
from portal.mail.composing import Letterhead, compose
from portal.mail.mails import Mail
from portal.web import forms
from portal.web.presenting import Shown
from tests.cast import NOW, SIGNER
from tests.smtp import read

LETTERHEAD = Letterhead("leads@portal.example", "https://portal.example", SIGNER, "bounces@portal.example")
FACTS = Facts(
    reference="IM-7K4Q-2MXD", received_at=NOW, intent="viewing", timing="3_months", funding="own_money", locale="en",
    page="https://portal.example/en/p/k7m2q9x4tb-villa-nueva-andalucia",
    ledger_event_id="0e2f3a4b-5c6d-4e7f-8a9b-0c1d2e3f4a5b",
    name="Zoë van der Berg-Müller", email="zoe@example.com", phone="07911 123456", phone_e164="+447911123456",
    phone_region="GB", phone_is_mobile=True, reach="whatsapp", professional=True, company="Berg, Müller & Partner",
    words="May we see it in December? We arrive on the 3rd; the “blue” house would do as well.\n\nPrice: is it final?\n"
          "Zoë",
    answer_locale="de", property_id="k7m2q9x4tb", property_reference="MB-1042", property_source_id="1042",
    property_title="Villa in Nueva Andalucía, Marbella", property_price="€1,250,000", property_withdrawn=False,
    kind="villa", offer="sale", price_minor=125_000_000, currency="EUR", price_period="", town="Marbella",
    area="Nueva Andalucía", province="Málaga", country="ES", bedrooms=4, bathrooms=3, built_m2=Decimal("312.50"),
    plot_m2=Decimal(1040), photo="0123456789abcdef" * 4, photo_width=1600, photo_height=1067, agency_id=7,
    agency="Costa Norte Homes", agency_slug="costa-norte", office="Costa Norte Homes", contact="Elena Ruiz",
    recipient="costa-norte@agency.example", stands_in=False, recorder="OptimaSys Group Spain S.L.", policy=1,
    policy_document="data-policy", policy_locale="en", policy_sha256="ab" * 32, notice_sha256="cd" * 32,
    notice_locale="en", form_version=2, consents=(), answer_by=NOW + timedelta(hours=22), time_zone="Europe/Madrid",
    answer_link="https://portal.example/en/answer/MQ.signed", attachments=("openimmo", "json", "vcard"),
    checkpoint=("portal.example/ledger", "1042", "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=", "",
                "— portal.example/ledger 5RiLVxBJ2Zc8Z0CqkgEWlY1y9o2t"),
)  # fmt: skip


def mail(locale: str = "en", message_id: str = "<lead.0123456789abcdef01234567.1@portal.example>") -> Mail:
    """The row of such a mail."""
    return Mail(
        id=1, kind="lead", about="lead:IM-7K4Q-2MXD", recipient="costa-norte@agency.example", locale=locale,
        queued_at=NOW, due_at=NOW, message_id=message_id,
    )  # fmt: skip


def composed(facts: Facts = FACTS, locale: str = "en", date: datetime = NOW) -> bytes:
    """The bytes of the mail that says these facts."""
    row = mail(locale)
    return compose(row, letter.of_facts(facts, row, LETTERHEAD), LETTERHEAD.address, date)


def files(raw: bytes) -> dict[str, EmailMessage]:
    """What is attached to a mail, by name."""
    return {str(part.get_filename()): part for part in read(raw).iter_attachments()}  # type: ignore[misc]


def typed_into_the_form(**fields: str) -> Facts | None:
    """The facts of a lead whose visitor typed this; None where the form does not take it."""
    about = {"intent": "viewing", "reach": "email", "professional": "yes", "language": "en", "notice": "n"}
    form = forms.sent(FormData(about | fields), "en")
    if not form.validate():
        return None
    made = form.enquiry(_Home(), Shown("en", datetime.now(UTC)), "/en/p/x")  # type: ignore[arg-type]
    same = ("intent", "name", "email", "phone", "phone_e164", "phone_region", "reach", "professional", "company",
            "words", "answer_locale", "timing", "funding")  # fmt: skip
    said = {name: getattr(made, name) for name in same}
    return replace(FACTS, **said, phone_is_mobile=is_mobile(made.phone_e164))


class _Home:
    # What the form asks of a home: its title and its price, which are not the visitor's.
    class card:  # noqa: N801
        public_id, kind, offer, town, area = "k7m2q9x4tb", "villa", "sale", "Marbella", None
        price_minor, currency, price_period = None, "EUR", None


def changed(**changes: Any) -> Facts:
    """The facts with some of them changed."""
    return replace(FACTS, **changes)

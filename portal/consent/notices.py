"""The notice beside the form: who records an enquiry, who receives it, and on which basis; and the proof it was shown.

Owns `notice`: the exact text, one row for each text ever served, never changed. The form carries a signed token that
names the row, without time and the same for everybody. A notice superseded less than 24 hours ago is still accepted,
and the lead is bound to what was shown; an older one brings the form back, filled, with the new notice.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy
from sqlalchemy import ForeignKey, Index, Integer, ScalarSelect, String, Text
from sqlmodel import Session, SQLModel, col, select

from portal.catalogue.agencies import Agency, Office
from portal.consent import policies
from portal.db import Database, UTCDateTime, column
from portal.language import formats
from portal.language.messages import N_, translations
from portal.signing import Signer, TokenRefused

FORM_VERSION = 1
RECORDER = "OptimaSys Group Spain S.L."
GRACE = timedelta(hours=24)
MARKETING = "marketing_portal"
MARKETING_LABEL = N_("ImmoMarket may also e-mail me about similar homes.")


class NoticeSuperseded(Exception):
    """What the visitor saw is no longer in force for more than a day; the form must be shown again."""


class Notice(SQLModel, table=True):
    """One first-layer notice as served for one agency in one language. `sha256` is over the UTF-8 bytes of `text`."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_served", "agency_id", "locale", "first_served_at"),)
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    agency_id: int = column(Integer, ForeignKey("agency.id"), personal=None)
    policy_version_id: int = column(Integer, ForeignKey("policy_version.id"), personal=None)
    locale: str = column(String(5), personal=None)
    form_version: int = column(Integer, personal=None)
    text: str = column(Text, personal=None)
    sha256: str = column(String(64), personal=None)
    first_served_at: datetime = column(UTCDateTime, personal=None)


@dataclass(frozen=True)
class FirstLayer:
    """The notice in parts, for the page: the sentence, six rows of label and text, the marketing label.

    `line` is how the language writes a row as a line of text: `Purpose: …`, `Finalité : …`.
    """

    sentence: str
    rows: tuple[tuple[str, str], ...]
    marketing: str
    policy_number: int
    policy_locale: str
    line: str

    @property
    def text(self) -> str:
        """The notice as the one text that is kept and fingerprinted."""
        lines = [
            self.sentence,
            *(self.line % {"label": label, "text": value} for label, value in self.rows),
            f"[ ] {self.marketing}",
        ]
        return "\n".join(lines)


def first_layer(agency: Agency, office: Office, policy: policies.PolicyVersion, locale: str) -> FirstLayer:
    """The notice for one agency in one language, under the policy version in force."""
    _ = translations(locale).gettext
    where = ", ".join(part for part in (agency.name, office.street, office.town) if part)
    rows = (
        (_("Responsible"), RECORDER),
        (_("Purpose"), _("To record your enquiry, pass it to the agency and show you what became of it.")),
        (_("Basis"), _("Steps you ask for before a contract (GDPR, Art. 6.1.b).")),
        (_("Recipients"), _("%(agency)s. No transfer outside the European Union and the United Kingdom.") % {
            "agency": where}),
        (_("Rights"), _("See, correct, take with you, restrict, object to or erase your data. Complain to the AEPD.")),
        (_("More information"), _policy_name(policy, locale, _)),
    )  # fmt: skip
    sentence = _("Your enquiry is recorded by %(recorder)s and sent to %(agency)s, %(town)s. Nobody else receives it.")
    return FirstLayer(
        sentence % {"recorder": RECORDER, "agency": agency.name, "town": office.town},
        rows, _(MARKETING_LABEL), policy.number, policy.locale, _("%(label)s: %(text)s"),
    )  # fmt: skip


def served(
    database: Database,
    agency: Agency,
    layer: FirstLayer,
    policy_id: int,
    locale: str,
    now: datetime,
    latest: Notice | None = None,
) -> Notice:
    """The row of this notice, written when the text is served that was not the latest one, and only then.

    `latest` is the row of `number_of_latest` where the caller has read it already.
    """
    assert agency.id is not None
    digest = hashlib.sha256(layer.text.encode()).hexdigest()
    if latest is None:
        with database.read() as session:
            latest = _latest(session, agency.id, locale)
    if latest is None or latest.sha256 != digest:
        latest = database.write(lambda session: _keep(session, agency, layer, digest, policy_id, locale, now))
    return latest


def number_of_latest(agency_id: int, locale: str) -> ScalarSelect[int | None]:
    """The row of the notice served last for an agency in a language, for a statement that reads more than that."""
    numbers = sqlalchemy.select(sqlalchemy.func.max(col(Notice.id)))
    return numbers.where(col(Notice.agency_id) == agency_id, col(Notice.locale) == locale).scalar_subquery()


def token(signer: Signer, notice: Notice) -> str:
    """What the form carries: a signature over the notice's number, language, form version and agency."""
    return signer.sign("notice", [notice.id, notice.locale, notice.form_version, notice.agency_id])


def shown(session: Session, signer: Signer, presented: str, agency_id: int, now: datetime) -> Notice:
    """The notice a visitor saw. Raises `NoticeSuperseded` where it is not ours, not this agency's, or too old."""
    try:
        number, _, _, signed_agency = signer.read("notice", presented)
    except (TokenRefused, ValueError, TypeError):
        raise NoticeSuperseded("the form did not carry its notice") from None
    notice = session.get(Notice, number)
    if notice is None or signed_agency != agency_id or notice.agency_id != agency_id:
        raise NoticeSuperseded("the notice is another agency's")
    newer = session.exec(
        select(Notice.first_served_at)
        .where(
            Notice.agency_id == agency_id,
            Notice.locale == notice.locale,
            col(Notice.id) > notice.id,
            Notice.sha256 != notice.sha256,
        )
        .order_by(col(Notice.id))
    ).first()
    if newer is not None and now - newer > GRACE:
        raise NoticeSuperseded("the notice has changed since the form was shown")
    return notice


def _keep(
    session: Session,
    agency: Agency,
    layer: FirstLayer,
    digest: str,
    policy_id: int,
    locale: str,
    now: datetime,
) -> Notice:
    assert agency.id is not None
    latest = _latest(session, agency.id, locale)
    if latest is not None and latest.sha256 == digest:
        return latest
    notice = Notice(
        agency_id=agency.id, policy_version_id=policy_id, locale=locale, form_version=FORM_VERSION,
        text=layer.text, sha256=digest, first_served_at=now,
    )  # fmt: skip
    session.add(notice)
    session.flush()
    return notice


def _latest(session: Session, agency_id: int, locale: str) -> Notice | None:
    return session.exec(select(Notice).where(Notice.id == number_of_latest(agency_id, locale))).first()


def _policy_name(policy: policies.PolicyVersion, locale: str, _: Callable[[str], str]) -> str:
    revised = datetime.fromisoformat(f"{policy.revised_on}T12:00:00+00:00")
    named = _("Data Policy, version %(number)s of %(date)s")
    return named % {"number": policy.number, "date": formats.day(revised, locale)}

"""The notice beside the form: who records an enquiry, who receives it, and on which basis; and the proof it was shown.

Owns `notice`: the exact text with the purposes it was made from, one row for each ever served, never changed. The form
carries a signed token that names the row and the purposes, without time and the same for everybody. A notice superseded
less than 24 hours ago is still accepted, and the lead is bound to what was shown; an older one brings the form back,
filled, with the new notice. What the notice says comes from the rows of the purposes in force and from nothing else.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy
from sqlalchemy import JSON, ForeignKey, Index, Integer, ScalarSelect, String, Text, or_
from sqlmodel import Session, SQLModel, col, select

from portal.catalogue.agencies import Agency, Office
from portal.consent import policies, purposes, wording
from portal.consent.controller import CONTROLLER
from portal.consent.purposes import AGENCY, Purpose
from portal.db import Database, UTCDateTime, column
from portal.language import formats
from portal.language.messages import sentence, translations
from portal.signing import Signer, TokenRefused

FORM_VERSION = 2
RECORDER = CONTROLLER[0]
GRACE = timedelta(hours=24)
MARKETING = "marketing_portal"


class NoticeSuperseded(Exception):
    """What the visitor saw is no longer in force for more than a day; the form must be shown again."""


class Notice(SQLModel, table=True):
    """One first-layer notice as served for one agency in one language. `sha256` is over the UTF-8 bytes of `text`.

    `purposes` names the rows it was made from; `controls` are the boxes it showed, each {purpose, control, label,
    months}, in the words of the language.
    """

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_served", "agency_id", "locale", "first_served_at"),)
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    agency_id: int = column(Integer, ForeignKey("agency.id"), personal=None)
    policy_version_id: int = column(Integer, ForeignKey("policy_version.id"), personal=None)
    locale: str = column(String(5), personal=None)
    form_version: int = column(Integer, personal=None)
    text: str = column(Text, personal=None)
    sha256: str = column(String(64), personal=None)
    purposes: str = column(String(500), personal=None)
    controls: list[dict[str, Any]] = column(JSON, personal=None)
    first_served_at: datetime = column(UTCDateTime, personal=None)


@dataclass(frozen=True)
class FirstLayer:
    """The notice in parts, for the page: the sentence, six rows of label and text, the boxes, each with its label.

    `line` is how the language writes a row as a line of text: `Purpose: …`, `Finalité : …`. `purposes` names the rows
    that all this was made from.
    """

    sentence: str
    rows: tuple[tuple[str, str], ...]
    controls: tuple[dict[str, Any], ...]
    policy_number: int
    policy_locale: str
    line: str
    purposes: str

    @property
    def text(self) -> str:
        """The notice as the one text that is kept and fingerprinted."""
        lines = [
            self.sentence,
            *(self.line % {"label": label, "text": value} for label, value in self.rows),
            *(f"[ ] {box['label']}" for box in self.controls),
        ]
        return "\n".join(lines)


def first_layer(
    agency: Agency, office: Office, policy: policies.PolicyVersion, whys: Sequence[Purpose], locale: str
) -> FirstLayer:  # fmt: skip
    """The notice for one agency in one language, under the policy version and the purposes in force."""
    _ = translations(locale).gettext
    where = ", ".join(part for part in (agency.name, office.street, office.town) if part)
    rows = (
        (_("Responsible"), RECORDER),
        (_("Purpose"), " ".join(why.says(why.text, locale) for why in whys)),
        (_("Basis"), " ".join(why.says(why.basis_text, locale) for why in whys)),
        (_("Recipients"), sentence(
            _("%(agency)s. Kept in: %(places)s. No transfer elsewhere."),
            agency=wording.recipients(whys, locale, where), places=wording.places(whys, locale))),
        (_("Rights"), wording.rights(whys, locale)),
        (_("More information"), _policy_name(policy, locale)),
    )  # fmt: skip
    nobody_else = all(other["kind"] == AGENCY for why in whys for other in why.recipients)
    about = (
        _("Your enquiry is recorded by %(recorder)s and sent to %(agency)s, %(town)s. Nobody else receives it.")
        if nobody_else
        else _("Your enquiry is recorded by %(recorder)s and sent to %(agency)s, %(town)s, and to those named below.")
    )
    boxes = tuple(
        {
            "purpose": why.code,
            "control": why.control,
            "label": why.says(why.label, locale),
            "months": why.consent_months,
        }
        for why in whys
        if why.opt_in
    )  # fmt: skip
    return FirstLayer(
        about % {"recorder": RECORDER, "agency": agency.name, "town": office.town}, rows, boxes, policy.number,
        policy.locale, _("%(label)s: %(text)s"), " ".join(str(why.id) for why in whys),
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
    if latest is None or not _says_the_same(latest, layer, digest, policy_id):
        latest = database.write(lambda session: _keep(session, agency, layer, digest, policy_id, locale, now))
    return latest


def number_of_latest(agency_id: int, locale: str) -> ScalarSelect[int | None]:
    """The row of the notice served last for an agency in a language, for a statement that reads more than that."""
    numbers = sqlalchemy.select(sqlalchemy.func.max(col(Notice.id)))
    return numbers.where(col(Notice.agency_id) == agency_id, col(Notice.locale) == locale).scalar_subquery()


def token(signer: Signer, notice: Notice) -> str:
    """What the form carries: a signature over the notice's number, language, form version, agency and purposes."""
    return signer.sign("notice", [notice.id, notice.locale, notice.form_version, notice.agency_id, notice.purposes])


def shown(session: Session, signer: Signer, presented: str, agency_id: int, now: datetime) -> Notice:
    """The notice a visitor saw. Raises `NoticeSuperseded` where it is not ours, not this agency's, or too old."""
    try:
        number, _, _, signed_agency, *signed_purposes = signer.read("notice", presented)
    except (TokenRefused, ValueError, TypeError):
        raise NoticeSuperseded("the form did not carry its notice") from None
    notice = session.get(Notice, number)
    if notice is None or signed_agency != agency_id or notice.agency_id != agency_id:
        raise NoticeSuperseded("the notice is another agency's")
    if signed_purposes and signed_purposes != [notice.purposes]:  # forms of before there were rows name none
        raise NoticeSuperseded("the notice was made from other purposes")
    newer = session.exec(
        select(Notice.first_served_at)
        .where(
            Notice.agency_id == agency_id,
            Notice.locale == notice.locale,
            col(Notice.id) > notice.id,
            or_(col(Notice.sha256) != notice.sha256, col(Notice.purposes) != notice.purposes),
        )
        .order_by(col(Notice.id))
    ).first()
    if newer is not None and now - newer > GRACE:
        raise NoticeSuperseded("the notice has changed since the form was shown")
    return notice


def purposes_of(session: Session, notice: Notice) -> list[Purpose]:
    """The purposes a notice was made from; for one served before there were rows, those in force at that moment."""
    if not notice.purposes:
        return purposes.in_force(session, notice.first_served_at)
    numbers = [int(number) for number in notice.purposes.split()]
    return list(session.exec(select(Purpose).where(col(Purpose.id).in_(numbers)).order_by(col(Purpose.position))))


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
    if latest is not None and _says_the_same(latest, layer, digest, policy_id):
        return latest
    notice = Notice(
        agency_id=agency.id, policy_version_id=policy_id, locale=locale, form_version=FORM_VERSION,
        text=layer.text, sha256=digest, purposes=layer.purposes, controls=list(layer.controls), first_served_at=now,
    )  # fmt: skip
    session.add(notice)
    session.flush()
    return notice


def _latest(session: Session, agency_id: int, locale: str) -> Notice | None:
    return session.exec(select(Notice).where(Notice.id == number_of_latest(agency_id, locale))).first()


def _says_the_same(notice: Notice, layer: FirstLayer, digest: str, policy_id: int) -> bool:
    shown = (notice.sha256, notice.purposes, notice.policy_version_id)
    return shown == (digest, layer.purposes, policy_id)


def _policy_name(policy: policies.PolicyVersion, locale: str) -> str:
    named = translations(locale).gettext("Data Policy, version %(number)s of %(date)s")
    return named % {"number": policy.number, "date": formats.date_of(policy.revised_on, locale)}

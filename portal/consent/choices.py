"""Choices: one consent given, refused, withdrawn, renewed or expired for one purpose, bound to the exact text shown.

Owns `choice`. Rows are only ever added, each with its ledger event; the newest for a lead and purpose is the one that
holds. A consent holds for the months its label was agreed to for, and no longer.
"""

import calendar
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import CheckConstraint, ForeignKey, Integer, String
from sqlalchemy.orm import aliased
from sqlmodel import Session, SQLModel, col, select

from portal import ledger
from portal.consent.notices import Notice
from portal.consent.policies import PolicyVersion
from portal.db import UTCDateTime, column, one_at_a_time
from portal.language.formats import utc

VISITOR, PORTAL = "visitor", "portal"
HOLDING = ("given", "renewed")
BATCH = 500

# Leads stand above this module and know it; of theirs, only the reference is read here.
_LEAD = sqlalchemy.table("lead", sqlalchemy.column("id"), sqlalchemy.column("reference"))


class NothingHolds(Exception):
    """There is no consent of this lead for this purpose that could be withdrawn or renewed."""


class Choice(SQLModel, table=True):
    """What was chosen by whom, at which control with which label, under which notice, on which page, when.

    `expires_at` is set where a consent begins to hold. One recorded before choices had events of their own has none.
    """

    __tablename__ = "choice"
    __table_args__ = (
        CheckConstraint("state IN ('given', 'refused', 'withdrawn', 'renewed', 'expired')", name="state"),
        CheckConstraint("(expires_at IS NOT NULL) = (state IN ('given', 'renewed'))", name="expires_at"),
    )
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    lead_id: int = column(Integer, ForeignKey("lead.id"), index=True, personal=None)
    purpose: str = column(String(40), personal=None)
    state: str = column(String(10), personal=None)
    by: str = column(String(120), personal="operator")
    control: str = column(String(40), personal=None)
    label: str = column(String(500), personal=None)
    notice_id: int = column(Integer, ForeignKey("notice.id"), personal=None)
    page: str = column(String(500), personal=None)
    at: datetime = column(UTCDateTime, personal=None)
    expires_at: datetime | None = column(UTCDateTime, index=True, personal=None, default=None)
    ledger_event_id: str | None = column(
        String(36), ForeignKey("ledger_event.id"), index=True, personal=None, default=None
    )


@dataclass(frozen=True)
class Act:
    """How one chose: who (`visitor`, `portal` or an operator), at which control with which label, on which page."""

    by: str
    control: str
    label: str
    page: str


def record(
    session: Session, lead_id: int, ticked: Collection[str], notice: Notice, page: str, now: datetime
) -> list[Choice]:  # fmt: skip
    """Record what was chosen in a form at each box its notice showed: given where ticked, refused where left empty."""
    made = []
    for box in notice.controls:
        act = Act(VISITOR, box["control"], box["label"], page)
        given = box["control"] in ticked
        until = _later(now, box["months"]) if given else None
        made.append(_add(session, lead_id, box["purpose"], "given" if given else "refused", act, notice, now, until))
    return made


def withdraw(session: Session, lead_id: int, purpose: str, act: Act, now: datetime) -> Choice:
    """End a consent that holds, under the notice it was given under. Raises `NothingHolds`."""
    held = _holding(session, lead_id, purpose, now)
    return _add(session, lead_id, purpose, "withdrawn", act, session.get_one(Notice, held.notice_id), now)


def renew(session: Session, lead_id: int, purpose: str, act: Act, notice: Notice, now: datetime) -> Choice:
    """Let a consent that holds go on under the notice shown now, from now on. Raises `NothingHolds`."""
    _holding(session, lead_id, purpose, now)
    (months,) = [box["months"] for box in notice.controls if box["purpose"] == purpose] or [None]
    if months is None:
        raise NothingHolds(f"the notice does not ask for {purpose}")
    return _add(session, lead_id, purpose, "renewed", act, notice, now, _later(now, months))


def expire(session: Session, now: datetime) -> int:
    """End the consents whose time is over, some at a time; how many. The worker does so, by hours."""
    one_at_a_time(session, "choice")
    later = aliased(Choice)
    newer = sqlalchemy.exists().where(
        col(later.lead_id) == Choice.lead_id, col(later.purpose) == Choice.purpose, col(later.id) > col(Choice.id)
    )
    over = select(Choice).where(col(Choice.expires_at) <= now, ~newer).order_by(col(Choice.id)).limit(BATCH)
    ended = session.exec(over).all()
    for held in ended:
        notice = session.get_one(Notice, held.notice_id)
        act = Act(PORTAL, held.control, held.label, held.page)
        _add(session, held.lead_id, held.purpose, "expired", act, notice, now)
    return len(ended)


def of_lead(session: Session, lead_id: int) -> list[Choice]:
    """Every choice of a lead, oldest first."""
    return list(session.exec(select(Choice).where(Choice.lead_id == lead_id).order_by(col(Choice.id))))


def consenting(purpose: str) -> sqlalchemy.Select[int]:
    """The ids of the leads whose newest choice for this purpose is a consent."""
    newest = select(sqlalchemy.func.max(col(Choice.id))).where(Choice.purpose == purpose).group_by(col(Choice.lead_id))
    consent = col(Choice.id).in_(newest), col(Choice.state).in_(HOLDING)
    return sqlalchemy.select(col(Choice.lead_id)).where(*consent)


def evidence(choice: Choice, reference: str, notice: Notice, policy: PolicyVersion) -> dict[str, Any]:
    """What the ledger records of a choice of the lead with this reference, and what an audit compares with."""
    return {
        "lead": reference, "purpose": choice.purpose, "state": choice.state, "by": choice.by,
        "control": choice.control, "label": choice.label, "page": choice.page, "at": utc(choice.at),
        "expires_at": utc(choice.expires_at) if choice.expires_at else None, "notice_sha256": notice.sha256,
        "locale": notice.locale, "form_version": notice.form_version,
        "policy": f"{policy.document}/{policy.number}/{policy.locale}", "policy_sha256": policy.body_sha256,
    }  # fmt: skip


def _holding(session: Session, lead_id: int, purpose: str, now: datetime) -> Choice:
    one_at_a_time(session, "choice")
    of_purpose = select(Choice).where(Choice.lead_id == lead_id, Choice.purpose == purpose)
    newest = session.exec(of_purpose.order_by(col(Choice.id).desc())).first()
    if newest is None or newest.expires_at is None or newest.expires_at <= now:
        raise NothingHolds(f"no consent for {purpose} holds")
    return newest


def _add(
    session: Session, lead_id: int, purpose: str, state: str, act: Act, notice: Notice, now: datetime,
    expires_at: datetime | None = None,
) -> Choice:  # fmt: skip
    choice = Choice(
        lead_id=lead_id, purpose=purpose, state=state, by=act.by, control=act.control, label=act.label,
        notice_id=notice.id or 0, page=act.page, at=now, expires_at=expires_at,
    )  # fmt: skip
    reference = session.execute(sqlalchemy.select(_LEAD.c.reference).where(_LEAD.c.id == lead_id)).scalar_one()
    policy = session.get_one(PolicyVersion, notice.policy_version_id)
    entry = ledger.record(session, f"consent_{state}", now, business=evidence(choice, reference, notice, policy))
    choice.ledger_event_id = entry.id
    session.add(choice)
    session.flush()
    return choice


def _later(at: datetime, months: int) -> datetime:
    """Calendar months later, on the last day of a month that is too short."""
    years, month = divmod(at.month - 1 + months, 12)
    year, month = at.year + years, month + 1
    return at.replace(year=year, month=month, day=min(at.day, calendar.monthrange(year, month)[1]))

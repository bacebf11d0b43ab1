"""Choices: one consent given, refused or withdrawn for one purpose, bound to the exact text shown.

Owns `choice`. Rows are only ever added; the newest for a lead and purpose is the one that holds.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Integer, String
from sqlmodel import Session, SQLModel, col, select

from portal.consent.notices import Notice
from portal.db import UTCDateTime, column


class Choice(SQLModel, table=True):
    """What a visitor chose, at which control with which label, under which notice, on which page, when."""

    __tablename__ = "choice"
    __table_args__ = (CheckConstraint("state IN ('given', 'refused', 'withdrawn')", name="state"),)
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    lead_id: int = column(Integer, ForeignKey("lead.id"), index=True, personal=None)
    purpose: str = column(String(40), personal=None)
    state: str = column(String(10), personal=None)
    control: str = column(String(40), personal=None)
    label: str = column(String(500), personal=None)
    notice_id: int = column(Integer, ForeignKey("notice.id"), personal=None)
    page: str = column(String(500), personal=None)
    at: datetime = column(UTCDateTime, personal=None)


def record(
    session: Session, lead_id: int, purpose: str, given: bool, control: str, label: str, notice: Notice, page: str,
    now: datetime,
) -> Choice:  # fmt: skip
    """Record one choice made in a form: given where the box was ticked, refused where it was left empty."""
    assert notice.id is not None
    choice = Choice(
        lead_id=lead_id, purpose=purpose, state="given" if given else "refused", control=control, label=label,
        notice_id=notice.id, page=page, at=now,
    )  # fmt: skip
    session.add(choice)
    return choice


def of_lead(session: Session, lead_id: int) -> list[Choice]:
    """Every choice of a lead, oldest first."""
    return list(session.exec(select(Choice).where(Choice.lead_id == lead_id).order_by(col(Choice.id))))

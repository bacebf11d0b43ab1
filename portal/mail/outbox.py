"""The outbox: every outgoing mail is a row, queued in the transaction of what it tells, never lost, never dropped.

Owns `mail` and `mail_attempt`. States: queued → sending → accepted | queued again (later) | uncertain | refused |
parked | cancelled. A claim is one conditional UPDATE with a lease and a token; whoever comes back after its lease ran
out finds its token stale and overwrites nothing. Delivery is at least once, with the same bytes each time.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    func,
    update,
)
from sqlmodel import Session, SQLModel, col, select

from portal.db import UTCDateTime, column

STATES = (
    "queued",
    "sending",
    "accepted",
    "uncertain",
    "refused",
    "parked",
    "cancelled",
)
OPEN = ("queued", "uncertain")
LEASE = timedelta(seconds=90)


class MailUnknown(Exception):
    """No mail has this number."""


class Mail(SQLModel, table=True):
    """One outgoing mail. `raw` is frozen at the first rendering and sent unchanged on every try."""

    __tablename__ = "mail"
    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(repr(state) for state in STATES)})", name="state"),
        CheckConstraint(
            "phase IS NULL OR phase IN ('connect', 'mail', 'rcpt', 'data', 'done')",
            name="phase",
        ),
        UniqueConstraint("kind", "about", "role", "generation"),
        Index("ix_mail_due", "state", "due_at"),
        Index("ix_mail_about", "about"),
    )
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    kind: str = column(String(40), personal=None)
    about: str = column(String(80), personal=None)
    role: str = column(String(10), personal=None, default="primary")
    generation: int = column(Integer, personal=None, default=1)
    recipient: str = column(String(254), personal="mail")
    locale: str = column(String(5), personal=None)
    message_id: str = column(String(200), unique=True, personal=None)
    queued_at: datetime = column(UTCDateTime, personal=None)
    due_at: datetime = column(UTCDateTime, personal=None)
    state: str = column(String(10), personal=None, default="queued")
    phase: str | None = column(String(8), personal=None, default=None)
    attempts: int = column(Integer, personal=None, default=0)
    lease_token: str | None = column(String(32), personal=None, default=None)
    lease_until: datetime | None = column(UTCDateTime, personal=None, default=None)
    raw: bytes | None = column(LargeBinary, personal="mail", default=None)
    raw_sha256: str | None = column(String(64), personal=None, default=None)
    last_code: int | None = column(Integer, personal=None, default=None)
    last_text: str | None = column(String(1000), personal="mail", default=None)
    accepted_at: datetime | None = column(UTCDateTime, personal=None, default=None)
    settled_at: datetime | None = column(UTCDateTime, personal=None, default=None)


class MailAttempt(SQLModel, table=True):
    """One try to hand a mail over: how far it came and what the relay said. Insert-only."""

    __tablename__ = "mail_attempt"
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    mail_id: int = column(Integer, ForeignKey("mail.id"), index=True, personal=None)
    started_at: datetime = column(UTCDateTime, personal=None)
    ended_at: datetime = column(UTCDateTime, personal=None)
    relay: str = column(String(255), personal=None)
    phase: str = column(String(8), personal=None)
    outcome: str = column(String(10), personal=None)
    code: int | None = column(Integer, personal=None, default=None)
    text: str = column(String(1000), personal="mail", default="")


def queue(
    session: Session, kind: str, about: str, recipient: str, locale: str, now: datetime, domain: str,
    role: str = "primary", generation: int = 1,
) -> Mail:  # fmt: skip
    """Add one mail to the outbox, inside the caller's transaction. `about` is opaque here; nothing is rendered yet."""
    mail = Mail(
        kind=kind, about=about, role=role, generation=generation, recipient=recipient, locale=locale,
        message_id=f"<{kind}.{secrets.token_hex(12)}.{generation}@{domain}>", queued_at=now, due_at=now,
    )  # fmt: skip
    session.add(mail)
    session.flush()
    session.info["mail_queued"] = True
    return mail


def claim(session: Session, now: datetime, limit: int = 20) -> list[Mail]:
    """Take up to `limit` due mails for this worker: one statement, safe among any number of workers.

    A row whose lease ran out is due again: where its phase was `data` the relay may already have it, so its attempt is
    written down as uncertain before it is sent again.
    """
    token = secrets.token_hex(16)
    due = (
        select(Mail.id)
        .where(col(Mail.state).in_(OPEN), Mail.due_at <= now)
        .order_by(col(Mail.due_at), col(Mail.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(Mail)
        .where(col(Mail.id).in_(due))
        .values(state="sending", phase="connect", lease_token=token, lease_until=now + LEASE)
        .returning(col(Mail.id))
        .execution_options(synchronize_session=False)
    )
    numbers = [row[0] for row in session.execute(statement)]
    if not numbers:
        return []
    return list(session.exec(select(Mail).where(col(Mail.id).in_(numbers)).order_by(col(Mail.id))))


def counts(session: Session) -> dict[str, int]:
    """How many mails stand in each state."""
    found = dict(session.exec(select(Mail.state, func.count()).group_by(Mail.state)).all())
    return {state: found.get(state, 0) for state in STATES}


def by_number(session: Session, number: int) -> Mail:
    """The mail with this number. Raises `MailUnknown`."""
    mail = session.get(Mail, number)
    if mail is None:
        raise MailUnknown(f"no mail has the number {number}; `portal outbox list` shows them")
    return mail


def about(session: Session, subject: str) -> Sequence[Mail]:
    """Every mail about one thing, oldest first."""
    return session.exec(select(Mail).where(Mail.about == subject).order_by(col(Mail.id))).all()

"""Mails as rows: one outgoing mail, its tries, what became of it step by step, and what other servers sent back.

States: queued → sending → accepted | queued again (later) | uncertain | refused | parked | cancelled; and, by a report
that came back, accepted → delayed | delivered | bounced | complained. Only forward: a late weaker one changes nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint, text, update
from sqlmodel import Session, SQLModel, col

from portal.db import UTCDateTime, affected, column, table_of

STATES = (
    "queued",
    "sending",
    "accepted",
    "delayed",
    "delivered",
    "bounced",
    "complained",
    "uncertain",
    "refused",
    "parked",
    "cancelled",
)
OPEN = ("queued", "uncertain")
# In the words of the index of due mails, so that both databases see that it serves: from a parameter neither does, and
# from the bare column SQLite, which guesses that few mails wait, would take the index by state and sort what it finds.
IS_OPEN = text(f"state || '' IN ({', '.join(repr(state) for state in OPEN)})")
REACHED = ("accepted", "delayed", "delivered", "complained")  # the relay, or the next server, answers for it
# By which report a mail moves, and from where. A report about a mail that nobody answered for proves that the relay
# has it after all.
UNPROVED = ("queued", "uncertain", "parked")
MOVES = {
    "delayed": (*UNPROVED, "accepted"),
    "delivered": (*UNPROVED, "accepted", "delayed"),
    "bounced": (*UNPROVED, "accepted", "delayed", "delivered"),
    "complained": ("accepted", "delayed", "delivered"),
}
SOURCES = ("worker", "portal", "ops", "dsn", "arf")


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
        # In the order of the claims, forwards and backwards: what is settled or not due costs a claim nothing.
        Index("ix_mail_due", "due_at", "id", sqlite_where=IS_OPEN, postgresql_where=IS_OPEN),
        Index("ix_mail_state", "state", "queued_at"),
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
    raw_sha256: str | None = column(String(64), personal="mail", default=None)
    last_code: int | None = column(Integer, personal=None, default=None)
    last_enhanced: str | None = column(String(11), personal=None, default=None)
    last_text: str | None = column(String(1000), personal="mail", default=None)
    relay_queue_id: str | None = column(String(100), personal=None, default=None)
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
    enhanced: str | None = column(String(11), personal=None, default=None)
    text: str = column(String(1000), personal="mail", default="")


class MailEvent(SQLModel, table=True):
    """One step of a mail to another state. Insert-only; `source` says who knew, `external_id` by which report."""

    __tablename__ = "mail_event"
    __table_args__ = (
        CheckConstraint(f"source IN ({', '.join(repr(source) for source in SOURCES)})", name="source"),
        UniqueConstraint("source", "external_id"),
    )
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    mail_id: int = column(Integer, ForeignKey("mail.id"), index=True, personal=None)
    at: datetime = column(UTCDateTime, personal=None)
    state: str = column(String(10), personal=None)
    source: str = column(String(6), personal=None)
    external_id: str | None = column(String(64), personal=None, default=None)


class ReturnedMail(SQLModel, table=True):
    """One mail that another server sent back to us, kept before it is read; the same bytes are kept once.

    `waiting` to be read, `applied` to the mail it is about, left for a `person`, or `seen` by one.
    """

    __tablename__ = "returned_mail"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'applied', 'person', 'seen')", name="state"),
        Index("ix_returned_mail_state", "state", "id"),
    )
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    received_at: datetime = column(UTCDateTime, personal=None)
    sha256: str = column(String(64), unique=True, personal=None)
    recipient: str = column(String(254), personal=None, default="")
    raw: bytes | None = column(LargeBinary, personal="mail", default=None)
    kind: str = column(String(5), personal=None, default="")
    outcome: str = column(String(10), personal=None, default="")
    mail_id: int | None = column(Integer, ForeignKey("mail.id"), index=True, personal=None, default=None)
    state: str = column(String(8), personal=None, default="waiting")
    seen_at: datetime | None = column(UTCDateTime, personal=None, default=None)
    seen_by: str | None = column(String(120), personal="operator", default=None)


@dataclass(frozen=True)
class Tried:
    """How one try to hand a mail over ended: the outcome, the phase reached, and what the relay said.

    `enhanced` is the enhanced status code (RFC 3463) of that, `queue_id` the relay's own name of a mail it accepted.
    """

    outcome: str
    phase: str
    code: int | None = None
    text: str = ""
    enhanced: str | None = None
    queue_id: str | None = None


def blank(session: Session, mails: Collection[Mail], recipient: bool) -> None:
    """Delete whatever of these mails can hold a person: the frozen bytes, the relay's words, the `recipient` if asked.

    One that is still to be sent is rendered anew. Where it stood and what came of it stays.
    """
    numbers = [mail.id for mail in mails]
    for model, number in (
        (Mail, col(Mail.id)), (MailAttempt, col(MailAttempt.mail_id)), (ReturnedMail, col(ReturnedMail.mail_id)),
    ):  # fmt: skip
        cells = [cell for cell in table_of(model).c if cell.info["personal"] == "mail"]
        values = {cell.name: None if cell.nullable else "" for cell in cells if recipient or cell.name != "recipient"}
        affected(session, update(model).where(number.in_(numbers)).values(values))

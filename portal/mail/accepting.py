"""Accepting: what the relay took, written down for many mails in a few statements, however many they are.

Says of each mail what `outbox.settle` would; a backlog could not be drained at the relay's pace one by one.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, insert, update
from sqlmodel import Session, col, select

from portal import ledger
from portal.db import table_of
from portal.mail import outbox
from portal.mail.mails import Mail, MailAttempt, MailEvent, Tried

_mail = table_of(Mail).c
# The number alone: whoever takes the lock has seen that the token still holds.
_ACCEPT = (
    update(table_of(Mail))
    .where(_mail.id == bindparam("number"))
    .values(
        state="accepted", phase=bindparam("reached"), due_at=bindparam("now"), last_code=bindparam("code"),
        last_enhanced=bindparam("enhanced"), last_text=bindparam("text"), relay_queue_id=bindparam("queue"),
        accepted_at=bindparam("now"), settled_at=bindparam("now"), lease_token=None, lease_until=None,
        attempts=_mail.attempts + 1,
    )
)  # fmt: skip


class Taken(NamedTuple):
    """A mail that the relay at `relay` took; the try began at `started`."""

    mail: Mail
    tried: Tried
    relay: str
    started: datetime


def accept(session: Session, taken: Sequence[Taken], now: datetime) -> list[Taken]:
    """Settle as accepted those mails that this worker still holds; which these are. Of others nothing is written."""
    asked = select(Mail.id).where(*outbox.held([each.mail for each in taken])).order_by(col(Mail.id)).with_for_update()
    numbers = set(session.exec(asked))
    settled = [each for each in taken if each.mail.id in numbers]
    if settled:
        session.execute(_ACCEPT, [_values(each, now) for each in settled])
        session.execute(insert(table_of(MailAttempt)), [_attempt(each, now) for each in settled])
        steps = [{"mail_id": each.mail.id, "at": now, "state": "accepted", "source": "worker"} for each in settled]
        session.execute(insert(table_of(MailEvent)), steps)
        told = [("mail_accepted", now, outbox.told(each.mail, outbox.reason(each.tried))) for each in settled]
        ledger.record_all(session, told)
    return settled


def _values(each: Taken, now: datetime) -> dict[str, Any]:
    tried = each.tried
    return {
        "number": each.mail.id, "reached": tried.phase, "now": now, "code": tried.code, "enhanced": tried.enhanced,
        "text": tried.text[:1000], "queue": tried.queue_id,
    }  # fmt: skip


def _attempt(each: Taken, now: datetime) -> dict[str, Any]:
    tried = each.tried
    return {
        "mail_id": each.mail.id, "started_at": each.started, "ended_at": now, "relay": each.relay,
        "phase": tried.phase, "outcome": tried.outcome, "code": tried.code, "enhanced": tried.enhanced,
        "text": tried.text[:1000],
    }  # fmt: skip

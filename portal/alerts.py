"""Alerts: mail that does not leave is told to ops, by a way that is not the mail: the log, a metric, their own command.

So is, at once, a relay that refuses us for what no waiting mends: a password, a certificate, our sender.

Owns `alert`: each step up and the end, once for all workers. A step is written down first and told afterwards, again
and again until the command took it, so that no crash in between makes silence.
"""

import json
import shlex
import subprocess
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, Integer, String
from sqlmodel import Session, SQLModel, col, func, select

from portal.db import Database, UTCDateTime, column, one_at_a_time
from portal.mail import outbox
from portal.mail.mails import MailAttempt
from portal.observing import log

WAITS, REFUSES = "mail_waits", "relay_refuses"
LOOKED_AT = 1000  # of the newest tries, for what each relay said last
# The age of the oldest mail that no relay has answered for: a mailbox that is full for days must not hide an outage.
STEPS = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
COMMAND_SECONDS = 30
TOLD_FOR = timedelta(hours=6)  # how long a command that fails is asked to take an alert


class Alert(SQLModel, table=True):
    """One step of an alert: `level` counts the `STEPS` passed, 0 where it is over. Insert-only, but for `told_at`."""

    __tablename__ = "alert"
    __table_args__ = (CheckConstraint("level BETWEEN 0 AND 3", name="level"),)
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    kind: str = column(String(20), personal=None)
    level: int = column(Integer, personal=None)
    at: datetime = column(UTCDateTime, personal=None)
    oldest_seconds: int = column(Integer, personal=None)
    told_at: datetime | None = column(UTCDateTime, personal=None, default=None)


def look(session: Session, now: datetime, factor: float = 1.0) -> Alert | None:
    """Write down the step that the mails' age calls for, where it is a new one. `factor` shortens the steps."""
    oldest = outbox.oldest_unanswered(session)
    age = max(now - oldest, timedelta()) if oldest else timedelta()
    reached = sum(age >= step * factor for step in STEPS)
    return _step(session, WAITS, reached, now, age)


def look_at_relays(session: Session, now: datetime) -> Alert | None:
    """Write down that a relay refuses us by our own setup (a password, a certificate), at once, and when it is over."""
    said = _last_words(session, LOOKED_AT)
    return _step(session, REFUSES, int("setup" in said.values()), now, timedelta())


def level(session: Session, kind: str = WAITS) -> int:
    """How many steps the alert of this kind that runs has passed; 0 where none runs."""
    newest = select(func.max(Alert.id)).where(Alert.kind == kind).scalar_subquery()
    return session.exec(select(Alert.level).where(Alert.id == newest)).one_or_none() or 0


def _last_words(session: Session, among: int) -> dict[str, str]:
    """Of each relay the outcome of its newest try, among the newest tries of all."""
    newest = select(func.max(MailAttempt.id)).scalar_subquery()
    last = select(func.max(MailAttempt.id)).where(MailAttempt.relay != "", col(MailAttempt.id) > newest - among)
    said = select(MailAttempt).where(col(MailAttempt.id).in_(last.group_by(col(MailAttempt.relay))))
    return {attempt.relay: attempt.outcome for attempt in session.exec(said)}


def _step(session: Session, kind: str, reached: int, now: datetime, age: timedelta) -> Alert | None:
    if reached == level(session, kind):
        return None
    one_at_a_time(session, f"alert {kind}")
    before = level(session, kind)
    if reached == before or 0 < reached < before:  # an alert that goes on never sinks: it ends, or it rises
        return None
    step = Alert(kind=kind, level=reached, at=now, oldest_seconds=int(age.total_seconds()))
    session.add(step)
    session.flush()
    return step


def tell(database: Database, command: str, now: datetime) -> int:
    """Tell what was not told yet, the oldest first, by the log and by the command if there is one; how many it took.

    The command gets one JSON object on its standard input, without any person in it. One that fails or takes longer
    than half a minute is asked again at the next call, for six hours.
    """
    with database.read() as session:
        waiting = _untold(session, now)
    told = 0
    for step in waiting:
        if not _run(command, step):
            break
        database.write(lambda session, number=step.id: _note_told(session, number, now))  # type: ignore[misc]
        told += 1
    return told


def _untold(session: Session, now: datetime) -> Sequence[Alert]:
    unsaid = select(Alert).where(col(Alert.told_at).is_(None), Alert.at > now - TOLD_FOR)
    return session.exec(unsaid.order_by(col(Alert.id))).all()


def _note_told(session: Session, number: int | None, now: datetime) -> None:
    session.get_one(Alert, number).told_at = now


def _run(command: str, step: Alert) -> bool:
    _log(step)
    if not command:
        return True
    said = {
        "alert": step.kind, "level": step.level, "over": step.level == 0, "at": step.at.isoformat(timespec="seconds"),
        "oldest_seconds": step.oldest_seconds,
    }  # fmt: skip
    try:
        subprocess.run(  # noqa: S603 (ops' own setting)
            shlex.split(command), input=json.dumps(said).encode(), check=True, timeout=COMMAND_SECONDS,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, ValueError, subprocess.SubprocessError) as failed:
        log.error("alert command failed", exc_info=failed)
        return False
    return True


def _log(step: Alert) -> None:
    if step.kind == REFUSES and step.level:
        log.error("relay refuses us")
    elif step.kind == REFUSES:
        log.info("relay takes us again")
    elif step.level:
        log.error("mail waits", seconds=step.oldest_seconds, count=step.level)
    else:
        log.info("mail waits no more")

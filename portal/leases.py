"""Who is alive: each worker's heartbeat.

Owns `heartbeat`. Readiness asks for a living worker here, so that a dead one is noticed before the first late mail.
"""

from datetime import datetime, timedelta

from sqlalchemy import String, delete, or_
from sqlmodel import Session, SQLModel, col, func, select

from portal.db import UTCDateTime, column

ALIVE = timedelta(seconds=60)


class Heartbeat(SQLModel, table=True):
    """The last sign of life of one worker process."""

    __tablename__ = "heartbeat"
    worker: str = column(String(60), primary_key=True, personal=None)
    at: datetime = column(UTCDateTime, personal=None)


def beat(session: Session, worker: str, now: datetime) -> None:
    """Note that this worker lives; forget those silent for a day, and what a clock gone wrong wrote ahead of time."""
    session.merge(Heartbeat(worker=worker, at=now))
    old, ahead = col(Heartbeat.at) < now - timedelta(days=1), col(Heartbeat.at) > now + ALIVE
    session.execute(delete(Heartbeat).where(or_(old, ahead)))


def worker_lives(session: Session, now: datetime) -> bool:
    """Whether any worker gave a sign of life within a minute."""
    beat_at = latest(session, now)
    return beat_at is not None and now - beat_at < ALIVE


def latest(session: Session, now: datetime) -> datetime | None:
    """When any worker last gave a sign of life; None where none did within a day.

    One from the future says nothing: the clock was wrong then, and its worker may be long dead.
    """
    return session.exec(select(func.max(Heartbeat.at)).where(col(Heartbeat.at) <= now + ALIVE)).one()

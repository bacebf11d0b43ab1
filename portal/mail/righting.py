"""Righting: mails that a wrong clock put into the future are brought back to the present.

A clock that ran ahead leaves mails that are queued or due when it will never be again for hours; one that is set back
makes such mails of all that wait. Nothing here is sent sooner than it should be by more than one wait.
"""

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col

from portal.db import affected
from portal.mail.mails import OPEN, Mail
from portal.mail.retrying import Patience

APART = timedelta(minutes=1)  # by which the clocks of two hosts may differ


def bring_back(session: Session, now: datetime, patience: Patience) -> int:
    """Make due now what was queued in the future, or is due later than any wait ends; how many mails that were."""
    waiting = col(Mail.state).in_(OPEN)
    unborn = update(Mail).where(waiting, col(Mail.queued_at) > now + APART).values(queued_at=now, due_at=now)
    stranded = update(Mail).where(waiting, col(Mail.due_at) > now + patience.longest + APART).values(due_at=now)
    return affected(session, unborn) + affected(session, stranded)

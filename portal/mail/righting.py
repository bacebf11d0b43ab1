"""Righting: mails in the hands of workers that died are taken back, those in a false future brought to the present.

A clock that ran ahead leaves mails that are queued or due when it will never be again for hours; one that is set back
makes such mails of all that wait. Nothing here is sent sooner than it should be by more than one wait.
"""

from datetime import datetime, timedelta

from sqlalchemy import or_, update
from sqlmodel import Session, col, select

from portal.db import affected
from portal.mail import outbox
from portal.mail.mails import OPEN, Mail, Tried
from portal.mail.retrying import Patience

APART = timedelta(minutes=1)  # by which the clocks of two hosts may differ


def recover(session: Session, now: datetime, patience: Patience) -> int:
    """Take back the mails of workers that died; how many there were.

    Where the phase was `data` the relay may already have the mail: it becomes uncertain and is sent again later, with
    the same bytes; should its worker live and hear the answer yet, the kept token lets it say so. Any earlier, nothing
    was handed over: it is due at once. A lease that ends later than any can was taken under a clock that ran ahead.
    """
    over = or_(col(Mail.lease_until) < now, col(Mail.lease_until) > now + 2 * outbox.LEASE)
    expired = session.exec(select(Mail).where(Mail.state == "sending", over).with_for_update(skip_locked=True)).all()
    for mail in expired:
        if mail.phase == "data":
            lost = Tried("uncertain", "data", text="the worker ended before the relay answered")
            token = mail.lease_token
            if outbox.settle(session, mail, lost, "", now, now, patience) == "uncertain":
                affected(session, update(Mail).where(col(Mail.id) == mail.id).values(lease_token=token))
        else:
            outbox.release(session, [mail], now)
    return len(expired)


def bring_back(session: Session, now: datetime, patience: Patience) -> int:
    """Make due now what was queued in the future, or is due later than any wait ends; how many mails that were."""
    waiting = col(Mail.state).in_(OPEN)
    unborn = update(Mail).where(waiting, col(Mail.queued_at) > now + APART).values(queued_at=now, due_at=now)
    stranded = update(Mail).where(waiting, col(Mail.due_at) > now + patience.longest + APART).values(due_at=now)
    return affected(session, unborn) + affected(session, stranded)

"""Retention: what has had its time goes by itself. So far the bytes of mails, and what relays said of them.

They hold a person's words: thirty days after a mail is settled nobody needs them, and ninety days after it was queued
they go whatever became of it. Where a mail stood and what came of it stays; one that ops send anew is rendered anew.
"""

from datetime import datetime, timedelta

from sqlalchemy import or_
from sqlmodel import Session, col, select

from portal.db import Database
from portal.mail import returning
from portal.mail.mails import Mail, blank

SETTLED, AT_MOST = timedelta(days=30), timedelta(days=90)
AT_ONCE = 200  # mails a transaction


def blank_old_mails(database: Database, now: datetime) -> int:
    """Delete the bytes of every mail whose time is over, in short transactions; how many mails that were."""
    blanked = 0
    database.write(lambda session: returning.blank_old(session, now - SETTLED, now - AT_MOST))
    while True:
        with database.read() as session:
            if not _old(session, now):
                return blanked
        blanked += database.write(lambda session: _blank(session, now))


def _blank(session: Session, now: datetime) -> int:
    mails = _old(session, now)
    blank(session, mails, recipient=False)
    return len(mails)


def _old(session: Session, now: datetime) -> list[Mail]:
    is_over = or_(col(Mail.settled_at) < now - SETTLED, col(Mail.queued_at) < now - AT_MOST)
    holds = or_(col(Mail.raw).is_not(None), col(Mail.last_text).is_not(None))
    asked = select(Mail).where(holds, is_over, Mail.state != "sending").order_by(col(Mail.id)).limit(AT_ONCE)
    return list(session.exec(asked))

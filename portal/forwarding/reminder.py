"""The daily reminder: which enquiries were held and not looked at, and which have not reached their agency.

Counts and references, never a person.

One a day of Spain, to one address of ops, as long as there is something to say.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, exists
from sqlmodel import Session, col, func, select

from portal.db import one_at_a_time
from portal.forwarding import reckoning
from portal.language import locales
from portal.language.formats import ZONE
from portal.leads import Lead, LeadPerson
from portal.mail import outbox
from portal.mail.composing import Letter, Letterhead, written
from portal.mail.mails import Mail
from portal.settings import Settings

KIND = "reminder"
LISTED = 100  # references in one mail, the oldest first
_UNSEEN = (col(Lead.screening_seen_at).is_(None), exists().where(col(LeadPerson.lead_id) == Lead.id))
_HELD = (col(Lead.screening) == "held", *_UNSEEN)
_SPAM = (col(Lead.screening) == "spam", *_UNSEEN)


def queue_due(session: Session, settings: Settings, now: datetime) -> Mail | None:
    """Queue today's reminder where it is due; any number of workers make one of it.

    None where nobody is to be reminded, nothing waits unseen, or today's was queued already.
    """
    if not settings.ops_mail or not (_number(session, *_HELD) or reckoning.unreached(session, 0)[0]):
        return None
    today = f"day:{now.astimezone(ZONE):%Y-%m-%d}"
    one_at_a_time(session, f"{KIND} {today}")
    if session.exec(select(Mail.id).where(Mail.kind == KIND, Mail.about == today)).first() is not None:
        return None
    return outbox.queue(session, KIND, today, settings.ops_mail, locales.DEFAULT, now, settings.mail_domain)


def render(session: Session, mail: Mail, letterhead: Letterhead) -> Letter:
    """The reminder, as things stand when it is written."""
    oldest = select(Lead.reference, Lead.received_at).where(*_HELD).order_by(col(Lead.id)).limit(LISTED)
    leads, held = session.exec(oldest).all(), _number(session, *_HELD)
    lacking, unreached = reckoning.unreached(session, LISTED)
    failed = {"unreached": unreached, "lacking": lacking, "lacking_further": lacking - len(unreached)}
    facts = failed | {"leads": leads, "held": held, "further": held - len(leads), "spam": _number(session, *_SPAM)}
    return written(mail.kind, mail.locale, facts, automatic=True)


def _number(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.exec(select(func.count()).select_from(Lead).where(*conditions)).one()

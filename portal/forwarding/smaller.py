"""Smaller: a lead's mail that is too large for somebody on its way goes once more, without what is attached to it.

Which attachments a mail has follows from the agency's switches and from what was said of the mails before it; nothing
is written down twice.
"""

from datetime import datetime

from sqlmodel import Session, col, select

from portal import forwarding
from portal.catalogue import agencies
from portal.catalogue.agencies import Agency
from portal.forwarding.second import OPERATOR
from portal.leads import Lead, person_of
from portal.mail import outbox
from portal.mail.mails import Mail, MailAttempt

REASON = "too_large"


def attached(session: Session, mail: Mail, agency: Agency) -> tuple[str, ...]:
    """Which attachments a lead's mail has: those its agency wants, but none where one with them was too large."""
    return () if _was_too_large(session, mail) else tuple(agency.attachments)


def too_large(session: Session, mail: Mail, now: datetime) -> None:
    """Somebody found this mail too large: in its place goes a new one without attachments, a disclosure of its own.

    Once for each address. One that had none already, or whose lead nobody may get any more, stays parked.
    """
    parked = session.get_one(Mail, mail.id)
    lead = forwarding.lead_of(session, parked)
    if not attached(session, parked, session.get_one(Agency, lead.agency_id)) or not _may_go(session, lead, parked):
        return
    domain = parked.message_id.rpartition("@")[2].removesuffix(">")
    made = outbox.resend(session, parked, OPERATOR, REASON, now, domain)
    forwarding.intended_again(session, parked, made, now)


def _may_go(session: Session, lead: Lead, mail: Mail) -> bool:
    somebody = agencies.recipient(session, lead.agency_id, mail.role)
    return lead.screening == "forward" and somebody is not None and person_of(session, lead) is not None


def _was_too_large(session: Session, mail: Mail) -> bool:
    same = (Mail.kind == mail.kind, Mail.about == mail.about, Mail.role == mail.role, Mail.recipient == mail.recipient)
    tried = select(MailAttempt.id).join(Mail, col(Mail.id) == MailAttempt.mail_id)
    earlier = tried.where(*same, Mail.generation < mail.generation, MailAttempt.outcome == "size")
    return session.exec(earlier.limit(1)).first() is not None

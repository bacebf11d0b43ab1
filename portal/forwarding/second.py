"""The second contact: who gets a lead when the mail to the first does not arrive.

Asked for in the transaction that settles the first's failure, and only where a second contact is confirmed: its mail is
a disclosure of its own, with its own event. Whichever of the two is accepted first ends the tries of the other.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from sqlmodel import Session, col, select

from portal import forwarding
from portal.catalogue import agencies, succession
from portal.catalogue.agencies import Agency, Contact, Office
from portal.db import one_at_a_time
from portal.leads import Disclosure, Lead, person_of
from portal.mail import outbox
from portal.mail.mails import Mail, Tried
from portal.mail.outbox import MailIsUnderWay

ROLE = "second"
OPERATOR = "portal"  # who cancels, as the ledger names it


def passed(session: Session, mails: Sequence[Mail], now: datetime) -> None:
    """The relay took the mails: the disclosures have happened, and other contacts need not be tried any more."""
    forwarding.passed(session, mails, now)
    _wait_for_others(session, mails)
    roles = {mail.about: mail.role for mail in mails}
    waiting = (col(Mail.about).in_(roles), Mail.kind == forwarding.KIND, col(Mail.state).in_(outbox.OPEN))
    for number, about, role in session.exec(select(Mail.id, Mail.about, Mail.role).where(*waiting)).all():
        if role != roles[about]:
            with suppress(MailIsUnderWay):  # a worker has it just now: whoever settles it asks `stop_if_reached`
                other = session.get_one(Mail, number)
                outbox.cancel(session, other, OPERATOR, f"{roles[about]}_contact_reached", now)


def failing(session: Session, mail: Mail, tried: Tried, now: datetime) -> None:
    """The contact of this mail cannot be reached for now, or for good: pass the lead to the agency's second contact.

    Once for each lead. Nobody is asked where no second contact is confirmed, or the lead's person is erased: then it
    stands before ops as it is.
    """
    failed = _contact(session, mail)
    if failed is not None and tried.outcome == "refused":
        succession.note_refusal(session, failed, tried.enhanced or str(tried.code or ""), _domain(mail), now)
    lead = forwarding.lead_of(session, mail)
    if mail.role == ROLE or lead.screening != "forward" or person_of(session, lead) is None:
        return
    if any(other.role == ROLE for other in _others(session, mail)):
        return
    found = _second(session, lead, failed)
    if found is not None:
        agency = session.get_one(Agency, lead.agency_id)
        forwarding.forward(session, lead, agency, *found, domain=_domain(mail), now=now)


def stop_if_reached(session: Session, mail: Mail, now: datetime) -> None:
    """Where the agency's other contact has the lead by now, this mail is not tried again."""
    reached = [other for other in _others(session, mail) if other.role != mail.role and other.state in outbox.REACHED]
    if reached:
        held = session.get_one(Mail, mail.id)  # the one given was claimed in another session
        outbox.cancel(session, held, OPERATOR, f"{reached[0].role}_contact_reached", now)


def arrived(session: Session, mail: Mail, now: datetime) -> None:
    """A report says that this mail is in its mailbox: whatever was said of that before is over."""
    contact = _contact(session, mail)
    if contact is not None:
        agencies.note_arrival(session, contact)


def stands_in(session: Session, mail: Mail) -> bool:
    """Whether this mail goes to a second contact because the first one's did not arrive."""
    return mail.role == ROLE and any(other.role != ROLE for other in _others(session, mail))


def _domain(mail: Mail) -> str:
    return mail.message_id.rpartition("@")[2].removesuffix(">")


def _wait_for_others(session: Session, mails: Sequence[Mail]) -> None:
    # Where both contacts' mails are settled at once, whoever comes second must see what became of the first one's.
    one_at_a_time(session, *(f"contacts {mail.about}" for mail in mails))


def _others(session: Session, mail: Mail) -> list[Mail]:
    _wait_for_others(session, [mail])
    others = (Mail.about == mail.about, Mail.kind == mail.kind, Mail.id != mail.id)
    return list(session.exec(select(Mail).where(*others).order_by(col(Mail.id))))


def _contact(session: Session, mail: Mail) -> Contact | None:
    asked = (
        select(Contact).join(Disclosure, col(Disclosure.contact_id) == Contact.id).where(Disclosure.mail_id == mail.id)
    )
    return session.exec(asked).first()


def _second(session: Session, lead: Lead, failed: Contact | None) -> tuple[Contact, Office] | None:
    found = agencies.recipient(session, lead.agency_id, ROLE)
    if found is None or found[0].role != ROLE or (failed is not None and found[0].id == failed.id):
        return None
    return found

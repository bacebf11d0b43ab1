"""Reconciling: leads that should be on their way to their agency and have no mail are found, told and put right.

A lead and its mail are one transaction, so there should be none: this is for what nobody thought of, such as a row
that was removed by hand. Looks without the write lock; writes only where it found something.
"""

from datetime import datetime, timedelta

from sqlalchemy import exists
from sqlmodel import Session, col, select

from portal import forwarding
from portal.db import Database
from portal.leads import Lead, LeadPerson
from portal.mail import outbox
from portal.mail.mails import Mail
from portal.observing import log

LATELY = timedelta(days=2)  # looked through every minute; everything, once an hour
AT_ONCE = 100  # leads, or mails, a transaction


def reconcile(database: Database, domain: str, now: datetime, everything: bool = False) -> int:
    """Forward every lead that lacks its mail, park every mail that is too old to be tried; how many were put right."""
    since = None if everything else now - LATELY
    with database.read() as session:
        lacking = _lacking(session, since)
        is_old = outbox.has_overdue(session, now)
    mended = sum(database.write(lambda session, one=number: _mend(session, one, domain, now)) for number in lacking)  # type: ignore[misc]
    if is_old:
        parked = database.write(lambda session: outbox.park_overdue(session, now, AT_ONCE))
        log.error("mail too old to be tried", count=parked)
        mended += parked
    return mended


def _lacking(session: Session, since: datetime | None) -> list[int]:
    has_mail = exists().where(col(Mail.about) == "lead:" + col(Lead.reference), col(Mail.kind) == forwarding.KIND)
    conditions = [col(Lead.received_at) >= since] if since else []
    found = session.exec(
        select(Lead.id)
        .where(
            Lead.screening == "forward", col(Lead.parked_reason).is_(None), ~has_mail,
            exists().where(col(LeadPerson.lead_id) == Lead.id), *conditions,
        )
        .order_by(col(Lead.id)).limit(AT_ONCE)
    ).all()  # fmt: skip
    return [number for number in found if number is not None]


def _mend(session: Session, number: int, domain: str, now: datetime) -> bool:
    # Locked and asked once more: it may have been mended, screened out or erased since.
    lead = session.exec(select(Lead).where(Lead.id == number).with_for_update(key_share=True)).one()
    if lead.screening != "forward" or lead.parked_reason is not None or session.get(LeadPerson, number) is None:
        return False
    if any(mail.kind == forwarding.KIND for mail in outbox.about(session, forwarding.about(lead))):
        return False
    log.error("lead without a mail", lead=lead.reference)
    forwarding.pass_on(session, lead, domain=domain, now=now)
    return True

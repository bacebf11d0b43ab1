"""Releasing: a held lead goes on to its agency, by its visitor's link or by ops; what is spam stays, by ops.

Each change is a ledger event with who and why. Nothing is ever deleted here, and no visitor is mailed.
"""

from contextlib import suppress
from datetime import datetime

from sqlmodel import Session, col, select

from portal import forwarding, ledger
from portal.forwarding import confirmation
from portal.leads import Confirmation, Lead, disclosures_of, person_of
from portal.mail import outbox
from portal.mail.outbox import Mail, MailIsUnderWay
from portal.signing import Signer, TokenRefused

VISITOR = "the visitor"
BY_LINK = "the link mailed to the address of the enquiry"


class NotHeld(Exception):
    """The lead does not wait for a release, or for what was asked; the message says where it stands."""


class ReleaseVoid(Exception):
    """The link was one of ours; a person has decided otherwise meanwhile, or the person of the lead is erased."""


def linked(session: Session, signer: Signer, token: str) -> Lead:
    """The lead a release link is for, held or released by now. Raises `TokenRefused` and `ReleaseVoid`."""
    nonce = signer.read(confirmation.RELEASE, token)
    if not isinstance(nonce, str):
        raise TokenRefused("not one of our tokens")
    lead = session.exec(select(Lead).where(Lead.release_nonce == nonce)).one_or_none()
    if lead is None or lead.screening == "spam" or person_of(session, lead) is None:
        raise ReleaseVoid("a person decided otherwise, or the person of the lead is erased")
    return lead


def release_by_link(session: Session, signer: Signer, token: str, domain: str, now: datetime) -> Lead:
    """Release the lead of a link; once, whoever clicks how often. Raises as `linked`."""
    lead = linked(session, signer, token)
    _lock(session, lead)
    if lead.screening == "spam" or lead.release_nonce is None:  # taken for spam, or erased, a moment ago
        raise ReleaseVoid(lead.reference)
    if lead.screening == "held":
        _release(session, lead, VISITOR, BY_LINK, domain, now)
    return lead


def release(session: Session, lead: Lead, by: str, reason: str, domain: str, now: datetime) -> None:
    """Ops release what was held or taken for spam. Raises `NotHeld` where it is neither, or nobody is left in it."""
    _lock(session, lead)
    if lead.screening == "forward":
        raise NotHeld(f"{lead.reference} is neither held nor spam")
    if person_of(session, lead) is None:
        raise NotHeld(f"{lead.reference} has no person any more; there is nothing to pass on")
    mark_seen(lead, by, now)
    _release(session, lead, by, reason, domain, now)
    _withdraw_link(session, lead, by, reason, now)


def mark_spam(session: Session, lead: Lead, by: str, reason: str, now: datetime) -> None:
    """Ops take a lead for spam that was not passed on: a held or a parked one. Raises `NotHeld` for any other."""
    _lock(session, lead)
    if disclosures_of(session, lead):
        raise NotHeld(f"{lead.reference} has been passed on already")
    if lead.screening == "spam":
        raise NotHeld(f"{lead.reference} is taken for spam already")
    _record(session, "lead_marked_spam", lead, by, reason, now)
    lead.screening, lead.parked_reason = "spam", None
    mark_seen(lead, by, now)
    _withdraw_link(session, lead, by, reason, now)


def mark_seen(lead: Lead, by: str, now: datetime) -> None:
    """Note that a person of ops looked at a lead that is held or taken for spam; the first look counts."""
    if lead.screening != "forward" and lead.screening_seen_at is None:
        lead.screening_seen_at, lead.screening_seen_by = now, by


def _lock(session: Session, lead: Lead) -> None:
    # Of two who act at once the second sees what the first did.
    session.refresh(lead, with_for_update=True)


def _release(session: Session, lead: Lead, by: str, reason: str, domain: str, now: datetime) -> None:
    _record(session, "lead_released", lead, by, reason, now)
    lead.screening, lead.released_at, lead.released_by, lead.release_reason = "forward", now, by, reason
    forwarding.pass_on(session, lead, domain=domain, now=now)


def _record(session: Session, event: str, lead: Lead, by: str, reason: str, now: datetime) -> None:
    said = {"lead": lead.reference, "from": lead.screening, "by": by, "reason": reason}
    ledger.record(session, event, now, business=said)


def _withdraw_link(session: Session, lead: Lead, by: str, reason: str, now: datetime) -> None:
    # A link still in the outbox would lead nowhere; one that a worker is just sending goes, and says so itself.
    waiting = (
        select(Mail)
        .join(Confirmation, col(Confirmation.mail_id) == Mail.id)
        .where(Confirmation.lead_id == lead.id, Mail.kind == confirmation.RELEASE, col(Mail.state).in_(outbox.OPEN))
    )
    for mail in session.exec(waiting):
        with suppress(MailIsUnderWay):
            outbox.cancel(session, mail, by, reason, now)

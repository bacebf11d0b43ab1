"""Succession: nobody takes over an agency's leads unless those who receive them agree, or ops do with a reason.

A contact that ops enter beside one who receives leads already needs two clicks: its own, which shows that the address
is right, and that of the present contact. A mail alone, or a mistyped address, moves no leads. Where a mailbox is
refused, its agency is told by its other contact; where there is none, `portal check` gives ops the phone number.
"""

from datetime import datetime

from sqlmodel import Session, col, func, select

from portal import addresses
from portal.catalogue import agencies, invitations
from portal.catalogue.agencies import Agency, Contact, Office
from portal.catalogue.invitations import InvitationVoid
from portal.mail import outbox
from portal.mail.composing import Letter, Letterhead, written
from portal.mail.mails import Mail
from portal.signing import Signer, TokenRefused

KIND, REFUSED = "succession", "mailbox"
PURPOSE = "contact_succession"


def present(session: Session, contact: Contact) -> Contact | None:
    """Who must agree before this contact receives leads: its predecessor, else whoever else receives them now."""
    receiving = select(Contact).where(
        Contact.office_id == contact.office_id,
        Contact.id != contact.id,
        col(Contact.confirmed_at).is_not(None),
        col(Contact.retired_at).is_(None),
    )
    return session.exec(receiving.order_by(col(Contact.role) != contact.role, col(Contact.id))).first()


def ask(session: Session, contact: Contact, office: Office, *, domain: str, now: datetime) -> Mail | None:
    """Queue the mail that asks the present contact whether it agrees; None where nobody has to."""
    asked = present(session, contact)
    if asked is None:
        return None
    return outbox.queue(session, KIND, f"contact:{contact.id}", asked.email, office.locale, now, domain)


def prove(session: Session, contact: Contact, now: datetime) -> None:
    """The contact clicked its link. It receives the leads from now on where nobody has to agree, or has agreed."""
    contact.proved_at = contact.proved_at or now
    _confirm_if_ready(session, contact, now)


def agree(session: Session, contact: Contact, by: Contact, now: datetime) -> None:
    """The present contact agrees to its successor, who receives the leads once its own address is shown to be right."""
    if contact.agreed_at is None:
        contact.agreed_at, contact.agreed_by = now, by.id
    _confirm_if_ready(session, contact, now)


def token(signer: Signer, contact: Contact, asked: Contact) -> str:
    """What the present contact's link carries: both, and the address that it is asked about."""
    return signer.sign(PURPOSE, [contact.id, asked.id, invitations.fingerprint(signer, contact.email)])


def read(session: Session, signer: Signer, presented: str) -> tuple[Contact, Contact]:
    """The contact to come and the present one that a link was sent to. Raises `InvitationVoid`."""
    try:
        number, by, fingerprint = signer.read(PURPOSE, presented)
    except (TokenRefused, ValueError, TypeError):
        raise InvitationVoid("not one of our links") from None
    contact, asked = session.get(Contact, number), session.get(Contact, by)
    if contact is None or asked is None or fingerprint != invitations.fingerprint(signer, contact.email):
        raise InvitationVoid("this contact has another address by now")
    is_over = contact.confirmed_at is None and asked.retired_at is not None
    if contact.retired_at is not None or is_over:
        raise InvitationVoid("who was asked receives nothing any more")
    return contact, asked


def render(session: Session, mail: Mail, letterhead: Letterhead) -> Letter:
    """The question to the present contact, in the office's language. Raises `InvitationVoid` where it is over."""
    contact = session.get_one(Contact, int(mail.about.removeprefix("contact:")))
    asked = present(session, contact)
    if asked is None or asked.email != mail.recipient or contact.retired_at is not None:
        raise InvitationVoid("who was to be asked receives nothing any more")
    agency = agency_of(session, contact)
    facts = {
        "agency": agency.name, "email": contact.email, "replaces": contact.role == asked.role,
        "address": letterhead.link(addresses.confirm_contact(mail.locale, token(letterhead.signer, contact, asked))),
    }  # fmt: skip
    return written(mail.kind, mail.locale, facts, automatic=True, headers={"Feedback-ID": f"{KIND}:immomarket"})


def note_refusal(session: Session, contact: Contact, code: str, domain: str, now: datetime) -> None:
    """Write down that a contact's mailbox is refused, and tell its agency by its other contact, once each time."""
    was_known = contact.refused_at is not None
    agencies.note_refusal(session, contact, code, now)
    other = present(session, contact)
    if was_known or other is None or other.refused_at is not None:
        return
    about, office = f"contact:{contact.id}", session.get_one(Office, contact.office_id)
    newest = select(func.max(col(Mail.generation))).where(Mail.kind == REFUSED, Mail.about == about)
    outbox.queue(
        session, REFUSED, about, other.email, office.locale, now, domain,
        generation=(session.exec(newest).one() or 0) + 1,
    )  # fmt: skip


def render_refused(session: Session, mail: Mail, letterhead: Letterhead) -> Letter:
    """What the agency is told of its refused mailbox, in the office's language."""
    contact = session.get_one(Contact, int(mail.about.removeprefix("contact:")))
    facts = {
        "agency": agency_of(session, contact).name, "email": contact.email,
        "address": letterhead.link(addresses.contact(mail.locale)),
    }  # fmt: skip
    return written(mail.kind, mail.locale, facts, automatic=True, headers={"Feedback-ID": f"{REFUSED}:immomarket"})


def agency_of(session: Session, contact: Contact) -> Agency:
    """The agency a contact belongs to."""
    return session.get_one(Agency, session.get_one(Office, contact.office_id).agency_id)


def _confirm_if_ready(session: Session, contact: Contact, now: datetime) -> None:
    # One that receives leads already says by its link that its mailbox takes mail again.
    agreed = contact.confirmed_at is not None or contact.agreed_at is not None or present(session, contact) is None
    if contact.proved_at is not None and agreed:
        agencies.confirm(session, contact, now, "link")

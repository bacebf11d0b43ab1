"""Invitations: a contact confirms its address by a link mailed to it, before any lead goes there.

The link is bound to the contact and to the address it was sent to: when ops change the address, the old link is worth
nothing. The click itself is a page with a button, because mail filters follow links.
"""

from datetime import datetime

from sqlmodel import Session, col, func, select

from portal import addresses
from portal.catalogue.agencies import Agency, Contact, Office
from portal.mail import outbox
from portal.mail.composing import Letter, Letterhead, written
from portal.mail.mails import Mail
from portal.signing import Signer, TokenRefused

KIND = "invitation"
PURPOSE = "contact"


class InvitationVoid(Exception):
    """The link is not ours, or it was for an address this contact no longer has."""


def invite(session: Session, contact: Contact, office: Office, *, domain: str, now: datetime) -> Mail:
    """Queue the mail that asks a contact to confirm its address; each call sends another."""
    about = f"contact:{contact.id}"
    before = session.exec(select(func.max(col(Mail.generation))).where(Mail.kind == KIND, Mail.about == about)).one()
    return outbox.queue(
        session, KIND, about, contact.email, office.locale, now, domain, generation=(before or 0) + 1
    )  # fmt: skip


def token(signer: Signer, contact: Contact) -> str:
    """What the link carries: the contact's number and a fingerprint of its present address."""
    return signer.sign(PURPOSE, [contact.id, fingerprint(signer, contact.email)])


def read(session: Session, signer: Signer, presented: str) -> Contact:
    """The contact a link was sent to, confirmed or not. Raises `InvitationVoid`."""
    try:
        number, bound = signer.read(PURPOSE, presented)
    except (TokenRefused, ValueError, TypeError):
        raise InvitationVoid("not one of our links") from None
    contact = session.get(Contact, number)
    if contact is None or contact.retired_at is not None or bound != fingerprint(signer, contact.email):
        raise InvitationVoid("this contact has another address by now")
    return contact


def render(session: Session, mail: Mail, letterhead: Letterhead) -> Letter:
    """The invitation, in the office's language. Raises `InvitationVoid` where the address changed after queueing."""
    contact = session.get_one(Contact, int(mail.about.removeprefix("contact:")))
    if contact.email != mail.recipient or contact.retired_at is not None:
        raise InvitationVoid("a link must not reach an address the contact no longer has")
    office = session.get_one(Office, contact.office_id)
    facts = {
        "agency": session.get_one(Agency, office.agency_id).name,
        "town": office.town,
        "address": letterhead.link(addresses.confirm_contact(mail.locale, token(letterhead.signer, contact))),
    }
    return written(mail.kind, mail.locale, facts, automatic=True, headers={"Feedback-ID": f"{KIND}:immomarket"})


def fingerprint(signer: Signer, email: str) -> str:
    """What a link carries of the address it is about."""
    return signer.fingerprint(PURPOSE, email.casefold())[:32]

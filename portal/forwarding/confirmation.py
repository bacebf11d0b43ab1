"""What visitors are told: the confirmation of their enquiry, or in its place the link that releases a held one; and,
only if they wished for it, that the agency says it has answered.

Holds no word the visitor typed, not even the name: whoever types a stranger's address into the form must not be able
to send that stranger a text. The stranger stops all such mail with one click.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from portal import addresses, forwarding
from portal.catalogue.agencies import Agency
from portal.consent.controller import CONTROLLER
from portal.consent.notices import RECORDER, Notice
from portal.db import affected
from portal.forwarding import stopping
from portal.leads import Confirmation, Erased, Lead, StatusLink, person_of
from portal.mail import outbox
from portal.mail.composing import Letter, Letterhead, written
from portal.mail.mails import Mail
from portal.receipts import links

KIND = "confirmation"
RELEASE = "release"
ANSWERED = "answered"


def render(session: Session, mail: Mail, letterhead: Letterhead) -> Letter:
    """The confirmation of every lead this mail stands for, in the language of the visitor's page."""
    rows = _told(session, mail)
    recorded = [
        {"lead": lead, "agency": agency.name, "address": _status(session, lead, letterhead),
         "receipt": _receipt(session, lead, letterhead)}
        for lead, agency in rows
    ]  # fmt: skip
    return _written(session, mail, letterhead, [lead for lead, _ in rows], {"recorded": recorded})


def render_release(session: Session, mail: Mail, letterhead: Letterhead) -> Letter:
    """The link that releases a held lead, with what a confirmation would have said."""
    ((lead, agency),) = _told(session, mail)
    token = letterhead.signer.sign(RELEASE, lead.release_nonce)
    facts = {
        "lead": lead,
        "agency": agency.name,
        "release": letterhead.link(addresses.release(lead.locale, token)),
        "address": _status(session, lead, letterhead),
        "receipt": _receipt(session, lead, letterhead),
    }
    return _written(session, mail, letterhead, [lead], facts)


def sent_again(session: Session, mail: Mail, made: Mail, now: datetime) -> None:
    """Ops send such a mail anew: the new one stands for the same leads. Raises `stopping.Stopped` and `Erased`."""
    if not mail.recipient:
        raise Erased("the person this mail went to is erased")
    named = select(Confirmation).where(Confirmation.mail_id == mail.id)
    for told in session.exec(named):
        stopping.refuse_stopped(session, told.address_fingerprint)
    affected(session, update(Confirmation).where(col(Confirmation.mail_id) == mail.id).values(mail_id=made.id))


def wish_answer(session: Session, lead: Lead, now: datetime) -> None:
    """The visitor wants a mail once the agency says that it has answered. Wishing twice is wishing once."""
    wished = (col(Confirmation.lead_id) == lead.id, col(Confirmation.answer_wished_at).is_(None))
    affected(session, update(Confirmation).where(*wished).values(answer_wished_at=now))


def wishes_answer(session: Session, lead: Lead) -> bool:
    """Whether the visitor asked for that mail."""
    told = _of_lead(session, lead)
    return told is not None and told.answer_wished_at is not None


def tell_answered(session: Session, lead: Lead, domain: str, now: datetime) -> Mail | None:
    """Queue the mail that the agency has answered, once for each lead: to who wished for it and did not stop us."""
    told, person = _of_lead(session, lead), person_of(session, lead)
    if told is None or told.answer_wished_at is None or person is None:
        return None
    about = forwarding.about(lead)
    if any(mail.kind == ANSWERED for mail in outbox.about(session, about)):
        return None
    if stopping.is_stopped(session, told.address_fingerprint):
        return None
    return outbox.queue(session, ANSWERED, about, person.email, lead.locale, now, domain)


def render_answered(session: Session, mail: Mail, letterhead: Letterhead) -> Letter:
    """That the agency says it has answered, in the language of the visitor's page. Raises `Erased`."""
    lead = forwarding.lead_of(session, mail)
    if person_of(session, lead) is None:
        raise Erased(f"the person of {lead.reference} is erased")
    facts = {
        "lead": lead,
        "agency": session.get_one(Agency, lead.agency_id),
        "address": _status(session, lead, letterhead),
        "receipt": _receipt(session, lead, letterhead),
    }
    return _written(session, mail, letterhead, [lead], facts)


def answered_again(session: Session, mail: Mail, made: Mail, now: datetime) -> None:
    """Ops send that mail anew. Raises `stopping.Stopped` and `Erased`."""
    told = _of_lead(session, forwarding.lead_of(session, mail))
    if told is None or not mail.recipient:
        raise Erased("the person this mail went to is erased")
    stopping.refuse_stopped(session, told.address_fingerprint)


def _of_lead(session: Session, lead: Lead) -> Confirmation | None:
    return session.exec(select(Confirmation).where(Confirmation.lead_id == lead.id)).one_or_none()


def _told(session: Session, mail: Mail) -> list[tuple[Lead, Agency]]:
    return list(
        session.exec(
            select(Lead, Agency)
            .join(Confirmation, col(Confirmation.lead_id) == Lead.id)
            .join(Agency, col(Agency.id) == Lead.agency_id)
            .where(Confirmation.mail_id == mail.id)
            .order_by(col(Lead.id))
        )
    )


def _written(session: Session, mail: Mail, letterhead: Letterhead, leads: list[Lead], facts: dict[str, Any]) -> Letter:
    stop = stopping.link(letterhead, mail.recipient, mail.locale)
    around = {
        "notices": [session.get_one(Notice, number) for number in dict.fromkeys(lead.notice_id for lead in leads)],
        "recorder": RECORDER,
        "controller": CONTROLLER,
        "stop": stop,
    }
    return written(
        mail.kind, mail.locale, facts | around, automatic=True, headers={"Feedback-ID": f"{mail.kind}:immomarket"},
        stop=stop,
    )  # fmt: skip


def _status(session: Session, lead: Lead, letterhead: Letterhead) -> str:
    nonces = select(StatusLink.nonce).where(StatusLink.lead_id == lead.id).order_by(col(StatusLink.created_at))
    nonce = session.exec(nonces).first()
    if nonce is None:
        return ""
    return letterhead.link(addresses.status(lead.locale, letterhead.signer.sign("status", nonce)))


def _receipt(session: Session, lead: Lead, letterhead: Letterhead) -> str:
    path = links.address(session, lead, letterhead.signer)
    return letterhead.link(path) if path else ""

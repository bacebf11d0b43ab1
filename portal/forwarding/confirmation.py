"""The visitor's confirmation: what was recorded, to whom it goes, what was shown, where it stands.

Holds no word the visitor typed, not even the name: whoever types a stranger's address into the form must not be able
to send that stranger a text.
"""

from sqlalchemy import update
from sqlmodel import Session, col, select

from portal import addresses
from portal.catalogue.agencies import Agency
from portal.consent.notices import RECORDER, Notice
from portal.db import affected
from portal.leads import Confirmation, Lead, StatusLink
from portal.mail.composing import Letter, Letterhead, written
from portal.mail.outbox import Mail

KIND = "confirmation"
CONTROLLER = (RECORDER, "Calle Alfredo Palma 10", "29603 Marbella, Málaga", "Spain")


def render(session: Session, mail: Mail, letterhead: Letterhead) -> Letter:
    """The confirmation of every lead this mail stands for, in the language of the visitor's page."""
    rows = session.exec(
        select(Lead, Agency)
        .join(Confirmation, col(Confirmation.lead_id) == Lead.id)
        .join(Agency, col(Agency.id) == Lead.agency_id)
        .where(Confirmation.mail_id == mail.id)
        .order_by(col(Lead.id))
    ).all()
    recorded = [
        {"lead": lead, "agency": agency.name, "address": _status(session, lead, letterhead)} for lead, agency in rows
    ]
    numbers = dict.fromkeys(lead.notice_id for lead, _ in rows)
    facts = {
        "recorded": recorded,
        "notices": [session.get_one(Notice, number) for number in numbers],
        "recorder": RECORDER,
        "controller": CONTROLLER,
    }
    return written(mail.kind, mail.locale, facts, automatic=True, headers={"Feedback-ID": f"{KIND}:immomarket"})


def sent_again(session: Session, mail: Mail, made: Mail, now: object) -> None:
    """Ops send a confirmation anew: the new mail stands for the same leads."""
    affected(session, update(Confirmation).where(col(Confirmation.mail_id) == mail.id).values(mail_id=made.id))


def _status(session: Session, lead: Lead, letterhead: Letterhead) -> str:
    nonces = select(StatusLink.nonce).where(StatusLink.lead_id == lead.id).order_by(col(StatusLink.created_at))
    nonce = session.exec(nonces).first()
    if nonce is None:
        return ""
    return letterhead.link(addresses.status(lead.locale, letterhead.signer.sign("status", nonce)))

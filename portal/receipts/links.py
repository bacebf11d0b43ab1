"""The way to a receipt: one secret for each lead, sent in its visitor's mail alone and shown on no page.

Owns `receipt_link`. The address carries the nonce signed; the table alone opens nothing. With the person of the lead
the receipt is gone for good.
"""

import secrets
from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String
from sqlmodel import Session, SQLModel, select

from portal import addresses, ledger
from portal.db import UTCDateTime, column
from portal.leads import Lead, person_of
from portal.signing import Signer, TokenRefused

PURPOSE = "receipt"


class ReceiptGone(Exception):
    """The link was one of ours; the person of the lead is erased, and the receipt with it."""


class ReceiptLink(SQLModel, table=True):
    """One lead's way to its receipt."""

    __tablename__ = "receipt_link"
    lead_id: int = column(Integer, ForeignKey("lead.id"), primary_key=True, personal=None)
    nonce: str = column(String(32), unique=True, personal="receipt_link")
    issued_at: datetime = column(UTCDateTime, personal=None)


def issue(session: Session, lead: Lead, now: datetime) -> ReceiptLink:
    """Give a lead its receipt, once; the ledger records that it was given, never its address."""
    assert lead.id is not None
    link = ReceiptLink(lead_id=lead.id, nonce=secrets.token_hex(16), issued_at=now)
    session.add(link)
    ledger.record(session, "receipt_issued", now, business={"lead": lead.reference})
    return link


def address(session: Session, lead: Lead, signer: Signer) -> str:
    """The path of a lead's receipt, in the language of its visitor's page; empty once it is gone."""
    link = session.get(ReceiptLink, lead.id)
    return "" if link is None else addresses.receipt(lead.locale, signer.sign(PURPOSE, link.nonce))


def linked(session: Session, signer: Signer, token: str) -> Lead:
    """The lead whose receipt an address leads to. Raises `TokenRefused`, and `ReceiptGone` after an erasure."""
    nonce = signer.read(PURPOSE, token)
    if not isinstance(nonce, str):
        raise TokenRefused("not one of our tokens")
    link = session.exec(select(ReceiptLink).where(ReceiptLink.nonce == nonce)).one_or_none()
    lead = session.get(Lead, link.lead_id) if link else None
    if lead is None or person_of(session, lead) is None:
        raise ReceiptGone
    return lead

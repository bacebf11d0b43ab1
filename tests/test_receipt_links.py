"""The way to a receipt: one for each lead, whoever enquired before there were receipts included."""

import pytest
from alembic import command
from alembic.config import Config
from sqlmodel import Session, select

from portal.db import Database
from portal.leads import Lead, LeadPerson
from portal.ledger import LedgerEvent, payloads_of
from portal.receipts import links
from portal.receipts.links import ReceiptGone, ReceiptLink
from portal.settings import ROOT
from portal.signing import TokenRefused
from tests.cast import SIGNER
from tests.test_mail_letters import receive


def way(database: Database, lead: Lead) -> str:
    """The token in the address of a lead's receipt."""
    with database.read() as session:
        return links.address(session, lead, SIGNER).rpartition("/")[2]


def test_each_lead_has_one_way_to_its_receipt_and_the_ledger_knows_of_it_but_not_the_way(database):
    lead = receive(database).lead
    token = way(database, lead)
    with database.read() as session:
        assert links.linked(session, SIGNER, token).reference == lead.reference
        link = session.exec(select(ReceiptLink)).one()
        event = session.exec(select(LedgerEvent).where(LedgerEvent.type == "receipt_issued")).one()
        (half,) = payloads_of(session, event.id)
    assert event.about == lead.reference and link.nonce.encode() not in half.payload


def test_with_the_person_the_receipt_is_gone_and_a_strangers_token_was_never_one(database):
    lead = receive(database).lead
    token = way(database, lead)
    database.write(lambda session: session.delete(session.get_one(LeadPerson, lead.id)))
    with database.read() as session:
        with pytest.raises(ReceiptGone):
            links.linked(session, SIGNER, token)
        for forged in (token[:-1], SIGNER.sign("status", "a"), SIGNER.sign("receipt", ["a"])):
            with pytest.raises(TokenRefused):
                links.linked(session, SIGNER, forged)


def test_leads_of_before_there_were_receipts_are_given_theirs(database):
    lead = receive(database).lead
    token = way(database, lead)
    configuration = Config(ROOT / "alembic.ini")
    configuration.attributes["url"] = database.url
    command.downgrade(configuration, "0012")
    command.upgrade(configuration, "head")

    def given(session: Session) -> ReceiptLink:
        return session.exec(select(ReceiptLink).where(ReceiptLink.lead_id == lead.id)).one()

    with database.read() as session:
        assert given(session).issued_at.tzinfo is not None
    assert way(database, lead) != token

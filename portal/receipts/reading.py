"""What a receipt says, read once: the lead, the text shown, the purposes behind it, every choice and every recipient.

The page and the document are both made from these facts, so that they cannot disagree.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from portal import leads
from portal.catalogue.agencies import Agency, Office
from portal.consent import choices, notices
from portal.consent.choices import Choice
from portal.consent.notices import Notice
from portal.consent.policies import PolicyVersion
from portal.consent.purposes import Purpose
from portal.leads import Disclosure, Lead, LeadPerson
from portal.receipts.links import ReceiptGone, ReceiptLink

UNSEEN = ("agency_doubted",)  # events about a lead that no receipt holds: what a contact thinks of it is for ops alone


@dataclass(frozen=True)
class Facts:
    """A lead with all that its receipt tells; times as they were, texts and purposes as they were shown."""

    lead: Lead
    person: LeadPerson
    agency: Agency
    office: Office
    notice: Notice
    policy: PolicyVersion
    purposes: list[Purpose]
    choices: list[Choice]
    disclosures: list[Disclosure]
    issued_at: datetime

    def choices_of(self, purpose: Purpose) -> list[Choice]:
        """What the person chose for one purpose, oldest first."""
        return [choice for choice in self.choices if choice.purpose == purpose.code]


def read(session: Session, lead: Lead) -> Facts:
    """Everything the receipt of a lead says. Raises `ReceiptGone` once its person is erased."""
    person, link = leads.person_of(session, lead), session.get(ReceiptLink, lead.id)
    if person is None or link is None:
        raise ReceiptGone(lead.reference)
    notice = session.get_one(Notice, lead.notice_id)
    policy = session.get_one(PolicyVersion, notice.policy_version_id)
    office = session.exec(select(Office).where(Office.agency_id == lead.agency_id).order_by(col(Office.id))).first()
    assert office is not None and lead.id is not None
    return Facts(
        lead=lead, person=person, agency=session.get_one(Agency, lead.agency_id), office=office, notice=notice,
        policy=policy, purposes=notices.purposes_of(session, notice),
        choices=choices.of_lead(session, lead.id), disclosures=leads.disclosures_of(session, lead),
        issued_at=link.issued_at,
    )  # fmt: skip

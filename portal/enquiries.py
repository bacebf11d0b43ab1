"""Enquiries: a visitor's enquiry becomes a lead, in one transaction or not at all.

`receive` reads like the sentence the portal exists for. Nothing here talks SMTP or renders a mail; the outbox rows it
leaves are sent by the worker.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from portal import forwarding, ledger
from portal.catalogue import agencies, properties
from portal.catalogue.agencies import Agency
from portal.catalogue.properties import Property
from portal.consent import choices, notices, policies
from portal.db import affected, insert_ignore, one_at_a_time, table_of
from portal.leads import (
    Confirmation,
    Lead,
    LeadPerson,
    StatusLink,
    Submission,
    add_status_link,
    unused_reference,
)
from portal.mail import outbox
from portal.signing import Signer

SAME_POST = timedelta(minutes=10)
ONE_CONFIRMATION = timedelta(hours=1)


class NotTaken(Exception):
    """The property takes no enquiries any more (withdrawn for more than seven days, blocked or erased)."""


@dataclass(frozen=True)
class Enquiry:
    """What a visitor sent, normalised and checked by the form. Times and places of the sending stand beside it."""

    public_id: str
    property_title: str
    property_price: str
    intent: str
    name: str
    email: str
    phone: str
    phone_e164: str
    phone_region: str
    reach: str
    professional: bool
    company: str
    words: str
    answer_locale: str
    timing: str
    funding: str
    marketing: bool
    notice_token: str
    locale: str
    page: str


@dataclass(frozen=True)
class Received:
    """The lead, and this post's own way to its status page."""

    lead: Lead
    status: StatusLink
    repeated: bool = False


def receive(session: Session, enquiry: Enquiry, signer: Signer, domain: str, now: datetime) -> Received:
    """Record one enquiry. All of it or none of it.

    Raises `properties.PropertyUnknown`, `NotTaken` and `notices.NoticeSuperseded`; then nothing was written.
    """
    home = properties.by_public_id(session, enquiry.public_id)
    if not properties.still_takes_enquiries(home, now):
        raise NotTaken(enquiry.public_id)
    notice = notices.shown(session, signer, enquiry.notice_token, home.agency_id, now)

    submission, repeated = _submission(session, enquiry, signer, now)
    if repeated is not None:
        return Received(repeated, add_status_link(session, _key(repeated), now), repeated=True)

    agency = session.get_one(Agency, home.agency_id)
    recipient = agencies.recipient(session, home.agency_id)
    lead = _record(session, enquiry, home, agency, notice, _parked(agency, recipient), now)
    submission.lead_id = lead.id
    choices.record(
        session, _key(lead), notices.MARKETING, enquiry.marketing, "marketing", _marketing_label(notice), notice,
        enquiry.page, now,
    )  # fmt: skip
    if recipient is not None and lead.parked_reason is None:
        forwarding.forward(session, lead, agency, *recipient, domain=domain, now=now)
    confirm(session, lead, enquiry, signer, domain, now)
    return Received(lead, add_status_link(session, _key(lead), now))


def confirm(session: Session, lead: Lead, enquiry: Enquiry, signer: Signer, domain: str, now: datetime) -> None:
    """Queue the visitor's confirmation, unless this address got one within the hour.

    A capped one is not queued; the next that is queued names the references it stands for. So nobody's mailbox can be
    bombed through the form, and nobody is left without their reference for good.
    """
    fingerprint = signer.fingerprint("confirmation", enquiry.email.casefold())
    one_at_a_time(session, fingerprint)
    latest = session.exec(
        select(outbox.Mail.queued_at)
        .join(Confirmation, col(Confirmation.mail_id) == outbox.Mail.id)
        .where(Confirmation.address_fingerprint == fingerprint)
        .order_by(col(outbox.Mail.queued_at).desc())
    ).first()
    session.add(Confirmation(lead_id=_key(lead), address_fingerprint=fingerprint, decided_at=now))
    session.flush()
    if latest is not None and now - latest < ONE_CONFIRMATION:
        return
    mail = outbox.queue(
        session,
        "confirmation",
        f"lead:{lead.reference}",
        enquiry.email,
        lead.locale,
        now,
        domain,
    )
    session.execute(
        update(Confirmation)
        .where(
            col(Confirmation.address_fingerprint) == fingerprint,
            col(Confirmation.mail_id).is_(None),
        )
        .values(mail_id=mail.id)
        .execution_options(synchronize_session=False)
    )


def purge_submissions(session: Session, now: datetime) -> int:
    """Delete the fingerprints of posts older than ten minutes; how many there were."""
    return affected(session, delete(Submission).where(col(Submission.created_at) < now - SAME_POST))


def _submission(session: Session, enquiry: Enquiry, signer: Signer, now: datetime) -> tuple[Submission, Lead | None]:
    fingerprint = signer.fingerprint("submission", *(str(value) for value in _fields(enquiry)))
    purge_submissions(session, now)
    insert_ignore(session, table_of(Submission), {"fingerprint": fingerprint, "created_at": now})
    submission = session.exec(select(Submission).where(Submission.fingerprint == fingerprint).with_for_update()).one()
    return submission, session.get(Lead, submission.lead_id) if submission.lead_id else None


def _fields(enquiry: Enquiry) -> list[object]:
    # What the visitor typed; where the form stood and what the page said around it make no other enquiry of it.
    around = {"notice_token", "page", "property_title", "property_price"}
    return [getattr(enquiry, name) for name in sorted(Enquiry.__dataclass_fields__) if name not in around]


def _record(
    session: Session, enquiry: Enquiry, home: Property, agency: Agency, notice: notices.Notice, parked: str | None,
    now: datetime,
) -> Lead:  # fmt: skip
    reference = unused_reference(session)
    policy = session.get_one(policies.PolicyVersion, notice.policy_version_id)
    entry = ledger.record(
        session, "lead_recorded", now,
        business={
            "lead": reference, "recorder": notices.RECORDER, "agency": agency.slug, "property": home.public_id,
            "property_reference": home.reference, "notice_sha256": notice.sha256,
            "policy": f"{policy.document}/{policy.number}/{policy.locale}", "policy_sha256": policy.body_sha256,
            "form_version": notice.form_version, "locale": enquiry.locale, "page": enquiry.page,
        },
        person={
            "lead": reference, "name": enquiry.name, "email": enquiry.email, "phone": enquiry.phone_e164 or
            enquiry.phone, "words": enquiry.words,
        },
    )  # fmt: skip
    lead = Lead(
        reference=reference, received_at=now, agency_id=home.agency_id, property_id=home.id or 0,
        property_reference=home.reference, property_title=enquiry.property_title,
        property_price=enquiry.property_price, property_withdrawn=not properties.is_visible(home),
        intent=enquiry.intent, locale=enquiry.locale, page=enquiry.page, form_version=notice.form_version,
        notice_id=notice.id or 0, parked_reason=parked, ledger_event_id=entry.id,
    )  # fmt: skip
    session.add(lead)
    session.flush()
    session.add(
        LeadPerson(
            lead_id=_key(lead), name=enquiry.name, email=enquiry.email, phone=enquiry.phone,
            phone_e164=enquiry.phone_e164, phone_region=enquiry.phone_region, reach=enquiry.reach,
            professional=enquiry.professional, company=enquiry.company, words=enquiry.words,
            answer_locale=enquiry.answer_locale, timing=enquiry.timing, funding=enquiry.funding,
        )
    )  # fmt: skip
    session.flush()
    return lead


def _parked(agency: Agency, recipient: object | None) -> str | None:
    if agency.paused_at is not None:
        return "agency_paused"
    return None if recipient is not None else "no_confirmed_contact"


def _marketing_label(notice: notices.Notice) -> str:
    return notice.text.rsplit("[ ] ", 1)[-1]


def _key(lead: Lead) -> int:
    assert lead.id is not None
    return lead.id

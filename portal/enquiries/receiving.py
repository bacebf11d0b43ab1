"""Enquiries: a visitor's enquiry becomes a lead, in one transaction or not at all.

`receive` reads like the sentence the portal exists for. Nothing here talks SMTP or renders a mail; the outbox rows it
leaves are sent by the worker.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from portal import forwarding, ledger, limits
from portal.catalogue import properties
from portal.catalogue.agencies import Agency
from portal.catalogue.properties import Property
from portal.consent import choices, notices, policies
from portal.db import affected, insert_ignore, one_at_a_time, table_of
from portal.enquiries import screening
from portal.enquiries.screening import Thresholds, Verdict
from portal.enquiries.signals import Earlier, Sending, Signals
from portal.forwarding import confirmation, stopping
from portal.leads import (
    Confirmation,
    Lead,
    LeadPerson,
    StatusLink,
    Submission,
    add_status_link,
    evidence,
    person_evidence,
    unused_reference,
)
from portal.mail import outbox
from portal.receipts import links
from portal.settings import Settings
from portal.signing import Signer

SAME_POST = timedelta(minutes=10)
ONE_MAIL, MAILS_A_DAY = timedelta(hours=1), 3


class NotTaken(Exception):
    """The property takes no enquiries any more (withdrawn for more than seven days, blocked or erased)."""


@dataclass(frozen=True)
class Enquiry:
    """What a visitor sent, normalised and checked by the form. Times and places of the sending stand beside it.

    `agreed` names the controls of the boxes that were ticked.
    """

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
    agreed: tuple[str, ...]
    notice_token: str
    locale: str
    page: str


@dataclass(frozen=True)
class Received:
    """The lead, and this post's own way to its status page."""

    lead: Lead
    status: StatusLink
    repeated: bool = False


def receive(
    session: Session, enquiry: Enquiry, sending: Sending, signer: Signer, settings: Settings, now: datetime
) -> Received:  # fmt: skip
    """Record one enquiry. All of it or none of it, whatever the screening makes of it.

    Raises `limits.TooMany`, `properties.PropertyUnknown`, `NotTaken` and `notices.NoticeSuperseded`; then nothing was
    written.
    """
    limits.check(session, now, sending.address, settings)
    home = properties.by_public_id(session, enquiry.public_id)
    if not properties.still_takes_enquiries(home, now):
        raise NotTaken(enquiry.public_id)
    notice = notices.shown(session, signer, enquiry.notice_token, home.agency_id, now)
    counted = _counted(enquiry, home, sending)

    submission, repeated = _submission(session, enquiry, signer, now)
    if repeated is not None:
        again = Received(repeated, add_status_link(session, _key(repeated), now), repeated=True)
        limits.count_all(session, now, counted[:1])
        return again

    signals = _signals(enquiry, sending, Earlier(*limits.seen_all(session, now, counted)))
    verdict = screening.screen(signals, Thresholds(settings.screening_held, settings.screening_spam))
    lead = _record(session, enquiry, home, notice, verdict, now)
    submission.lead_id = lead.id
    choices.record(session, _key(lead), enquiry.agreed, notice, enquiry.page, now)
    links.issue(session, lead, now)
    if lead.screening == "forward":
        forwarding.pass_on(session, lead, domain=settings.mail_domain, now=now)
    tell(session, lead, enquiry.email, signer, settings.mail_domain, now)
    received = Received(lead, add_status_link(session, _key(lead), now))
    limits.count_all(session, now, counted)
    return received


def tell(session: Session, lead: Lead, address: str, signer: Signer, domain: str, now: datetime) -> None:
    """Queue the visitor's one mail: the confirmation, or the link that releases a held lead; none for spam.

    A mailbox gets one an hour, three a day, and none once it stopped us, so that nobody can be bombed through the form.
    Who gets none is named by the next confirmation that goes, and is not left without the reference for good.
    """
    mailbox = stopping.mailbox(signer, address)
    one_at_a_time(session, mailbox)
    told = Confirmation(lead_id=_key(lead), address_fingerprint=mailbox, decided_at=now)
    session.add(told)
    session.flush()
    if lead.screening == "spam" or stopping.is_stopped(session, mailbox) or _has_had_enough(session, mailbox, now):
        return
    kind = confirmation.KIND if lead.screening == "forward" else confirmation.RELEASE
    mail = outbox.queue(session, kind, forwarding.about(lead), address, lead.locale, now, domain)
    named = (
        col(Confirmation.mail_id).is_(None),
        col(Confirmation.lead_id).in_(select(Lead.id).where(Lead.screening == "forward")),
    )
    which = named if kind == confirmation.KIND else (col(Confirmation.id) == told.id,)
    affected(
        session,
        update(Confirmation).where(col(Confirmation.address_fingerprint) == mailbox, *which).values(mail_id=mail.id),
    )


def purge_submissions(session: Session, now: datetime) -> int:
    """Delete the fingerprints of posts older than ten minutes; how many there were.

    Every post does so: none waits for another that is just deleting the same.
    """
    old = select(Submission.fingerprint).where(col(Submission.created_at) < now - SAME_POST)
    free = old.with_for_update(skip_locked=True)
    return affected(session, delete(Submission).where(col(Submission.fingerprint).in_(free)))


def _submission(session: Session, enquiry: Enquiry, signer: Signer, now: datetime) -> tuple[Submission, Lead | None]:
    fingerprint = signer.fingerprint("submission", *(str(value) for value in _fields(enquiry)))
    purge_submissions(session, now)
    insert_ignore(session, table_of(Submission), {"fingerprint": fingerprint, "created_at": now})
    submission = session.exec(select(Submission).where(Submission.fingerprint == fingerprint).with_for_update()).one()
    return submission, session.get(Lead, submission.lead_id) if submission.lead_id else None


def _has_had_enough(session: Session, mailbox: str, now: datetime) -> bool:
    lately = (
        select(outbox.Mail.id, outbox.Mail.queued_at)
        .join(Confirmation, col(Confirmation.mail_id) == outbox.Mail.id)
        .where(Confirmation.address_fingerprint == mailbox, outbox.Mail.queued_at > now - timedelta(days=1))
        .distinct()
    )
    queued = [at for _, at in session.exec(lately)]
    return len(queued) >= MAILS_A_DAY or any(now - at < ONE_MAIL for at in queued)


def _counted(enquiry: Enquiry, home: Property, sending: Sending) -> list[limits.Subject]:
    # In the order of `Earlier`; the network alone is counted again when the same post comes again.
    return [
        ("network", sending.address, "hour"),
        ("address", enquiry.email, "day"),
        ("property", home.public_id, "hour"),
        ("agency", str(home.agency_id), "hour"),
        ("words", enquiry.words, "day"),
    ]


def _signals(enquiry: Enquiry, sending: Sending, earlier: Earlier) -> Signals:
    return Signals(
        name=enquiry.name, email=enquiry.email, company=enquiry.company, phone=enquiry.phone, words=enquiry.words,
        locale=enquiry.locale, answer_locale=enquiry.answer_locale, professional=enquiry.professional,
        trap=sending.trap, headers=sending.headers, earlier=earlier,
    )  # fmt: skip


def _fields(enquiry: Enquiry) -> list[object]:
    # What the visitor typed; where the form stood and what the page said around it make no other enquiry of it.
    around = {"notice_token", "page", "property_title", "property_price"}
    return [getattr(enquiry, name) for name in sorted(Enquiry.__dataclass_fields__) if name not in around]


def _record(
    session: Session, enquiry: Enquiry, home: Property, notice: notices.Notice, verdict: Verdict, now: datetime
) -> Lead:  # fmt: skip
    lead = Lead(
        reference=unused_reference(session), received_at=now, agency_id=home.agency_id, property_id=home.id or 0,
        property_reference=home.reference, property_title=enquiry.property_title,
        property_price=enquiry.property_price, property_withdrawn=not properties.is_visible(home),
        intent=enquiry.intent, locale=enquiry.locale, page=enquiry.page, form_version=notice.form_version,
        notice_id=notice.id or 0, screening=verdict.outcome, screening_score=verdict.score,
        screening_reasons=[[reason.code, reason.points] for reason in verdict.reasons],
        release_nonce=secrets.token_hex(16) if verdict.outcome == "held" else None,
    )  # fmt: skip
    person = LeadPerson(
        name=enquiry.name, email=enquiry.email, phone=enquiry.phone, phone_e164=enquiry.phone_e164,
        phone_region=enquiry.phone_region, reach=enquiry.reach, professional=enquiry.professional,
        company=enquiry.company, words=enquiry.words, answer_locale=enquiry.answer_locale, timing=enquiry.timing,
        funding=enquiry.funding,
    )  # fmt: skip
    agency = session.get_one(Agency, home.agency_id)
    policy = session.get_one(policies.PolicyVersion, notice.policy_version_id)
    lead.ledger_event_id = ledger.record(
        session, "lead_recorded", now,
        business=evidence(lead, agency, home, notice, policy), person=person_evidence(lead.reference, person),
    ).id  # fmt: skip
    session.add(lead)
    session.flush()
    person.lead_id = _key(lead)
    session.add(person)
    session.flush()
    return lead


def _key(lead: Lead) -> int:
    assert lead.id is not None
    return lead.id

"""An enquiry becomes a lead with all its rows, or with none."""

from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from portal import forwarding
from portal.catalogue import agencies
from portal.catalogue.agencies import Agency, Contact, Office
from portal.catalogue.properties import Property
from portal.consent import choices, notices, policies, purposes
from portal.consent.purposes import Purpose
from portal.db import Database
from portal.enquiries import receiving
from portal.enquiries.receiving import Enquiry, NotTaken, Received
from portal.leads import Confirmation, Disclosure, Lead, LeadPerson, StatusLink, check_character, read_reference
from portal.ledger import LedgerEvent, LedgerPayload, commitment
from portal.mail.mails import Mail
from portal.signing import Signer
from tests import cast
from tests.cast import NOW

SIGNER = Signer("k" * 40)
DOMAIN = "immomarket.example"


@pytest.fixture
def enquiry(database: Database) -> Enquiry:
    def publish(session: Session) -> tuple[Agency, Property, Office, policies.PolicyVersion]:
        agency = cast.agency(session)
        found = agencies.recipient(session, agency.id or 0)
        assert found is not None
        return agency, cast.home(session, agency), found[1], cast.policy(session)

    agency, home, office, policy = database.write(publish)
    layer = notices.first_layer(agency, office, policy, whys(database), "en")
    notice = notices.served(database, agency, layer, policy.id or 0, "en", NOW)
    return Enquiry(
        public_id=home.public_id, property_title="Villa in Nueva Andalucía", property_price="€1,250,000",
        intent="viewing", name="Jane Smith", email="jane@example.com", phone="07911 123456",
        phone_e164="+447911123456", phone_region="GB", reach="whatsapp", professional=False, company="",
        words="May we see it in December?", answer_locale="en", timing="", funding="", agreed=(),
        notice_token=notices.token(SIGNER, notice), locale="en", page="/en/p/x-villa",
    )  # fmt: skip


def whys(database: Database) -> list[Purpose]:
    with database.read() as session:
        return purposes.in_force(session, NOW)


def receive(database: Database, enquiry: Enquiry, now=NOW) -> Received:
    return database.write(lambda s: receiving.receive(s, enquiry, cast.SENDING, SIGNER, cast.SETTINGS, now))


def test_an_enquiry_is_recorded_with_person_choice_event_disclosure_and_both_mails(database, enquiry):
    received = receive(database, enquiry)
    with database.read() as session:
        lead = session.exec(select(Lead)).one()
        assert lead.reference == received.lead.reference
        assert session.get_one(LeadPerson, lead.id).words == enquiry.words
        (choice,) = choices.of_lead(session, lead.id)
        assert (choice.purpose, choice.state) == ("marketing_portal", "refused")
        assert choice.label in session.get_one(notices.Notice, choice.notice_id).text
        events = {event.type for event in session.exec(select(LedgerEvent))}
        assert events == {"lead_recorded", "consent_refused", "receipt_issued", "disclosure_intended"}
        mails = {mail.kind: mail for mail in session.exec(select(Mail))}
        assert mails["lead"].recipient == "costa-norte@agency.example"
        assert mails["confirmation"].recipient == "jane@example.com"
        assert session.exec(select(Disclosure)).one().passed_at is None


def test_a_ledger_leaf_commits_to_payloads_and_names_nobody(database, enquiry):
    receive(database, enquiry)
    with database.read() as session:
        event = session.exec(select(LedgerEvent).where(LedgerEvent.type == "lead_recorded")).one()
        payloads = session.exec(select(LedgerPayload).where(LedgerPayload.event_id == event.id)).all()
        assert {row.half for row in payloads} == {"business", "person"}
        for row in payloads:
            assert commitment(row.half, row.salt, row.payload).hex().encode() in event.leaf
        for secret in ("Jane", "jane@example.com", "MB-1042", "costa-norte"):
            assert secret.encode() not in event.leaf


def test_the_same_fields_within_ten_minutes_are_the_same_lead_with_a_status_link_each(database, enquiry):
    first, second = receive(database, enquiry), receive(database, enquiry, NOW + timedelta(minutes=9))
    assert second.repeated and second.lead.id == first.lead.id
    assert second.status.nonce != first.status.nonce
    third = receive(database, enquiry, NOW + timedelta(minutes=11))
    assert third.lead.id != first.lead.id
    with database.read() as session:
        assert len(session.exec(select(StatusLink)).all()) == 3


def test_the_form_on_the_property_page_and_the_form_alone_make_one_lead(database, enquiry):
    first = receive(database, enquiry)
    assert receive(database, replace(enquiry, page="/en/p/x-villa/enquire")).lead.id == first.lead.id


@pytest.mark.parametrize("change", [{"words": "Another question"}, {"agreed": ("marketing",)}, {"name": "Jane  Smyth"}])
def test_one_field_different_makes_another_lead(database, enquiry, change):
    assert receive(database, enquiry).lead.id != receive(database, replace(enquiry, **change)).lead.id


def test_a_second_enquiry_within_the_hour_is_confirmed_by_the_next_mail_that_goes(database, enquiry):
    first = receive(database, enquiry)
    second = receive(database, replace(enquiry, words="And the garage?"), NOW + timedelta(minutes=20))
    third = receive(database, replace(enquiry, words="And the pool?"), NOW + timedelta(minutes=61))
    with database.read() as session:
        rows = session.exec(select(Confirmation)).all()
        mails = session.exec(select(Mail).where(Mail.kind == "confirmation")).all()
        assert len(mails) == 2
        named = {mail.id: [row.lead_id for row in rows if row.mail_id == mail.id] for mail in mails}
        assert sorted(named.values()) == [[first.lead.id], [second.lead.id, third.lead.id]]


def test_many_posts_at_once_to_one_address_queue_one_confirmation(database, enquiry):
    posts = [replace(enquiry, words=f"Question {number}") for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        leads = {received.lead.id for received in pool.map(lambda post: receive(database, post), posts)}
    assert len(leads) == 6
    with database.read() as session:
        assert len(session.exec(select(Mail).where(Mail.kind == "confirmation")).all()) == 1
        assert len(session.exec(select(Confirmation)).all()) == 6


def test_the_same_post_many_times_at_once_is_one_lead(database, enquiry):
    with ThreadPoolExecutor(6) as pool:
        leads = {received.lead.id for received in pool.map(lambda _: receive(database, enquiry), range(6))}
    assert len(leads) == 1


def test_a_paused_agency_parks_the_lead_with_the_reason_and_forwards_it_when_it_resumes(database, enquiry):
    database.write(lambda session: setattr(agencies.by_slug(session, "costa-norte"), "paused_at", NOW))
    assert receive(database, enquiry).lead.parked_reason == "agency_paused"

    def resume(session: Session) -> int:
        agency = agencies.by_slug(session, "costa-norte")
        agency.paused_at = None
        return forwarding.forward_parked(session, agency, domain=DOMAIN, now=NOW)

    assert database.write(resume) == 1
    assert database.write(resume) == 0
    with database.read() as session:
        assert session.exec(select(Mail).where(Mail.kind == "lead")).one().state == "queued"
        assert session.exec(select(Lead)).one().parked_reason is None


def test_a_lead_parked_while_its_agency_resumes_is_forwarded_all_the_same(database, enquiry):
    database.write(lambda session: setattr(agencies.by_slug(session, "costa-norte"), "paused_at", NOW))

    def resume(session: Session) -> int:
        agency = agencies.by_slug(session, "costa-norte")
        agencies.resume(session, agency, "ops", NOW)
        return forwarding.forward_parked(session, agency, domain=DOMAIN, now=NOW)

    with ThreadPoolExecutor(1) as pool:

        def park(session: Session) -> Future[int]:
            receiving.receive(session, enquiry, cast.SENDING, SIGNER, cast.SETTINGS, NOW)
            resuming = pool.submit(database.write, resume)
            wait([resuming], timeout=0.3)  # it cannot end before this transaction does
            return resuming

        assert database.write(park).result() == 1


def test_who_posts_does_not_wait_for_another_that_is_taking_old_fingerprints_away(database, enquiry):
    if database.is_sqlite:
        pytest.skip("SQLite has one writer")
    receive(database, enquiry)
    later = NOW + receiving.SAME_POST + timedelta(seconds=1)

    def purge(session: Session) -> int:
        session.execute(text("SET LOCAL statement_timeout = '5s'"))
        return receiving.purge_submissions(session, later)

    with ThreadPoolExecutor(1) as pool:

        def both(session: Session) -> tuple[int, int]:
            return purge(session), pool.submit(database.write, purge).result()

        assert database.write(both) == (1, 0)
    assert receive(database, enquiry, later).repeated is False


def test_an_agency_that_lost_its_contact_parks_the_lead_with_that_reason(database, enquiry):
    database.write(lambda session: setattr(session.exec(select(Contact)).one(), "retired_at", NOW))
    assert receive(database, enquiry).lead.parked_reason == "no_confirmed_contact"


def test_a_home_withdrawn_while_typing_still_takes_the_enquiry_for_seven_days_and_marks_it(database, enquiry):
    def withdraw(session: Session) -> None:
        home = session.exec(select(Property)).one()
        home.state, home.withdrawn_at = "withdrawn", NOW

    database.write(withdraw)
    assert receive(database, enquiry, NOW + timedelta(days=6)).lead.property_withdrawn
    with pytest.raises(NotTaken):
        receive(database, replace(enquiry, words="Later"), NOW + timedelta(days=8))


def test_a_notice_superseded_for_less_than_a_day_binds_to_what_was_shown(database, enquiry):
    def rename(session: Session) -> tuple[Agency, Office, policies.PolicyVersion]:
        agency = agencies.by_slug(session, "costa-norte")
        agency.name = "Costa Norte"
        office = session.exec(select(Office)).one()
        return agency, office, session.exec(select(policies.PolicyVersion)).one()

    agency, office, policy = database.write(rename)
    layer = notices.first_layer(agency, office, policy, whys(database), "en")
    later = NOW + timedelta(hours=2)
    notices.served(database, agency, layer, policy.id or 0, "en", later)
    lead = receive(database, enquiry, later + timedelta(hours=23)).lead
    with database.read() as session:
        assert "Costa Norte Homes" in session.get_one(notices.Notice, lead.notice_id).text
    with pytest.raises(notices.NoticeSuperseded):
        receive(database, replace(enquiry, words="Again"), later + timedelta(hours=25))


@pytest.mark.parametrize("token", ["", "forged", "WzEsImVuIiwxLDFd.AAAA"])
def test_a_form_without_its_notice_writes_nothing(database, enquiry, token):
    with pytest.raises(notices.NoticeSuperseded):
        receive(database, replace(enquiry, notice_token=token))
    with database.read() as session:
        assert session.exec(select(Lead)).all() == []
        assert session.exec(select(Mail)).all() == []


def test_a_reference_is_read_as_people_type_it_and_a_wrong_digit_is_found():
    digits = "7K4Q2MX"
    good = f"IM-7K4Q-2MX{check_character(digits)}"
    assert read_reference(good.lower().replace("-", " ")) == good
    for position in range(3, 7):
        wrong = good[:position] + ("A" if good[position] != "A" else "B") + good[position + 1 :]
        with pytest.raises(Exception, match="not a lead reference"):
            read_reference(wrong)

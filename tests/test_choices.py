"""Choices: every state of a consent, each bound to what was shown and recorded in the ledger."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from alembic.config import Config
from sqlmodel import Session, select

from portal import work
from portal.consent import choices, notices
from portal.consent.choices import Act, Choice, NothingHolds
from portal.consent.notices import Notice
from portal.consent.policies import PolicyVersion
from portal.db import Database
from portal.enquiries import receiving
from portal.leads import Lead
from portal.ledger import LedgerEvent, LedgerPayload
from portal.settings import ROOT, Settings
from tests import cast
from tests.cast import NOW
from tests.smtp import PostOffice

LABEL = "ImmoMarket may also e-mail me about similar homes."
PAGE = "/en/my-data"
STOP = Act("visitor", "one_click", "Stop these mails", PAGE)
GO_ON = Act("visitor", "renew", LABEL, PAGE)
ENDS = datetime(2028, 11, 23, 13, 12, 7, tzinfo=UTC)


def enquire(database: Database, now: datetime = NOW, **changes: object) -> int:
    """Record an enquiry with the box ticked or not; the lead's number."""

    def fill(session: Session) -> cast.Property:
        cast.policy(session)
        return cast.home(session, cast.agency(session))

    sent = cast.enquiry(database, database.write(fill), now, **{"marketing": True, **changes})
    received = database.write(
        lambda session: receiving.receive(session, sent, cast.SENDING, cast.SIGNER, cast.SETTINGS, now)
    )
    return received.lead.id or 0


def states(database: Database, lead: int) -> list[str]:
    with database.read() as session:
        return [choice.state for choice in choices.of_lead(session, lead)]


def withdraw(database: Database, lead: int, now: datetime) -> Choice:
    return database.write(lambda session: choices.withdraw(session, lead, notices.MARKETING, STOP, now))


def renew(database: Database, lead: int, now: datetime) -> Choice:
    def work(session: Session) -> Choice:
        notice = session.exec(select(Notice)).one()
        return choices.renew(session, lead, notices.MARKETING, GO_ON, notice, now)

    return database.write(work)


def expire(database: Database, now: datetime) -> int:
    return database.write(lambda session: choices.expire(session, now))


def test_a_box_is_given_only_where_it_was_ticked_and_a_consent_ends_after_two_years(database):
    ticked = enquire(database)
    with database.read() as session:
        (choice,) = choices.of_lead(session, ticked)
    assert (choice.state, choice.control, choice.label, choice.by) == ("given", "marketing", LABEL, "visitor")
    assert (choice.at, choice.expires_at) == (NOW, ENDS)


def test_a_refusal_is_recorded_too_and_never_ends(database):
    lead = enquire(database, marketing=False)
    assert states(database, lead) == ["refused"]
    assert expire(database, ENDS + timedelta(days=9999)) == 0
    with pytest.raises(NothingHolds):
        withdraw(database, lead, NOW)


def test_a_consent_is_withdrawn_once_and_cannot_be_renewed_after_that(database):
    lead = enquire(database)
    withdrawn = withdraw(database, lead, NOW + timedelta(days=1))
    assert (withdrawn.control, withdrawn.page, withdrawn.expires_at) == ("one_click", PAGE, None)
    with pytest.raises(NothingHolds):
        withdraw(database, lead, NOW + timedelta(days=2))
    with pytest.raises(NothingHolds):
        renew(database, lead, NOW + timedelta(days=2))
    assert states(database, lead) == ["given", "withdrawn"]
    assert expire(database, ENDS) == 0


def test_a_renewed_consent_holds_for_two_years_more_and_then_expires_once(database):
    lead = enquire(database)
    renewed = renew(database, lead, datetime(2027, 2, 28, tzinfo=UTC))
    assert renewed.expires_at == datetime(2029, 2, 28, tzinfo=UTC)
    assert expire(database, ENDS) == 0
    with database.read() as session:
        assert session.execute(choices.consenting(notices.MARKETING)).scalars().all() == [lead]
    assert (expire(database, renewed.expires_at), expire(database, renewed.expires_at)) == (1, 0)
    assert states(database, lead) == ["given", "renewed", "expired"]
    with database.read() as session:
        assert session.execute(choices.consenting(notices.MARKETING)).scalars().all() == []
        assert choices.of_lead(session, lead)[-1].by == "portal"
    with pytest.raises(NothingHolds):
        renew(database, lead, ENDS)


def test_the_worker_ends_what_is_over(database, tmp_path):
    lead = enquire(database, datetime(2023, 5, 1, tzinfo=UTC))
    with PostOffice() as post:
        chosen = Settings(smtp_relay=post.relay, data_directory=tmp_path, secret_key="k" * 40, clock_factor=0.001)
        asyncio.run(work.run(chosen, database, once=True))
    assert states(database, lead) == ["given", "expired"]


def test_a_consent_whose_time_is_over_holds_no_more_even_before_the_worker_says_so(database):
    with pytest.raises(NothingHolds):
        renew(database, enquire(database), ENDS)


def test_what_was_chosen_before_choices_were_events_is_kept_and_gets_its_end(database):
    lead = enquire(database)
    configuration = Config(ROOT / "alembic.ini")
    configuration.attributes["url"] = database.url
    command.downgrade(configuration, "0011")
    command.upgrade(configuration, "head")
    with database.read() as session:
        (choice,) = choices.of_lead(session, lead)
        assert (choice.by, choice.expires_at, choice.ledger_event_id) == ("visitor", ENDS, None)
        notice = session.get_one(Notice, choice.notice_id)
        (box,) = notice.controls
        assert (notice.purposes, box["label"], box["months"]) == ("", LABEL, 24)


@pytest.mark.parametrize(
    ("at", "months", "ends"),
    [((2024, 2, 29), 24, (2026, 2, 28)), ((2026, 8, 31), 6, (2027, 2, 28)), ((2026, 12, 1), 1, (2027, 1, 1))],
)
def test_months_are_those_of_the_calendar(at, months, ends):
    assert choices._later(datetime(*at, tzinfo=UTC), months) == datetime(*ends, tzinfo=UTC)


def test_every_choice_is_an_event_that_says_all_of_it_and_names_nobody(database):
    lead = enquire(database)
    renew(database, lead, NOW + timedelta(days=1))
    withdraw(database, lead, NOW + timedelta(days=2))
    with database.read() as session:
        reference = session.get_one(Lead, lead).reference
        made = choices.of_lead(session, lead)
        for choice, state in zip(made, ("given", "renewed", "withdrawn"), strict=True):
            event = session.get_one(LedgerEvent, choice.ledger_event_id)
            assert (event.type, event.at, event.about) == (f"consent_{state}", choice.at, reference)
            (half,) = session.exec(select(LedgerPayload).where(LedgerPayload.event_id == event.id)).all()
            notice = session.get_one(Notice, choice.notice_id)
            policy = session.get_one(PolicyVersion, notice.policy_version_id)
            said = json.loads(half.payload)
            assert half.half == "business" and said == choices.evidence(choice, reference, notice, policy)
            assert (said["label"], said["control"]) == (choice.label, choice.control)
            assert (said["notice_sha256"], said["locale"], said["form_version"]) == (notice.sha256, "en", 2)
            assert not [word for word in ("Jane", "example.com", "7911") if word in half.payload.decode()]

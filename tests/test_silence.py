"""An agency that says nothing is reminded once of each lead, in its working time; and how fast it answers is told."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from portal import statistics
from portal.catalogue import versions
from portal.catalogue.agencies import Agency, Contact, Office
from portal.db import Database
from portal.forwarding import answering, silence
from portal.leads import Disclosure, Lead
from portal.mail import outbox
from portal.mail.mails import Mail
from portal.rights import erasure
from tests.cast import NOW
from tests.smtp import text
from tests.test_answering import answer, mails, token
from tests.test_mail_letters import DOMAIN, receive, rendered

# Monday, 23 November 2026, 14:12 in Marbella; the usual hours have 7.5 working hours on Mon–Fri and 4 on a Saturday.
TOO_EARLY = datetime(2026, 11, 26, 16, 59, tzinfo=UTC)
DUE = datetime(2026, 11, 26, 17, 1, tzinfo=UTC)
AT_NIGHT = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)


def passed(database: Database, now=NOW, **changes) -> Lead:
    """A lead that the relay took for the agency, at once."""
    lead = receive(database, now, **changes).lead

    def accept(session: Session) -> None:
        for disclosure in session.exec(select(Disclosure).where(Disclosure.lead_id == lead.id)):
            disclosure.passed_at = now
            session.get_one(Mail, disclosure.mail_id).state = "accepted"

    database.write(accept)
    return lead


def remind(database: Database, now: datetime) -> int:
    return database.write(lambda session: silence.remind_due(session, DOMAIN, now))


def silent(database: Database, now: datetime) -> list[tuple[str, int]]:
    with database.read() as session:
        return [(each.agency.slug, each.leads) for each in silence.silent(session, now)]


def test_a_contact_is_reminded_once_after_24_hours_of_its_working_time(database):
    passed(database)
    assert remind(database, TOO_EARLY) == 0 and silent(database, TOO_EARLY) == []
    assert silent(database, DUE) == [("costa-norte", 1)]
    assert [remind(database, DUE), remind(database, DUE + timedelta(days=1))] == [1, 0]
    (mail,) = mails(database, "unanswered")
    assert mail.recipient == "costa-norte@agency.example"


def test_nobody_is_reminded_at_night_and_several_leads_come_in_one_mail(database):
    leads = [passed(database, email=f"jane{number}@example.com") for number in range(3)]
    assert remind(database, AT_NIGHT) == 0
    assert remind(database, AT_NIGHT + timedelta(hours=8)) == 1
    database.write(lambda session: [setattr(mail, "locale", "en") for mail in session.exec(select(Mail))])
    got = rendered(database, "unanswered")
    said = text(got)
    assert got["Subject"] == "What came of 3 enquiries?" and got["Reply-To"] is None
    assert all(lead.reference in said and lead.reference in text(got, "html") for lead in leads)
    assert said.count("/answer/") == 3 and "MB-1042" in said
    for secret in ("Jane", "example.com", "07911", "December"):
        assert secret not in said


def test_an_answered_an_erased_or_a_bounced_lead_is_reminded_of_by_nobody(database):
    for number in range(3):
        passed(database, email=f"jane{number}@example.com")
    answer(database, token(database), "not_real")

    def bend(session: Session) -> None:
        first, second, _ = session.exec(select(Lead).order_by(Lead.id))
        erasure.erase(session, first, "asked", "Ana", NOW)
        (mail,) = [mail for mail in outbox.about(session, f"lead:{second.reference}") if mail.kind == "lead"]
        mail.state = "bounced"

    database.write(bend)
    assert remind(database, DUE) == 0 and silent(database, DUE) == []


@pytest.mark.parametrize("gone", ["retired_at", "refused_at"])
def test_a_contact_that_is_gone_gets_no_reminder_but_its_agency_is_named_to_ops(database, gone):
    passed(database)
    database.write(lambda session: setattr(session.exec(select(Contact)).one(), gone, NOW))
    assert remind(database, DUE) == 0 and silent(database, DUE) == [("costa-norte", 1)]


def test_after_ninety_days_the_link_is_over_and_nobody_is_named_any_more(database):
    passed(database)
    assert silent(database, NOW + answering.VALID + timedelta(seconds=1)) == []


def test_the_links_of_a_reminder_are_those_of_the_leads_mail(database):
    passed(database)
    link = token(database)
    remind(database, DUE)
    assert link in text(rendered(database, "unanswered"))


def test_ops_list_who_keeps_somebody_waiting(database, run):
    passed(database, NOW - timedelta(days=5))
    assert '"costa-norte"' in run("agencies", "silent", "--json").stdout
    assert "costa-norte" in run("agencies", "silent").stdout


# The response record


def record(database: Database) -> tuple[int, int | None]:
    with database.read() as session:
        agency = session.exec(select(Agency)).one()
        return agency.response_count, agency.response_seconds


def reckon(database: Database, now=NOW) -> int:
    return database.write(lambda session: statistics.reckon(session, now))


def test_the_record_is_the_median_of_working_time_until_the_first_answer(database):
    for number, hours in enumerate((1, 24, 48)):
        begun = NOW + timedelta(minutes=number)
        passed(database, begun, email=f"jane{number}@example.com")
        answer(database, token(database), "contacted", begun + timedelta(hours=hours))
        answer(database, token(database), "unavailable", begun + timedelta(hours=hours + 1))
    assert reckon(database, NOW + timedelta(days=3)) == 1
    assert record(database) == (3, round(7.5 * 3600)), "a day later is a working day of seven and a half hours"


def test_a_doubt_is_no_answer_and_an_old_answer_counts_no_more(database):
    passed(database)
    answer(database, token(database), "not_real")
    reckon(database)
    assert record(database) == (0, None)
    answer(database, token(database), "contacted", NOW + timedelta(hours=24))
    reckon(database, NOW + timedelta(days=89))
    assert record(database)[0] == 1
    reckon(database, NOW + timedelta(days=91))
    assert record(database) == (0, None)


def version(database: Database) -> int:
    with database.read() as session:
        return session.exec(select(versions.SiteVersion.number)).one()


def test_the_site_changes_only_where_a_record_did(database):
    passed(database)
    answer(database, token(database), "contacted", NOW + timedelta(hours=24))
    before = version(database)
    assert [reckon(database), reckon(database)] == [1, 0]
    assert version(database) == before + 1


def test_an_office_elsewhere_is_reckoned_by_its_own_clock(database):
    passed(database)
    database.write(lambda session: setattr(session.exec(select(Office)).one(), "time_zone", "Atlantic/Canary"))
    answer(database, token(database), "contacted", NOW + timedelta(hours=1))
    reckon(database)
    # 13:12 there when it came; the office closes at 14:00.
    assert record(database) == (1, 48 * 60 - 7)

"""Agencies answer: which contact says what of a lead, once, and who hears of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import Executable, delete, update
from sqlmodel import Session, col, select

from portal import auditing, ledger
from portal.catalogue import reports
from portal.catalogue.properties import Property
from portal.db import Database
from portal.forwarding import answering, confirmation, stopping
from portal.forwarding.answering import ANSWERS, AgencyAnswer, AnswerUnknown
from portal.leads import Erased, Lead
from portal.ledger import LedgerEvent, LedgerPayload, bundles
from portal.mail.mails import Mail
from portal.receipts import documents
from portal.receipts.reading import read
from portal.rights import erasure
from portal.signing import TokenRefused
from tests.cast import NOW, SIGNER
from tests.smtp import text
from tests.test_mail_letters import DOMAIN, LETTERHEAD, receive, rendered

MINUTE = timedelta(minutes=1)


def token(database: Database, kind: str = "lead") -> str:
    """What the newest mail of this kind carries as its link."""
    with database.read() as session:
        mail = session.exec(select(Mail).where(Mail.kind == kind).order_by(Mail.id.desc())).first()
        return answering.link(LETTERHEAD, mail).rpartition("/")[2]


def answer(database: Database, link: str, said: str, now=NOW) -> answering.Asked:
    return database.write(lambda session: answering.answer(session, SIGNER, link, said, DOMAIN, now))


def answers(database: Database) -> list[str]:
    with database.read() as session:
        return [row.answer for row in session.exec(select(AgencyAnswer).order_by(AgencyAnswer.id))]


def told(database: Database) -> list[tuple[str, str]]:
    """The type and the answer of each event of the ledger about an answer, in their order."""
    with database.read() as session:
        rows = session.exec(
            select(LedgerEvent.type, LedgerPayload.payload)
            .join(LedgerPayload, LedgerPayload.event_id == LedgerEvent.id)
            .where(LedgerEvent.type.startswith("agency_"))
            .order_by(LedgerEvent.at)
        )
        return [(kind, ledger.said(payload)["answer"]) for kind, payload in rows]


def wish(database: Database) -> None:
    database.write(lambda session: confirmation.wish_answer(session, session.exec(select(Lead)).one(), NOW))


def mails(database: Database, kind: str) -> list[Mail]:
    with database.read() as session:
        return list(session.exec(select(Mail).where(Mail.kind == kind)))


def test_an_answer_is_a_row_and_an_event_that_name_the_contact(database):
    lead = receive(database).lead
    link = token(database)
    found = answer(database, link, "contacted")
    assert (found.lead.reference, found.answer.answer, found.answer.contact_id) == (lead.reference, "contacted", 1)
    assert told(database) == [("agency_answered", "contacted")]


def test_looking_at_a_link_and_a_second_click_change_nothing(database):
    receive(database)
    link = token(database)
    with database.read() as session:
        assert answering.asked(session, SIGNER, link, NOW).answer is None
    for minutes in (0, 0, 5):
        answer(database, link, "contacted", NOW + minutes * MINUTE)
    assert answers(database) == ["contacted"] and len(told(database)) == 1


def test_another_answer_is_another_event_and_the_newest_shows(database):
    receive(database)
    link = token(database)
    for place, said in enumerate(("not_reachable", "contacted", "not_reachable")):
        answer(database, link, said, NOW + place * MINUTE)
    assert answers(database) == ["not_reachable", "contacted", "not_reachable"]
    assert [said for _, said in told(database)] == answers(database)
    with database.read() as session:
        assert answering.shown(session, session.exec(select(Lead)).one()).answer == "not_reachable"


def test_that_an_enquiry_is_not_real_changes_neither_its_screening_nor_what_the_visitor_sees(database):
    receive(database)
    link = token(database)
    answer(database, link, "contacted")
    answer(database, link, "not_real", NOW + MINUTE)
    assert told(database)[-1] == ("agency_doubted", "not_real")
    with database.read() as session:
        lead = session.exec(select(Lead)).one()
        assert lead.screening == "forward" and answering.shown(session, lead).answer == "contacted"
        receipt = documents.proved(session, read(session, lead), "https://portal.example", "en", None)
        assert "agency_answered" in str(receipt) and "doubt" not in str(receipt) and "not_real" not in str(receipt)
        assert "agency_doubted" in str(bundles.of_lead(session, lead.reference, None)), "ops see it"


def test_that_a_home_is_gone_is_a_finding_for_ops_and_takes_nothing_off_the_site(database):
    receive(database)
    answer(database, token(database), "unavailable")
    with database.read() as session:
        (report,) = reports.latest(session)
        assert (report.reference, report.reason, report.source, report.told) == ("MB-1042", "gone", "agency", False)
        assert session.exec(select(Property)).one().state == "published"
    assert mails(database, "report") == []


@pytest.mark.parametrize("forged", ["", "x", "1", "WzFd.forged", SIGNER.sign("status", 1), SIGNER.sign("answer", [1])])
def test_a_forged_link_finds_nothing_and_changes_nothing(database, forged):
    receive(database)
    with pytest.raises(TokenRefused):
        answer(database, forged, "contacted")
    assert answers(database) == []


def test_the_link_of_a_mail_that_is_no_lead_or_of_another_lead_says_nothing_of_this_one(database):
    first = receive(database).lead
    with pytest.raises(TokenRefused):
        answer(database, token(database, "confirmation"), "contacted")
    other = receive(database, words="Another question", email="joe@example.com").lead
    answer(database, token(database), "contacted")
    with database.read() as session:
        assert answering.of_lead(session, session.get_one(Lead, first.id)) == []
        assert len(answering.of_lead(session, session.get_one(Lead, other.id))) == 1


def test_a_link_is_good_for_ninety_days(database):
    receive(database)
    link = token(database)
    answer(database, link, "contacted", NOW + timedelta(days=90))
    with pytest.raises(TokenRefused) as refused:
        answer(database, link, "not_reachable", NOW + timedelta(days=90, seconds=1))
    assert refused.value.expired and answers(database) == ["contacted"]


def test_after_an_erasure_no_answer_is_taken(database, tmp_path):
    lead = receive(database).lead
    link = token(database)
    database.write(lambda session: erasure.erase(session, session.get_one(Lead, lead.id), "asked", "Ana", NOW))
    with pytest.raises(Erased):
        answer(database, link, "contacted")
    assert answers(database) == []


def test_none_but_the_four_answers_is_taken(database):
    receive(database)
    for said in ("", "CONTACTED", "spam"):
        with pytest.raises(AnswerUnknown):
            answer(database, token(database), said)
    assert answers(database) == [] and len(ANSWERS) == 4


# The visitor's second mail


def test_who_wished_for_it_gets_one_mail_when_the_agency_says_it_has_answered(database):
    receive(database)
    wish(database)
    link = token(database)
    answer(database, link, "not_reachable")
    assert mails(database, "answered") == []
    answer(database, link, "contacted", NOW + MINUTE)
    answer(database, link, "not_reachable", NOW + 2 * MINUTE)
    answer(database, link, "contacted", NOW + 3 * MINUTE)
    (mail,) = mails(database, "answered")
    assert (mail.recipient, mail.locale) == ("jane@example.com", "en")
    got = rendered(database, "answered")
    assert "Costa Norte Homes says it has answered enquiry IM-" in str(got["Subject"])
    said = text(got)
    assert "+34 952 000 142" in said and "/en/enquiries/" in said and "/en/stop/" in str(got["List-Unsubscribe"])
    assert "May we see it" not in said and "Jane" not in said


def test_who_did_not_wish_for_it_or_stopped_us_gets_none(database):
    receive(database)
    answer(database, token(database), "contacted")
    receive(database, email="joe@example.com", words="Another")

    def stop(session) -> None:
        lead = session.exec(select(Lead).order_by(Lead.id.desc())).first()
        confirmation.wish_answer(session, lead, NOW)
        stopping.stop(session, stopping.mailbox(SIGNER, "joe@example.com"), NOW)

    database.write(stop)
    answer(database, token(database), "contacted")
    assert mails(database, "answered") == []


# At once, and audited


def test_two_clicks_at_once_are_one_answer(database):
    receive(database)
    link, turn = token(database), Barrier(2)

    def click(said: str) -> None:
        turn.wait(timeout=30)
        answer(database, link, said)

    with ThreadPoolExecutor(2) as pool:
        for said in ("contacted", "not_reachable", "contacted"):
            list(pool.map(click, (said, said)))
    assert answers(database) == ["contacted", "not_reachable", "contacted"] == [said for _, said in told(database)]


def test_the_audit_finds_an_answer_that_the_ledger_does_not_know_or_knows_otherwise(database):
    receive(database)
    link = token(database)
    for minutes, said in enumerate(("contacted", "not_real", "contacted")):
        answer(database, link, said, NOW + minutes * MINUTE)
    assert auditing.audit(database) == []

    def found(statement: Executable) -> list[str]:
        with database.read() as session:
            session.execute(statement)
            problems = _audited(session)
            session.rollback()
        return problems

    first = col(AgencyAnswer.id) == 1
    doubt = col(AgencyAnswer.answer) == "not_real"
    assert found(update(AgencyAnswer).where(first).values(answer="unavailable")) == [
        "the row says something else than the event agency_answered: answer"
    ]
    assert "an answer is of another kind than its event" in found(
        update(AgencyAnswer).where(doubt).values(answer="contacted")
    )
    assert found(delete(AgencyAnswer).where(first)) == ["an answer the ledger knows is missing (agency_answered)"]
    assert found(update(AgencyAnswer).where(first).values(answered_at=NOW - MINUTE)) == [
        "an answer the ledger does not know", "an answer the ledger knows is missing (agency_answered)"
    ]  # fmt: skip


def _audited(session: Session) -> list[str]:
    known = auditing.Known.read(session)
    return [what for cases in auditing._cases(session) for case in cases for _, what in auditing.faults(case, known)]

"""The status page: every state told plainly, and never the person."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from portal import db, forwarding
from portal.catalogue.agencies import Agency, Contact
from portal.leads import Disclosure, Lead, StatusLink
from portal.mail.mails import Mail
from tests.cast import NOW
from tests.web.reading import Page, get
from tests.web.test_enquire import JANE


@pytest.fixture
def status(client, villa) -> str:
    """The address of the status page of Jane's enquiry."""
    answer = client.post(f"{villa}/enquire", data={**get(client, villa).form(), **JANE})
    return str(answer.headers["location"])


def bend(database, **values) -> None:
    def work(session: Session) -> None:
        mail = session.exec(select(Mail).where(Mail.kind == "lead")).one()
        for name, value in values.items():
            setattr(mail, name, value)

    database.write(work)


def test_the_page_shows_reference_home_agency_and_state_and_never_the_person(client, status, database):
    page = get(client, status)
    with database.read() as session:
        reference = session.exec(select(Lead.reference)).one()
    (data,) = page.marked("lead-reference")
    assert (data.tag, data.get("value"), data.text) == ("data", reference, reference)
    for words in ("MB-1042", "Villa in Nueva Andalucía, Marbella", "€1,250,000", "Costa Norte Homes"):
        assert words in page.text
    for secret in ("Jane", "jane@example.com", "07911", "+447911123456", "December"):
        assert secret not in page.response.text


def test_the_page_is_kept_by_nobody_and_found_by_no_search_engine(client, status):
    page = get(client, status)
    assert page.response.headers["cache-control"] == "no-store"
    assert page.tree.xpath(".//meta[@name='robots']/@content") == ["noindex"]
    assert "etag" not in page.response.headers


def test_the_mail_on_its_way_then_handed_over(client, status, database):
    assert page_now(client, status).startswith("On its way to the agency")

    def hand_over(session: Session) -> None:
        forwarding.passed(session, session.exec(select(Mail).where(Mail.kind == "lead")).all(), NOW)

    database.write(hand_over)
    page = get(client, status)
    assert "We have passed it to Costa Norte Homes." in page.text
    assert page_now(client, status) == "Handed to the agency’s mail server 23 November 2026, 14:12:07"
    assert page.text.count("Not yet.") == 1


def test_a_mail_that_failed_for_now_says_when_it_is_tried_again(client, status, database):
    bend(database, attempts=1, due_at=NOW + timedelta(minutes=20))
    assert "Not delivered yet We will try again at 23 November 2026, 14:32." in get(client, status).text


@pytest.mark.parametrize("state", ["refused", "bounced", "parked", "cancelled"])
def test_a_mail_that_was_refused_says_that_a_person_sees_it(client, status, database, state):
    bend(database, state=state, attempts=1)
    page = get(client, status)
    assert "A person at OptimaSys sees this" in page.text
    assert page.links("timeline") == {}


@pytest.mark.parametrize(
    ("kind", "values", "reason"),
    [
        (Agency, {"paused_at": NOW}, "The agency takes no enquiries at the moment."),
        (Contact, {"retired_at": NOW}, "The agency has no confirmed address for enquiries at the moment."),
    ],
)
def test_a_parked_enquiry_says_why_it_waits(client, villa, database, kind, values, reason):
    form = {**get(client, villa).form(), **JANE}

    def park(session: Session) -> None:
        for name, value in values.items():
            setattr(session.get_one(kind, 1), name, value)

    database.write(park)
    page = Page(client.get(client.post(f"{villa}/enquire", data=form).headers["location"]))
    assert reason in page.text
    assert "We pass your enquiry on as soon as that changes." in page.text


def test_a_home_withdrawn_since_is_told(client, status, change):
    change(state="withdrawn", withdrawn_at=NOW)
    page = get(client, status)
    assert "This home has been withdrawn since. Your enquiry remains recorded." in page.text
    assert page.links("receipt") == {}


def test_the_page_speaks_the_language_of_its_address(client, status):
    page = get(client, status.replace("/en/", "/es/"))
    assert "Su consulta está registrada" in page.text
    assert page.links("top-own")["English"] == status


def test_a_token_that_is_not_ours_or_whose_time_is_over_finds_nothing(client, status, database):
    for address in ("/en/enquiries/forged", status[:-1], "/en/enquiries/" + "x" * 4000):
        assert get(client, address).status == 404

    def ninety_days_pass(session: Session) -> None:
        session.exec(select(StatusLink)).one().created_at = db.utcnow() - timedelta(days=91)

    database.write(ninety_days_pass)
    assert get(client, status).status == 404


def test_a_lead_sent_to_a_second_recipient_shows_the_newest_hand_over(client, status, database):
    def again(session: Session) -> None:
        first = session.exec(select(Disclosure)).one()
        mail = session.exec(select(Mail).where(Mail.kind == "lead")).one()
        copy = Mail(**{**mail.model_dump(exclude={"id"}), "generation": 2, "message_id": "<second@example>"})
        session.add(copy)
        session.flush()
        session.add(Disclosure(**{**first.model_dump(exclude={"id"}), "mail_id": copy.id, "passed_at": NOW}))

    database.write(again)
    assert "We have passed it to Costa Norte Homes." in get(client, status).text


def page_now(client, status: str) -> str:
    """What the page says is the case now."""
    return str(get(client, status).texts("now")[0])

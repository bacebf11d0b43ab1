"""The page on which an agency answers: a look changes nothing, a button does, and the visitor sees it."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from portal.db import utcnow
from portal.forwarding import answering
from portal.forwarding.answering import AgencyAnswer
from portal.leads import Confirmation, Lead
from portal.mail.composing import Letterhead
from portal.mail.mails import Mail
from portal.rights import erasure
from portal.signing import Signer
from tests.web.reading import get
from tests.web.test_enquire import JANE


@pytest.fixture
def status(client, villa) -> str:
    """The address of the status page of Jane's enquiry."""
    return str(client.post(f"{villa}/enquire", data={**get(client, villa).form(), **JANE}).headers["location"])


@pytest.fixture
def link(status, database, settings) -> str:
    """The link in the agency's mail."""
    letterhead = Letterhead("leads@immomarket.example", "", Signer(settings.key), "bounces@immomarket.example")
    with database.read() as session:
        mail = session.exec(select(Mail).where(Mail.kind == "lead")).one()
        mail.locale = "en"
        return answering.link(letterhead, mail)


def answers(database) -> list[str]:
    with database.read() as session:
        return [row.answer for row in session.exec(select(AgencyAnswer).order_by(AgencyAnswer.id))]


def test_looking_answers_nothing_whoever_looks(client, link, database):
    page = get(client, link)
    assert page.status == 200 and "What came of this enquiry?" in page.text
    assert client.head(link).status_code == 200
    assert page.response.headers["cache-control"] == "no-store"
    assert [button.get("value") for button in page.tree.xpath("//main//button")] == list(answering.ANSWERS)
    assert "MB-1042" in page.text and "Jane" not in page.text and "December" not in page.text
    assert answers(database) == []


def test_a_button_answers_once_and_the_page_then_says_so(client, link, database):
    for _ in range(2):
        answer = client.post(link, data={"answer": "contacted"})
        assert (answer.status_code, answer.headers["location"]) == (303, link)
    page = get(client, link)
    assert "Noted, thank you" in page.text and "You said: I have contacted this client." in page.text
    assert len(page.tree.xpath("//main//button")) == 3 and answers(database) == ["contacted"]


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        ("contacted", "The agency says it has contacted you"),
        ("not_reachable", "The agency could not reach you"),
        ("unavailable", "The agency says this home is no longer available"),
        ("not_real", "Confirmed by the agency Not yet."),
    ],
)
def test_the_visitor_sees_the_answer_on_the_status_page_but_no_doubt(client, status, link, said, seen):
    client.post(link, data={"answer": said})
    page = get(client, status)
    assert seen in page.text and "real" not in page.text


def test_an_answer_that_is_none_of_the_four_comes_back(client, link, database):
    for data in ({}, {"answer": "other"}, {"answer": ["contacted' OR 1", "x"]}):
        answer = client.post(link, data=data)
        assert answer.status_code == 422 and "Nothing has been recorded" in answer.text
    assert answers(database) == []


def test_a_button_pressed_on_another_site_answers_nothing(client, link, database):
    answer = client.post(link, data={"answer": "contacted"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403 and answers(database) == []


def test_forged_and_expired_links_find_nothing_and_those_of_the_erased_are_gone(client, status, link, database):
    assert client.post("/en/answer/forged", data={"answer": "contacted"}).status_code == 404

    def erase(session: Session) -> None:
        erasure.erase(session, session.exec(select(Lead)).one(), "asked", "Ana", utcnow())

    def age(session: Session) -> None:
        session.exec(select(Mail).where(Mail.kind == "lead")).one().queued_at -= timedelta(days=91)

    database.write(age)
    assert client.get(link).status_code == client.post(link, data={"answer": "contacted"}).status_code == 404
    database.write(erase)
    assert client.get(link).status_code == client.post(link, data={"answer": "contacted"}).status_code == 410
    assert answers(database) == []


def test_the_visitor_asks_to_hear_of_the_answer_with_one_button(client, status, link, database):
    page = get(client, status)
    assert "E-mail me then" in page.text
    answer = client.post(status)
    assert (answer.status_code, answer.headers["location"]) == (303, status)
    assert "We e-mail you once the agency says" in get(client, status).text
    with database.read() as session:
        first = session.exec(select(Confirmation)).one().answer_wished_at
    client.post(status)
    with database.read() as session:
        assert session.exec(select(Confirmation)).one().answer_wished_at == first
    client.post(link, data={"answer": "contacted"})
    assert "Hear of the answer" not in get(client, status).text
    with database.read() as session:
        assert session.exec(select(Mail.recipient).where(Mail.kind == "answered")).one() == JANE["email"]


def test_the_wish_is_not_taken_from_another_site_or_by_a_forged_address(client, status, database):
    assert client.post(status, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.post("/en/enquiries/forged").status_code == 404
    with database.read() as session:
        assert session.exec(select(Confirmation)).one().answer_wished_at is None

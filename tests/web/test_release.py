"""The release page: a button, worth one lead, once; nothing that only looks at a link changes anything."""

import pytest
from sqlmodel import Session, select
from starlette.testclient import TestClient

from portal import leads
from portal.enquiries import releasing
from portal.leads import Lead, LeadPerson
from portal.mail.composing import Letterhead
from portal.mail.mails import Mail
from portal.message_kinds import KINDS
from portal.web.app import create
from tests.cast import NOW, SIGNER
from tests.web.reading import Page, get
from tests.web.test_enquire import JANE

LETTERHEAD = Letterhead("leads@immomarket.example", "", SIGNER, "bounces@portal.example")


@pytest.fixture
def settings(settings):
    """Everything is held: every score reaches 0."""
    return settings.model_copy(update={"screening_held": 0})


@pytest.fixture
def status(client, villa) -> str:
    """The address of the status page of Jane's held enquiry."""
    return str(client.post(f"{villa}/enquire", data={**get(client, villa).form(), **JANE}).headers["location"])


@pytest.fixture
def link(status, database) -> str:
    """The address in the mail to Jane."""
    with database.read() as session:
        mail = session.exec(select(Mail).where(Mail.kind == "release")).one()
        text = KINDS["release"].render(session, mail, LETTERHEAD).text
    return next(line for line in text.splitlines() if line.startswith("/en/release/"))


def stands(database) -> tuple[str, list[str]]:
    """How the lead is screened, and which mails there are."""
    with database.read() as session:
        return session.exec(select(Lead.screening)).one(), sorted(session.exec(select(Mail.kind)))


def test_the_status_page_says_that_it_is_held_and_never_by_what(client, status):
    page = get(client, status)
    assert "It waits here for a check before it goes to Costa Norte Homes." in page.text
    assert "Held for a check" in page.texts("bad")[0] and "You need not send it again." in page.text
    assert len(page.texts("next")) == 2 and "spam" not in page.response.text


def test_spam_gets_the_same_page_as_held(client, villa, status, database, settings):
    with TestClient(create(settings.model_copy(update={"screening_spam": 0})), follow_redirects=False) as other:
        form = {**get(other, villa).form(), **JANE, "words": "Another question"}
        taken_for_spam = get(other, other.post(f"{villa}/enquire", data=form).headers["location"])
    with database.read() as session:
        leads = session.exec(select(Lead).order_by(Lead.id)).all()
    assert [lead.screening for lead in leads] == ["held", "spam"]
    held = get(client, status)
    times = [page.tree.xpath(".//time")[0].text for page in (held, taken_for_spam)]
    shown = [page.text.replace(lead.reference, "").replace(time, "")
             for page, lead, time in zip((held, taken_for_spam), leads, times, strict=True)]  # fmt: skip
    assert shown[0] == shown[1]


def test_looking_at_the_link_changes_nothing_and_the_button_releases_once(client, link, status, database):
    for method in ("GET", "HEAD", "GET"):
        assert client.request(method, link).status_code == 200
    assert stands(database) == ("held", ["release"])
    page = get(client, link)
    assert "Pass on your enquiry" in page.title and "MB-1042" in page.text and "Jane" not in page.response.text
    assert page.response.headers["cache-control"] == "no-store"

    answer = client.post(link)
    assert (answer.status_code, answer.headers["location"]) == (303, link)
    assert stands(database) == ("forward", ["lead", "release"])
    done = get(client, link)
    assert "It has been released and goes to Costa Norte Homes." in done.text and not done.tree.xpath(".//main//form")
    assert client.post(link).status_code == 303 and stands(database) == ("forward", ["lead", "release"])
    assert "Released" in get(client, status).text and "On its way to the agency" in get(client, status).text


def test_another_site_presses_no_button(client, link, database):
    answer = Page(client.post(link, headers={"Sec-Fetch-Site": "cross-site"}))
    assert answer.status == 403 and "sent from another site" in answer.text
    assert stands(database) == ("held", ["release"])


def test_a_forged_link_finds_nothing(client, link, database):
    for address in (link[:-1], f"{link}x", "/en/release/forged", link.replace("release", "stop")):
        assert (client.get(address).status_code, client.post(address).status_code) == (404, 404)
    assert stands(database) == ("held", ["release"])


def test_a_link_is_void_once_a_person_took_the_lead_for_spam_or_erased_it(client, link, database):
    def take_for_spam(session: Session) -> None:
        releasing.mark_spam(session, session.exec(select(Lead)).one(), "Ana", "a robot", NOW)

    database.write(take_for_spam)
    assert (client.get(link).status_code, client.post(link).status_code) == (410, 410)
    assert stands(database) == ("spam", ["release"])
    database.write(lambda session: session.delete(session.exec(select(LeadPerson)).one()))
    assert client.post(link).status_code == 410


def test_what_ops_released_needs_no_button(client, link, database):
    def release(session: Session) -> None:
        lead = leads.by_reference(session, session.exec(select(Lead.reference)).one())
        releasing.release(session, lead, "Ana", "honest", "immomarket.example", NOW)

    database.write(release)
    assert "It has been released" in get(client, link).text
    assert client.post(link).status_code == 303 and stands(database) == ("forward", ["lead", "release"])

"""The stop page: one click ends our mail to an address, looking at it does not, and it can be undone."""

import pytest
from sqlmodel import select

from portal.forwarding import stopping
from portal.forwarding.stopping import StoppedAddress
from portal.mail.composing import Letterhead
from tests.cast import SIGNER
from tests.web.reading import get


@pytest.fixture
def link() -> str:
    return stopping.link(
        Letterhead("leads@immomarket.example", "", SIGNER, "bounces@portal.example"), "stranger@example.com", "en"
    )


def stopped(database) -> list[str]:
    with database.read() as session:
        return list(session.exec(select(StoppedAddress.mailbox)))


def test_the_button_stops_and_another_undoes(client, link, database):
    page = get(client, link)
    assert page.status == 200 and client.head(link).status_code == 200 and stopped(database) == []
    assert "example.com" not in page.response.text and page.response.headers["cache-control"] == "no-store"
    done = client.post(link, headers={"content-type": "application/x-www-form-urlencoded"})
    assert "We send you no more e-mails about enquiries" in done.text
    assert stopped(database) == [stopping.mailbox(SIGNER, "stranger@example.com")]
    assert "Send me e-mails about my enquiries again" in get(client, link).text
    assert "Stop these e-mails" in client.post(link, data={"undo": "1"}).text and stopped(database) == []


@pytest.mark.parametrize("body", [{"data": {"List-Unsubscribe": "One-Click"}},
                                  {"files": {"List-Unsubscribe": (None, "One-Click")}}, {}])  # fmt: skip
def test_the_one_click_of_a_mail_program_stops_without_a_redirect(client, link, database, body):
    answer = client.post(link, **body, headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://mail.example"})
    assert answer.status_code == 200 and len(stopped(database)) == 1


@pytest.mark.parametrize("payload", ["x", None, 7, ["a"], {"a": 1}])
def test_a_link_that_is_none_of_ours_stops_nobody(client, database, payload):
    forged = "/en/stop/forged" if payload == "x" else f"/en/stop/{SIGNER.sign('stop', payload)}"
    assert (client.get(forged).status_code, client.post(forged).status_code) == (404, 404)
    assert stopped(database) == []

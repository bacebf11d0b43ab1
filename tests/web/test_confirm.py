"""A contact confirms its address by a button, and what waited for it goes out."""

from datetime import datetime

import pytest
from sqlmodel import Session, select

from portal.catalogue import invitations
from portal.catalogue.agencies import Contact
from portal.leads import Lead
from portal.mail.mails import Mail
from portal.signing import Signer
from tests.cast import NOW
from tests.web.reading import get
from tests.web.test_enquire import JANE


@pytest.fixture
def link(client, database, settings) -> str:
    """The link of a contact that has not confirmed yet."""

    def unconfirm(session: Session) -> str:
        contact = session.get_one(Contact, 1)
        contact.confirmed_at = contact.confirmed_how = None
        return f"/en/confirm/{invitations.token(Signer(settings.key), contact)}"

    return str(database.write(unconfirm))


def test_looking_at_the_link_confirms_nothing(client, link, database):
    page = get(client, link)
    assert page.status == 200
    assert "costa-norte@agency.example" in page.text
    assert page.tree.xpath(".//button")[0].text_content() == "Confirm this address"
    assert page.response.headers["cache-control"] == "no-store"
    with database.read() as session:
        assert session.get_one(Contact, 1).confirmed_at is None


def test_the_button_confirms_and_forwards_what_waited(client, link, villa, database):
    def confirmed(at: datetime | None) -> None:
        database.write(lambda session: setattr(session.get_one(Contact, 1), "confirmed_at", at))

    confirmed(NOW)
    form = {**get(client, villa).form(), **JANE}
    confirmed(None)
    client.post(f"{villa}/enquire", data=form)
    with database.read() as session:
        assert session.exec(select(Lead)).one().parked_reason == "no_confirmed_contact"

    answer = client.post(link)
    assert (answer.status_code, answer.headers["location"]) == (303, link)
    assert "Your address is confirmed" in get(client, link).text
    with database.read() as session:
        assert session.get_one(Contact, 1).confirmed_how == "link"
        assert session.exec(select(Lead)).one().parked_reason is None
        assert session.exec(select(Mail).where(Mail.kind == "lead")).one().recipient == "costa-norte@agency.example"


def test_a_link_to_an_address_changed_since_is_void(client, link, database):
    database.write(lambda session: setattr(session.get_one(Contact, 1), "email", "new@agency.example"))
    for answer in (client.get(link), client.post(link), client.get("/en/confirm/forged")):
        assert answer.status_code == 410
        assert "This link is no longer valid" in answer.text

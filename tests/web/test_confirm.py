"""A contact confirms its address by a button, and what waited for it goes out."""

from datetime import datetime

import pytest
from sqlmodel import Session, select

from portal.catalogue import agencies, invitations, succession
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


def test_a_new_address_waits_for_the_present_contact_whose_button_lets_it_take_over(client, database, settings):
    signer = Signer(settings.key)

    def enter(session: Session) -> list[str]:
        agency = agencies.by_slug(session, "costa-norte")
        contact = agencies.add_contact(session, agency, "new@agency.example", NOW)
        present = succession.present(session, contact)
        return [f"/en/confirm/{invitations.token(signer, contact)}",
                f"/en/confirm/{succession.token(signer, contact, present)}"]  # fmt: skip

    own, asked = database.write(enter)
    assert client.post(own).status_code == 303
    assert "as soon as the present contact of Costa Norte Homes agrees" in get(client, own).text
    page = get(client, asked)
    assert "would go to new@agency.example, and to costa-norte@agency.example no more" in page.text
    assert page.tree.xpath(".//main//button")[0].text_content() == "Yes, that is right"
    with database.read() as session:
        assert session.get_one(Contact, 1).retired_at is None
    assert client.post(asked).status_code == 303
    assert "now go to new@agency.example" in get(client, asked).text and "now go to" in get(client, own).text
    with database.read() as session:
        assert session.get_one(Contact, 1).retired_at is not None


def test_a_link_to_an_address_changed_since_is_void(client, link, database):
    database.write(lambda session: setattr(session.get_one(Contact, 1), "email", "new@agency.example"))
    for answer in (client.get(link), client.post(link), client.get("/en/confirm/forged")):
        assert answer.status_code == 410
        assert "This link is no longer valid" in answer.text

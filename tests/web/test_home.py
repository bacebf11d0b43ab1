"""The front page, and the way to it in the right language."""

from sqlmodel import Session, select

from portal.catalogue import places
from portal.catalogue.properties import Property
from tests import cast
from tests.web.conftest import statements
from tests.web.reading import get


def test_the_bare_address_leads_to_the_language_the_browser_likes_best(client):
    answer = client.get("/", headers={"accept-language": "es-ES,es;q=0.9"})
    assert (answer.status_code, answer.headers["location"]) == (302, "/es/")
    assert "Accept-Language" in answer.headers["vary"]
    assert client.get("/", headers={"accept-language": "fi"}).headers["location"] == "/en/"


def test_the_front_page_shows_the_newest_homes_and_what_happens_to_an_enquiry(client):
    page = get(client, "/en/")
    assert page.status == 200
    assert len(page.marked("card")) == 3
    assert "OptimaSys Group Spain S.L. keeps the record and gives you a reference." in page.text
    assert get(client, "/es/").title == "Viviendas en la Costa del Sol, en venta y en alquiler · ImmoMarket"


def test_towns_stand_on_the_coast_once_there_are_three_and_others_below(client, database):
    assert list(get(client, "/en/").links("chips").values()) == ["/en/buy/marbella"]

    def settle(session: Session) -> None:
        agency = cast.agency(session, "sur", "Hábitat Sur")
        for number, town in enumerate(("Nerja", "Estepona", "Ronda")):
            home = places.town(session, town, "Málaga").id
            cast.home(session, agency, str(number), town_id=home, area_id=None)

    database.write(settle)
    page = get(client, "/en/")
    assert list(page.links("coast").values()) == ["/en/buy/estepona", "/en/buy/marbella", "/en/buy/nerja"]
    assert list(page.links("chips").values()) == ["/en/buy/ronda"]


def test_an_empty_catalogue_says_so(client, database):
    database.write(lambda session: [setattr(home, "state", "held") for home in session.exec(select(Property))])
    assert "No home is published yet." in get(client, "/en/").text


def test_the_front_page_takes_two_statements(client):
    with statements() as seen:
        client.get("/en/")
    assert len(seen) == 2

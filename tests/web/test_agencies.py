"""The list of agencies, and each with its homes."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from portal import addresses, db
from portal.catalogue import versions
from portal.catalogue.agencies import Agency, Office
from portal.catalogue.statements import PAGE
from portal.language import formats
from tests import cast
from tests.cast import NOW
from tests.web.reading import get


def test_every_agency_with_homes_stands_in_the_list_by_name(client, database):
    database.write(lambda session: cast.agency(session, "bare", "Bare Homes"))
    page = get(client, "/en/agencies")
    assert page.status == 200
    assert page.texts("table")[0].split("Homes here ")[1] == "Costa Norte Homes Marbella 2 Grupo Alborán Marbella 1"
    assert page.links("table") == {
        "Costa Norte Homes": "/en/agencies/costa-norte", "Grupo Alborán": "/en/agencies/grupo-alboran",
    }  # fmt: skip


def test_an_agency_is_shown_with_its_office_and_all_its_homes(client, change):
    change(Agency, website="https://costa.example", registration="API 1284")
    page = get(client, "/en/agencies/costa-norte")
    assert page.status == 200
    for words in ("Avenida del Prado 14, 29660 Marbella", "+34 952 000 142", "API 1284", "2 homes"):
        assert words in page.text
    assert page.tree.xpath(".//a[text()='costa.example']/@rel") == ["noopener nofollow"]
    assert len(page.marked("card")) == 2


@pytest.mark.parametrize("website", [None, "javascript:alert(1)"])
def test_what_an_agency_has_not_given_is_said_and_a_website_that_is_none_is_no_link(client, change, website):
    change(Agency, website=website)
    page = get(client, "/en/agencies/costa-norte")
    assert "Register Not given by the agency" in page.text
    assert page.tree.xpath(".//a[starts-with(@href, 'javascript')]") == []


def test_the_homes_of_an_agency_are_paged_by_key_without_gap_or_double(client, database):
    def more(session: Session) -> None:
        owner = session.exec(select(Agency).where(Agency.slug == "costa-norte")).one()
        for number in range(PAGE):
            cast.home(session, owner, f"x{number}", published_at=NOW - timedelta(days=number + 1))
        versions.raise_version(session)

    database.write(more)
    first = get(client, "/en/agencies/costa-norte")
    second = get(client, first.links("pages")["Next"])
    assert (len(first.marked("card")), len(second.marked("card"))) == (PAGE, 2)
    assert second.tree.xpath(".//link[@rel='canonical']/@href") == [
        f"http://testserver{first.links('pages')['Next']}"
    ]  # fmt: skip
    assert (list(first.links("pages")), list(second.links("pages"))) == (["Next"], ["Previous"])
    homes = [page.tree.xpath(".//li[@class='card']//h3/a/@href") for page in (first, second)]
    assert len({*homes[0], *homes[1]}) == PAGE + 2


def test_an_agency_without_homes_has_a_page_and_an_unknown_one_has_none(client, database):
    database.write(lambda session: cast.agency(session, "bare", "Bare Homes"))
    assert "This agency has no home here at the moment." in get(client, "/en/agencies/bare").text
    assert get(client, "/en/agencies/nobody").status == 404
    assert get(client, "/en/agencies/costa-norte?after=nowhere").status == 200


@pytest.fixture
def at(monkeypatch):
    """Sets the clock by the wall clock of Spain."""

    def set_(text: str) -> None:
        now = datetime.fromisoformat(text).replace(tzinfo=formats.ZONE).astimezone(UTC)
        monkeypatch.setattr(db, "utcnow", lambda: now)

    return set_


def hours_of(page):
    """Whether it is open, the rows of the table, and what stands under it."""
    (status,) = page.tree.xpath(".//dl[@class='pairs']/div[last()]/dd/text()")
    rows = [" ".join(" ".join(row.itertext()).split()) for row in page.tree.xpath(".//div[@class='hours']//tr")]
    return status, rows, page.tree.xpath(".//div[@class='hours']/p/text()")


def test_of_hours_that_were_not_given_nothing_is_claimed(client, at):
    at("2026-11-29 03:00")
    assert hours_of(get(client, "/en/agencies/costa-norte")) == ("Not given by the agency", [], [])
    assert "Closed" not in get(client, "/en/agencies/costa-norte").text


@pytest.mark.parametrize(
    ("lang", "status", "rows", "closed"),
    [
        ("en", "Opens tomorrow at 09:30", ["Monday–Friday 09:30–14:00, 16:30–19:30", "Saturday 10:00–14:00",
         "Sunday Closed"], "Closed on 8 December and 25 December"),
        ("es", "Abre mañana a las 09:30", ["Lunes–viernes 09:30–14:00, 16:30–19:30", "Sábado 10:00–14:00",
         "Domingo Cerrado"], "Cerrado el 8 de diciembre y 25 de diciembre"),
        ("de", "Öffnet morgen um 09:30 Uhr", ["Montag–Freitag 09:30–14:00, 16:30–19:30", "Samstag 10:00–14:00",
         "Sonntag Geschlossen"], "Geschlossen am 8. Dezember und 25. Dezember"),
        ("fr", "Ouvre demain à 09:30", ["Lundi–vendredi 09:30–14:00, 16:30–19:30", "Samedi 10:00–14:00",
         "Dimanche Fermé"], "Fermé le 8 décembre et 25 décembre"),
        ("nl", "Gaat morgen open om 09:30 uur", ["Maandag–vrijdag 09:30–14:00, 16:30–19:30", "Zaterdag 10:00–14:00",
         "Zondag Gesloten"], "Gesloten op 8 december en 25 december"),
        ("sv", "Öppnar i morgon kl. 09:30", ["Måndag–fredag 09:30–14:00, 16:30–19:30", "Lördag 10:00–14:00",
         "Söndag Stängt"], "Stängt den 8 december och 25 december"),
    ],
)  # fmt: skip
def test_hours_are_told_in_every_language(client, change, at, lang, status, rows, closed):
    change(Office, opening_hours="Mo-Fr 09:30-14:00,16:30-19:30; Sa 10:00-14:00")
    at("2026-11-29 12:00")
    assert hours_of(get(client, addresses.agency(lang, "costa-norte"))) == (status, rows, [closed])


@pytest.mark.parametrize(
    ("now", "status"),
    [
        ("2026-11-23 09:29", "Opens today at 09:30"),
        ("2026-11-23 09:30", "Open now, until 14:00"),
        ("2026-11-23 13:59", "Open now, until 14:00"),
        ("2026-11-23 14:00", "Opens today at 16:30"),
        ("2026-11-27 19:30", "Opens tomorrow at 10:00"),
        ("2026-11-28 14:00", "Opens on Monday at 09:30"),
        ("2026-12-04 19:30", "Opens on 12 December at 10:00"),
        ("2026-12-09 10:00", "Opens on Saturday at 10:00"),
    ],
)
def test_whether_it_is_open_is_told_in_the_clock_of_the_office(client, change, at, now, status):
    closed = "2026-12-05 2026-12-07 2026-12-09 2026-12-10 2026-12-11"
    change(
        Office, opening_hours="Mo-Fr 09:30-14:00,16:30-19:30; Sa 10:00-14:00", holidays="ES-AN", local_holidays=closed
    )
    at(now)
    assert hours_of(get(client, "/en/agencies/costa-norte"))[0] == status


def test_an_office_on_another_clock_says_so(client, change, at):
    change(Office, opening_hours="Mo-Fr 09:30-14:00", time_zone="Atlantic/Canary")
    at("2026-11-23 10:15")  # 09:15 there
    status, _, notes = hours_of(get(client, "/en/agencies/costa-norte"))
    assert status == "Opens today at 09:30" and notes[-1] == "Local time: Canary"
    change(Office, time_zone="Europe/Paris")
    assert "Local time" not in get(client, "/en/agencies/costa-norte").text


def test_what_is_open_till_midnight_is_open_without_an_end(client, change, at):
    change(Office, opening_hours="Mo-Su 00:00-24:00", holidays="")
    at("2026-11-23 10:15")
    assert hours_of(get(client, "/en/agencies/costa-norte")) == ("Open now", ["Monday–Sunday 00:00–24:00"], [])


def test_no_page_of_an_agency_names_who_receives_its_leads(client):
    for address in ("/en/agencies", "/en/agencies/costa-norte"):
        text = client.get(address).text
        assert "agency.example" not in text and "Elena" not in text

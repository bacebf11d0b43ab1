"""The list of agencies, and each with its homes."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from portal.catalogue import versions
from portal.catalogue.agencies import Agency
from portal.catalogue.statements import PAGE
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


def test_no_page_of_an_agency_names_who_receives_its_leads(client):
    for address in ("/en/agencies", "/en/agencies/costa-norte"):
        text = client.get(address).text
        assert "agency.example" not in text and "Elena" not in text

"""Sitemaps: valid, by language, with the true time of the last change, and every address in them leads to a page."""

from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from portal.catalogue import sitemap
from portal.catalogue.properties import PropertyText
from portal.language import formats, locales
from tests import cast
from tests.cast import NOW
from tests.web.reading import get

SCHEMAS = Path(__file__).parent.parent / "schemas"
NAMES = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


def listed(client, path: str, schema: str = "sitemap") -> dict[str, str | None]:
    """The addresses of a sitemap without their origin, and the last change of each. Fails where it is not valid."""
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/xml")
    document = etree.fromstring(answer.content)
    etree.XMLSchema(etree.parse(SCHEMAS / f"{schema}.xsd")).assertValid(document)
    return {
        entry.findtext("s:loc", namespaces=NAMES).removeprefix("http://testserver"): entry.findtext(
            "s:lastmod", namespaces=NAMES
        )
        for entry in document
    }


def test_the_index_names_the_sitemaps_of_every_language_and_robots_find_it(client):
    index = listed(client, "/sitemap.xml", "siteindex")
    assert "Sitemap: http://testserver/sitemap.xml\n" in client.get("/robots.txt").text
    assert {path for path in index if path.endswith("-1.xml")} == {f"/sitemaps/{lang}-1.xml" for lang in locales.SITE}
    assert {"/sitemaps/en-2.xml", "/sitemaps/es-2.xml"} <= set(index)
    assert "/sitemaps/en-3.xml" not in index
    for path in index:
        assert listed(client, path)


def test_every_address_of_a_sitemap_is_a_page_that_calls_itself_so(client):
    for lang in ("en", "es"):
        for number in (1, 2):
            for path in listed(client, f"/sitemaps/{lang}-{number}.xml"):
                page = get(client, path)
                assert page.status == 200, path
                assert page.tree.xpath(".//link[@rel='canonical']/@href") == [f"http://testserver{path}"]
                assert not page.tree.xpath(".//meta[@name='robots']")


def test_lists_with_homes_stand_in_the_first_sitemap_and_others_in_none(client):
    lists = {path for path in listed(client, "/sitemaps/en-1.xml") if path.startswith(("/en/buy", "/en/rent"))}
    assert lists == {
        f"/en/{offer}{place}" for offer in ("buy", "rent") for place in ("", "/marbella", "/marbella/nueva-andalucia")
    }


def test_the_last_change_is_that_of_the_home(client, villa, change):
    later = NOW + timedelta(days=3)
    change(changed_at=later)
    assert listed(client, "/sitemaps/en-2.xml")[villa] == formats.utc(later)
    assert sorted(listed(client, "/sitemaps/en-2.xml").values())[0] == formats.utc(NOW)
    assert listed(client, "/sitemaps/en-1.xml")["/en/buy/marbella"] == formats.utc(later)
    assert listed(client, "/sitemaps/en-1.xml")["/en/rent"] == formats.utc(NOW)
    assert listed(client, "/sitemap.xml", "siteindex")["/sitemaps/en-2.xml"] == formats.utc(later)


def test_a_home_stands_in_the_languages_it_is_written_in_and_among_the_english_where_in_none(client, database, villa):
    def unwrite(lang):
        database.write(lambda session: session.delete(session.get_one(PropertyText, (1, lang))))

    def is_in(lang):
        return villa.split("-")[0].replace("/en/", "") in client.get(f"/sitemaps/{lang}-2.xml").text

    assert (is_in("en"), is_in("es"), is_in("de")) == (True, True, False)
    unwrite("en")
    assert (is_in("en"), is_in("es")) == (False, True)
    assert get(client, villa).tree.xpath(".//link[@hreflang]/@hreflang") == ["es", "x-default"]
    unwrite("es")
    assert (is_in("en"), is_in("es")) == (True, False)


def test_withdrawn_homes_stand_in_none(client, villa, change):
    change(state="withdrawn")
    assert villa not in listed(client, "/sitemaps/en-2.xml")


def test_many_homes_are_parted_and_each_stands_in_one(client, database, monkeypatch):
    monkeypatch.setattr(sitemap, "CHUNK", 2)

    def publish(session):
        cast.home(session, cast.agency(session, "sur", "Hábitat Sur"), "9")

    database.write(publish)
    index = [path for path in listed(client, "/sitemap.xml", "siteindex") if path.startswith("/sitemaps/en-")]
    assert index == [f"/sitemaps/en-{number}.xml" for number in (1, 2, 3)]
    homes = [path for number in (2, 3) for path in listed(client, f"/sitemaps/en-{number}.xml")]
    assert len(homes) == len(set(homes)) == 4


@pytest.mark.parametrize("name", ["en-0", "en-9", "xx-1", "en", "en--1", "en-" + "9" * 5, "en-" + "9" * 20])
def test_there_is_no_other_sitemap(client, name):
    assert client.get(f"/sitemaps/{name}.xml").status_code == 404

"""Every search as a feed: Atom as feedparser reads it, JSON Feed after its rules, the newest first."""

from datetime import timedelta

import feedparser
import pytest

from portal.language import formats
from tests import cast
from tests.cast import NOW
from tests.web.conftest import statements
from tests.web.reading import get

STRINGS = {"version", "title", "home_page_url", "feed_url", "language"}
ITEM_STRINGS = {"id", "url", "title", "content_text", "image", "date_published", "date_modified", "language"}


def test_a_list_names_its_feeds_and_they_hold_the_same_homes(client):
    page = get(client, "/en/buy/marbella?bedrooms=1&sort=price_asc")
    named = page.tree.xpath(".//head/link[@rel='alternate'][@title]/@href")
    assert named == ["/en/buy/marbella.atom?bedrooms=1", "/en/buy/marbella.json?bedrooms=1"]
    assert set(page.links("follow").values()) == set(named)
    atom, document = feedparser.parse(client.get(named[0]).content), client.get(named[1]).json()
    links = {link.get("href") for card in page.marked("card") for link in card.xpath(".//h3/a")}
    assert {entry.link.removeprefix("http://testserver") for entry in atom.entries} == links
    assert {item["url"].removeprefix("http://testserver") for item in document["items"]} == links


def test_atom_is_well_formed_and_complete(client, villa):
    answer = client.get("/en/buy.atom")
    assert answer.headers["content-type"] == "application/atom+xml"
    feed = feedparser.parse(answer.content)
    assert (feed.bozo, feed.version) == (False, "atom10")
    assert feed.feed.title == "Homes for sale · ImmoMarket"
    assert {(link.rel, link.href) for link in feed.feed.links} == {
        ("self", "http://testserver/en/buy.atom"), ("alternate", "http://testserver/en/buy"),
    }  # fmt: skip
    (entry,) = [entry for entry in feed.entries if entry.link.endswith(villa)]
    assert entry.title == "Villa in Nueva Andalucía, Marbella, €1,250,000"
    assert entry.author == "Costa Norte Homes"
    assert "4 bed · 3 bath" in entry.summary
    assert entry.updated == formats.utc(NOW)
    assert client.get(entry.id).headers["location"] == villa


def test_a_json_feed_keeps_the_rules_of_its_version(client):
    answer = client.get("/es/rent/marbella.json")
    assert answer.headers["content-type"] == "application/feed+json"
    document = answer.json()
    assert document["version"] == "https://jsonfeed.org/version/1.1"
    assert all(isinstance(document[name], str) for name in STRINGS)
    assert set(document) == STRINGS | {"items"}
    (item,) = document["items"]
    assert set(item) <= ITEM_STRINGS | {"authors"}
    assert all(isinstance(item[name], str) for name in ITEM_STRINGS & set(item))
    assert item["authors"] == [{"name": "Grupo Alborán"}]
    assert item["url"].startswith("http://testserver/es/p/")


def test_the_newest_home_stands_first_whatever_the_order_of_the_list(client, database):
    def publish(session):
        cast.home(session, cast.agency(session, "sur", "Hábitat Sur"), "new", price_minor=900_000_000,
                  published_at=NOW + timedelta(hours=1))  # fmt: skip

    database.write(publish)
    first = client.get("/en/buy.json?sort=price_asc").json()["items"][0]
    assert "MB-new" in first["content_text"]


def test_a_feed_without_homes_is_a_feed(client):
    feed = feedparser.parse(client.get("/en/buy.atom?bedrooms=40").content)
    assert (feed.bozo, len(feed.entries)) == (False, 0)
    assert "40 or more bedrooms" in feed.feed.title


def test_a_feed_names_its_filters(client):
    title = client.get("/en/buy/marbella/nueva-andalucia.json?pool=yes&price_max=2000000").json()["title"]
    assert title == "Homes for sale in Nueva Andalucía, Marbella, Pool, Up to €2,000,000 · ImmoMarket"


def test_strange_signs_of_an_agency_do_not_break_a_feed(client, change):
    change(reference='<b>&"\N{LINE SEPARATOR}]]>')
    assert not feedparser.parse(client.get("/en/buy.atom").content).bozo
    assert '<b>&"' in client.get("/en/buy.json").json()["items"][-1]["content_text"]


@pytest.mark.parametrize(
    "path", ["/en/buy.rss", "/en/steal.atom", "/xx/buy.atom", "/en/buy/atlantis.atom", "/en/.json"]
)
def test_there_is_no_other_feed(client, path):
    assert client.get(path).status_code == 404


def test_a_feed_takes_two_statements(client):
    with statements() as seen:
        client.get("/en/buy/marbella.atom")
    assert len([each for each in seen if "FROM property" in each or "FROM place" in each]) == 2

"""What machines look for at a fixed place: robots.txt, security.txt, the description of the search."""

from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from portal import db
from portal.forwarding import leadjson
from portal.web.discovery import expires
from tests.web.reading import get


def test_robots_may_read_everything_but_what_belongs_to_one_visitor(client):
    assert client.get("/robots.txt").text == (
        "User-agent: *\nDisallow: /*/enquiries/\nDisallow: /*/release/\nDisallow: /*/stop/\nDisallow: /*/confirm/\n"
        "Disallow: /*/report/\n\n"
        "Sitemap: http://testserver/sitemap.xml\n"
    )


def test_the_schema_of_a_lead_stands_at_the_address_it_names(client):
    answer = client.get("/schemas/lead-1.json")
    assert answer.headers["content-type"] == "application/schema+json" and "public" in answer.headers["cache-control"]
    assert answer.json()["$id"] == "https://immomarket.net/schemas/lead-1.json"
    assert answer.content == leadjson.SCHEMA.read_bytes()


def test_security_txt_has_the_fields_it_must_have(client):
    answer = client.get("/.well-known/security.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert fields["Contact"] == "http://testserver/en/contact"
    assert client.get("/en/contact").status_code == 200
    assert db.utcnow() < datetime.fromisoformat(fields["Expires"]) <= db.utcnow() + timedelta(days=366)
    assert fields["Canonical"] == "http://testserver/.well-known/security.txt"


@pytest.mark.parametrize(
    ("now", "then"),
    [("2026-01-01", "2027-01-01"), ("2026-03-31", "2027-01-01"), ("2026-11-23", "2027-10-01"),
     ("2028-02-29", "2029-01-01")],
)  # fmt: skip
def test_security_txt_expires_a_year_after_its_quarter_began(now, then):
    assert expires(datetime.fromisoformat(now).replace(tzinfo=UTC)) == datetime.fromisoformat(then).replace(tzinfo=UTC)


def test_a_browser_can_search_here_from_its_address_bar(client):
    (path,) = get(client, "/es/").tree.xpath(".//link[@rel='search']/@href")
    answer = client.get(path)
    assert answer.headers["content-type"] == "application/opensearchdescription+xml"
    document = etree.fromstring(answer.content)
    (template,) = document.xpath("//*[local-name()='Url']/@template")
    found = client.get(template.removeprefix("http://testserver").replace("{searchTerms}", "marbella"))
    assert found.headers["location"] == "/es/buy/marbella"
    assert client.get("/opensearch.xx.xml").status_code == 404


def test_the_manifest_and_what_may_be_fetched_ahead_are_files_of_ours(client):
    page = client.get("/en/")
    ahead = client.get(page.headers["speculation-rules"].strip('"'))
    assert ahead.headers["content-type"] == "application/speculationrules+json"
    assert ahead.json()["prefetch"][0]["eagerness"] == "moderate"
    (path,) = get(client, "/en/").tree.xpath(".//link[@rel='manifest']/@href")
    manifest = client.get(path)
    assert manifest.headers["content-type"] == "application/manifest+json"
    for icon in manifest.json()["icons"]:
        assert client.get(f"/static/{icon['src']}").status_code == 200


def test_pages_of_one_visitor_name_nothing_to_fetch_ahead(client, villa):
    answer = client.get(f"/en/report/{villa.split('/')[-1].partition('-')[0]}")
    assert answer.status_code == 200 and "speculation-rules" not in answer.headers

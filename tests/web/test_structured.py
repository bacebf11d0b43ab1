"""What pages say to machines: terms that schema.org has, true to the page, and nothing that ends its element."""

import json
from typing import Any

import pytest
from rdflib.namespace import SDO

from portal.catalogue.agencies import Agency, Office
from portal.web.structured import embedded
from tests import cast
from tests.web.reading import get

KEYWORDS = {"@context", "@type", "@id", "@graph"}


def said(client, path: str) -> Any:
    """The one block of JSON-LD of a page."""
    (block,) = get(client, path).tree.xpath(".//script[@type='application/ld+json']/text()")
    return json.loads(block)


def terms(document: Any) -> set[str]:
    """Every property and class a document uses."""
    if isinstance(document, list):
        return set().union(*map(terms, document))
    if not isinstance(document, dict):
        return {document.removeprefix(str(SDO))} if str(document).startswith(str(SDO)) else set()
    inner = set().union(*(terms(value) for name, value in document.items() if name != "@context"))
    return inner | set(document) - KEYWORDS | ({document["@type"]} if "@type" in document else set())


@pytest.mark.parametrize("lang", ["en", "es"])
def test_every_term_is_one_of_schema_org(client, database, lang):
    def publish(session):
        owner = cast.agency(session, "sur", "Hábitat Sur")
        cast.home(session, owner, "land", kind="land", bedrooms=None, price_minor=None, market_status="sold")
        cast.home(session, owner, "reserved", kind="town_house", market_status="reserved", year_built=1999)

    database.write(publish)
    lists = [get(client, f"/{lang}/{offer}").tree for offer in ("buy", "rent")]
    homes = [address for tree in lists for address in tree.xpath(".//h3/a/@href")]
    assert len(homes) == 5
    for address in (f"/{lang}/", *homes):
        used = terms(said(client, address))
        assert len(used) > 5
        assert [term for term in used if term not in SDO] == []


def test_a_home_is_told_as_its_page_tells_it(client, villa):
    listing, way = said(client, villa)["@graph"]
    assert (listing["@type"], listing["url"]) == ("RealEstateListing", f"http://testserver{villa}")
    home, offer = listing["mainEntity"], listing["offers"]
    assert home["@type"] == "SingleFamilyResidence"
    assert (home["numberOfBedrooms"], home["floorSize"]["value"]) == (4, 312)
    assert home["address"]["addressLocality"] == "Marbella"
    assert (offer["price"], offer["priceCurrency"]) == (1_250_000, "EUR")
    assert offer["seller"]["@type"] == "RealEstateAgent"
    assert offer["seller"]["name"] == "Costa Norte Homes"
    assert [step["name"] for step in way["itemListElement"]] == [
        "Marbella", "Nueva Andalucía", "Villa in Nueva Andalucía, Marbella",
    ]  # fmt: skip
    assert "geo" not in json.dumps(listing)


def test_the_hours_of_an_agency_are_told_where_they_are_given(client, change):
    assert "openingHoursSpecification" not in said(client, "/en/agencies/costa-norte")
    change(Office, opening_hours="Mo-Tu 09:30-14:00,16:30-19:30; Sa 10:00-24:00")
    agency = said(client, "/en/agencies/costa-norte")
    told = [(each["dayOfWeek"], each["opens"], each["closes"]) for each in agency["openingHoursSpecification"]]
    early = ["https://schema.org/Monday", "https://schema.org/Tuesday"]
    assert told == [
        (early, "09:30", "14:00"), (early, "16:30", "19:30"), (["https://schema.org/Saturday"], "10:00", "23:59"),
    ]  # fmt: skip
    assert [term for term in terms(agency) if term not in SDO] == []


def test_what_was_not_given_is_left_out(client, change, villa):
    change(bedrooms=None, built_m2=None, plot_m2=None, energy_state="unknown", price_minor=None, features=[])
    listing, _ = said(client, villa)["@graph"]
    assert not {"numberOfBedrooms", "floorSize", "additionalProperty", "amenityFeature"} & set(listing["mainEntity"])
    assert "price" not in listing["offers"]


def test_a_rent_is_told_by_the_month(client):
    (rental,) = get(client, "/en/rent").tree.xpath(".//h3/a/@href")
    listing, _ = said(client, rental)["@graph"]
    price = listing["offers"]["priceSpecification"]
    assert (price["price"], price["unitCode"]) == (1800, "MON")


def test_an_agency_is_told_as_its_page_tells_it(client, change):
    change(Agency, website="https://costa.example")
    told = said(client, "/en/agencies/costa-norte")
    assert {term for term in terms(told) if term not in SDO} == set()
    assert (told["@type"], told["telephone"], told["sameAs"]) == (
        "RealEstateAgent", "+34 952 000 142", "https://costa.example",
    )  # fmt: skip
    assert told["url"] == "http://testserver/en/agencies/costa-norte"
    assert (told["address"]["streetAddress"], told["address"]["addressLocality"]) == (
        "Avenida del Prado 14",
        "Marbella",
    )
    change(Agency, website="javascript:alert(1)", phone=None)
    assert not {"sameAs", "telephone"} & set(said(client, "/en/agencies/costa-norte"))


def test_no_text_of_an_agency_can_end_the_element(client, change, villa):
    evil = "</script><script>alert(1)</script><!--\u2028&amp;"
    change(features=[evil])
    source = client.get(villa).text
    assert "<script>alert" not in source
    listing, _ = said(client, villa)["@graph"]
    assert listing["mainEntity"]["amenityFeature"][0]["name"] == evil
    assert not set("<>&\u2028\u2029") & set(embedded({"name": evil}))


def test_a_page_tells_previews_what_it_is(client, villa):
    tree = get(client, villa).tree
    told = {meta.get("property"): meta.get("content") for meta in tree.xpath(".//meta[@property]")}
    assert told["og:title"] == "Villa in Nueva Andalucía, Marbella, €1,250,000"
    assert told["og:url"] == f"http://testserver{villa}"
    assert told["og:locale"] == "en_GB"
    assert told["og:description"] == tree.xpath(".//meta[@name='description']/@content")[0]

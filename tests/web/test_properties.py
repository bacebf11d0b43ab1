"""A home's own page in every state of what the agency gave, and the page of one that is gone."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlmodel import Session, select

from portal import addresses
from portal.catalogue import versions
from portal.catalogue.agencies import Agency, Contact
from portal.catalogue.photos import Media
from portal.catalogue.prices import PriceChange
from portal.catalogue.properties import Property, PropertyPhoto, PropertyText
from tests.cast import NOW
from tests.web.conftest import statements
from tests.web.reading import Page, get, plain

HASHES = [character * 64 for character in "abcd"]


def rows(page: Page, section: str) -> list[str]:
    """The rows of the tables in one section of the page."""
    found = page.tree.xpath(f".//section[@aria-labelledby='{section}']//tbody/tr")
    return [plain(row).replace("\N{NO-BREAK SPACE}", " ") for row in found]


def test_the_page_tells_facts_text_energy_place_agency_and_offers_the_form(client, villa):
    page = get(client, villa)
    assert page.status == 200
    assert page.title == "Villa in Nueva Andalucía, Marbella, €1,250,000 · ImmoMarket"
    for words in (
        "Reference MB-1042", "312 m²", "1,040 m²", "A two-storey villa around a walled patio.",
        "Consumption: E. Emissions: D.", "Nueva Andalucía, Marbella, Málaga", "Avenida del Prado 14, 29660 Marbella",
        "+34 952 000 142", "Sea views", "Cadastral reference Not given",
        "Ask Costa Norte Homes about this home", "Send enquiry to Costa Norte Homes",
    ):  # fmt: skip
        assert words in page.text.replace("\N{NO-BREAK SPACE}", " "), words
    assert page.form()["shown_on"] == "property"


def test_a_slug_that_is_not_the_present_one_leads_there_for_good(client, villa):
    key = villa.split("/")[-1].partition("-")[0]
    for address in (f"/en/p/{key}-old-name", f"/en/p/{key}", f"/en/p/{key}-"):
        answer = client.get(address)
        assert (answer.status_code, answer.headers["location"]) == (301, villa)
    assert client.get(f"/en/p/{key}-old/enquire").headers["location"] == f"{villa}/enquire"


def test_the_language_switch_leads_to_the_same_home(client, villa):
    address = get(client, villa).links("top-own")["Español"]
    assert address.endswith("-chalet-en-nueva-andalucia-marbella")
    page = get(client, address)
    assert page.status == 200
    assert "Villa de dos plantas en torno a un patio cerrado." in page.text
    assert "Vistas al mar" in page.text


def test_a_text_only_in_another_language_is_shown_and_told(client, villa, database):
    def only_german(session: Session) -> None:
        for text in session.exec(select(PropertyText).where(PropertyText.property_id == 1)):
            session.delete(text)
        session.add(PropertyText(property_id=1, locale="de", description="Haus am Meer."))

    database.write(only_german)
    page = get(client, villa)
    assert "The agency gives this text only in another language: German." in page.text
    assert page.tree.xpath(".//main//*[@lang='de']")[0].text_content().strip() == "Haus am Meer."
    database.write(lambda session: session.delete(session.get_one(PropertyText, (1, "de"))))
    assert "The agency has not given a text." in get(client, villa).text


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"energy_consumption_kwh": Decimal("148.20")}, "Consumption: E, 148.2 kWh per m² a year. Emissions: D."),
        ({"energy_emissions": None}, "Consumption: E. Emissions: Not given by the agency."),
        ({"energy_state": "exempt"}, "needs no energy certificate"),
        ({"energy_state": "in_process"}, "has been applied for"),
        ({"energy_state": "unknown"}, "has not given the energy certificate"),
        ({"energy_consumption": None, "energy_emissions": None}, "has not given the energy certificate"),
    ],
)
def test_energy_is_told_in_every_state(client, villa, change, values, told):
    change(**values)
    assert told in get(client, villa).text


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"price_minor": None}, "Price not given The agency gives the price on request"),
        ({"previous_price_minor": 139_500_000}, "€1,250,000 reduced from €1,395,000"),
        ({"previous_price_minor": 100_000_000}, "€1,250,000 €1,342,900 with taxes and costs"),
        ({}, "Price €4,006 per m² built €1,250,000"),
        ({"built_m2": None}, "Price €1,250,000"),
        ({"bedrooms": None}, "bedrooms not given"),
        ({"part_ownership": True}, "A share of the property is sold"),
        ({"leasehold": True}, "Leasehold"),
        ({"pool": "communal"}, "Pool Communal"),
    ],
)
def test_price_and_facts_are_told_in_every_state(client, villa, change, values, told):
    change(**values)
    assert told in get(client, villa).text


def test_a_rent_says_by_what_it_is_counted(client):
    address = client.get("/en/rent?place=MB-7").headers["location"]
    assert address.endswith("-apartment-to-rent-in-nueva-andalucia-marbella")
    assert "€1,800 a month Long-term rental" in get(client, address).text


def test_photos_we_have_are_shown_from_our_own_address_and_others_are_not(client, villa, database):
    assert "No photo from the agency yet" in get(client, villa).text

    def add(session: Session) -> None:
        for position, media in enumerate([None, *HASHES]):
            kind = "floorplan" if media == HASHES[3] else "photo"
            if media:
                session.add(Media(hash=media, state="ready", width=1200, height=800, colour="p-07", given_at=NOW))
            session.add(
                PropertyPhoto(
                    property_id=1, position=position, kind=kind, media=media, source_url="https://agency.example/1.jpg",
                    caption="Garden path to the house" if media == HASHES[0] else None,
                )
            )  # fmt: skip

    database.write(add)
    page = get(client, villa)
    pictures = page.tree.xpath(".//ul[contains(@class, 'mosaic')]//img")
    assert [picture.get("alt") for picture in pictures] == [
        "Garden path to the house", "Photo 2 of 3", "Photo 3 of 3",
    ]  # fmt: skip
    assert pictures[0].get("src") == addresses.media(HASHES[0], 800, "jpg")
    assert pictures[0].get("fetchpriority") == "high" and pictures[1].get("loading") == "lazy"
    assert "agency.example" not in page.response.text
    assert "1 floor plan" in page.text


@pytest.mark.parametrize("state", ["withdrawn", "blocked", "erased", "held"])
def test_a_home_that_is_published_no_more_is_gone_with_homes_like_it(client, villa, change, state):
    change(state=state, withdrawn_at=NOW if state == "withdrawn" else None)
    for address in (villa, f"{villa}/enquire"):
        page = get(client, address)
        assert page.status == 410
        assert page.response.headers["cache-control"] == "no-store"
        assert "This home is no longer published" in page.text
        assert ("Costa Norte Homes withdrew it on 23 November 2026." in page.text) == (state == "withdrawn")
        assert len(page.marked("card")) >= 1


def test_a_home_that_never_was_or_is_not_yet_is_not_found(client, villa, change):
    assert get(client, "/en/p/zzzzzzzzzz-villa").status == 404
    change(state="pending")
    assert get(client, villa).status == 404


def test_a_home_comes_back_at_its_old_address(client, villa, change):
    change(state="withdrawn", withdrawn_at=NOW)
    assert client.get(villa).status_code == 410
    change(state="published", withdrawn_at=None)
    assert client.get(villa).status_code == 200


def test_an_agency_that_takes_no_enquiries_has_no_form_but_a_sentence(client, villa, change, database):
    sentence = "Costa Norte Homes takes no enquiries through this site at the moment. You can phone: +34 952 000 142."
    change(Agency, paused_at=NOW)
    for address in (villa, f"{villa}/enquire"):
        page = get(client, address)
        assert page.marked("enquiry") == []
        assert sentence in page.text
    change(Agency, paused_at=None)
    assert get(client, villa).marked("enquiry")
    database.write(lambda session: [session.delete(one) for one in session.exec(select(Contact))])
    assert sentence in get(client, villa).text


def test_the_page_is_the_same_bytes_for_everybody(client, villa):
    one, other = client.get(villa), client.get(villa, headers={"user-agent": "another", "cookie": "a=b"})
    assert one.content == other.content
    assert "set-cookie" not in one.headers


def test_the_page_takes_six_statements_at_most(client, villa):
    client.get(villa)
    with statements() as seen:
        client.get(f"{villa}?again")
    assert 0 < len([statement for statement in seen if "site_version" not in statement]) <= 6, seen


def test_what_it_costs_is_told_row_by_row_with_the_law_and_as_an_estimate(client, villa, change):
    table = rows(get(client, villa), "costs")
    assert table == [
        "Price €4,006 per m² built €1,250,000",
        "Transfer tax (ITP), 7 % Ley 5/2021 de Tributos Cedidos de Andalucía, in force since 27 October 2021 €87,500",
        "Notary, registry and paperwork Estimate, after the tariffs of RD 1426/1989, RD 1427/1989 €5,400",
        "To pay in all €1,342,900",
        "Property tax (IBI) Not given by the agency", "Community of owners Not given by the agency",
        "Rubbish collection Not given by the agency",
    ]  # fmt: skip
    assert "An estimate for a buyer without reductions" in get(client, villa).text
    change(new_build=True)
    assert [row.split(",")[0] for row in rows(get(client, villa), "costs")[1:3]] == [
        "Value added tax (IVA)", "Stamp duty (AJD)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("months", "told"),
    [
        (1, "Community of owners €120 a month"), (3, "Community of owners €120 a quarter"),
        (12, "Community of owners €120 a year"),
        (None, "Community of owners The agency does not say for which period €120"),
    ],
)  # fmt: skip
def test_what_a_home_costs_to_keep_is_told_with_its_period(client, villa, change, months, told):
    change(community_fee_minor=12_000, community_fee_months=months, ibi_minor=64_050, rubbish_minor=None)
    assert rows(get(client, villa), "costs")[4:] == [
        "Property tax (IBI) €640.50 a year", told, "Rubbish collection Not given by the agency",
    ]  # fmt: skip
    change(offer="rent_long")
    page = get(client, client.get(villa).headers["location"])
    assert rows(page, "costs")[1:] == [
        "Deposit Not given by the agency", "Water, electricity and other bills Not given by the agency",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"price_minor": None}, "taxes and costs follow from it"),
        ({"currency": "GBP"}, "Taxes are reckoned in euros"),
    ],
)
def test_where_costs_cannot_be_told_the_page_says_why_and_shows_no_total(client, villa, change, values, told):
    change(**values)
    page = get(client, villa)
    assert told in page.text
    assert "To pay in all" not in page.text


def test_the_price_of_land_stands_alone_because_the_seller_decides_its_tax(client, villa, database):
    database.write(lambda session: setattr(session.get_one(Property, 1), "kind", "land"))
    database.write(versions.raise_version)
    page = get(client, client.get(villa).headers["location"])
    assert "€1,250,000 plus taxes and costs" in page.text
    assert "Which tax is due depends on who sells" in page.text
    assert rows(page, "costs")[0] == "Price €1,250,000"


def test_papers_say_what_is_given_and_what_is_not(client, villa, change):
    change(cadastral_reference="2149103UF2424N0001WX")
    papers = rows(get(client, villa), "papers")
    assert papers[:2] == ["Cadastral reference Given 2149103UF2424N0001WX", "First-occupation licence (LPO) Not given"]
    assert "Energy certificate Given Consumption: E, Emissions: D" in papers
    change(energy_state="in_process")
    assert "Energy certificate Applied for" in rows(get(client, villa), "papers")
    change(energy_state="exempt")
    assert "Energy certificate Not needed" in rows(get(client, villa), "papers")


def test_a_price_is_told_with_its_history(client, villa, database):
    assert rows(get(client, villa), "dates") == [
        "23 November 2026 Confirmed by the agency: still for sale €1,250,000", "23 November 2026 First published here",
    ]  # fmt: skip

    def reduce(session: Session) -> None:
        times = NOW - timedelta(days=200), NOW - timedelta(days=15)
        session.add(PriceChange(property_id=1, at=times[0], kind="first_published", price_minor=139_500_000,
                                currency="EUR"))  # fmt: skip
        session.add(PriceChange(property_id=1, at=times[1], kind="changed", price_minor=125_000_000,
                                previous_minor=139_500_000, currency="EUR"))  # fmt: skip

    database.write(reduce)
    database.write(versions.raise_version)
    assert rows(get(client, villa), "dates")[1:] == [
        "8 November 2026 Reduced by €145,000 (10.4 %) €1,250,000", "7 May 2026 First published here €1,395,000",
    ]  # fmt: skip


def test_a_map_is_shown_in_both_themes_and_only_where_the_place_is_known(client, villa, change):
    page = get(client, villa)
    drawn = page.tree.xpath(".//img[@class='map mt16']/@src") + page.tree.xpath(
        ".//source/@srcset[contains(., '/map/')]"
    )
    assert len(drawn) == 4
    for address in drawn:
        answer = client.get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
        assert "max-age" in answer.headers["cache-control"]
    assert "The home is inside the circle, about 1 km wide." in page.text
    assert "36.4972" not in page.response.text and "4.9563" not in page.response.text
    assert client.get(drawn[0].replace("light", "pink").replace("dark", "pink")).status_code == 404
    change(latitude=None)
    assert "/map/" not in client.get(villa).text
    assert client.get(drawn[0]).status_code == 404


def test_the_page_leads_to_the_agency_to_the_report_and_to_other_languages(client, villa):
    page = get(client, villa)
    assert page.links("agency")["Costa Norte Homes"] == "/en/agencies/costa-norte"
    assert page.links("tools")["Report this listing"].startswith("/en/report/")
    assert "Text by Costa Norte Homes. Also in: Spanish." in page.text.replace(" .", ".")


def test_nothing_on_the_page_comes_from_elsewhere_or_stands_in_line(client, villa):
    text = client.get(villa).text
    assert re.findall(r'(?:src|srcset|action)="(?!/)[^"]+"', text) == []
    assert re.findall(r'\sstyle="|\son\w+="|<style|<script(?![^>]*(?:src=|application/ld\+json))', text) == []


def test_a_video_is_a_link_to_the_web_and_to_nothing_else(client, villa, change):
    change(video_url="https://video.example/1", tour_url="javascript:alert(1)")
    page = get(client, villa)
    assert page.links("media-bar") == {"Video (on another site)": "https://video.example/1"}
    assert "javascript:" not in page.response.text


def test_confirmed_is_told_in_days(client, villa, change):
    from portal import db

    for days, told in ((0, "Confirmed today"), (1, "Confirmed yesterday"), (3, "Confirmed 3 days ago")):
        change(last_seen_at=db.utcnow() - timedelta(days=days))
        assert told in get(client, villa).text


def test_a_home_whose_feed_went_silent_is_still_shown(client, villa, database):
    database.write(lambda session: setattr(session.get_one(Property, 1), "state", "stale"))
    assert client.get(villa).status_code == 200

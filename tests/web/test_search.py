"""Lists of homes: the search form, chips, orders, pages, and a search that finds nothing."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from portal.catalogue.agencies import Agency
from tests import cast
from tests.cast import NOW
from tests.web.conftest import statements
from tests.web.reading import get


def many(session: Session) -> None:
    """Thirty more homes for sale."""
    agency = session.exec(select(Agency).where(Agency.slug == "costa-norte")).one()
    for number in range(30):
        cast.home(session, agency, f"n{number}", published_at=NOW - timedelta(days=number + 1))


def test_a_list_names_the_search_its_count_and_its_homes(client):
    page = get(client, "/en/buy")
    assert page.tree.findtext(".//h1") == "Homes for sale"
    assert "2 homes" in page.text
    assert "Villa in Nueva Andalucía, Marbella" in page.text
    assert "a month" not in page.text
    assert "€1,800 a month" in get(client, "/en/rent/marbella").text


@pytest.mark.parametrize(
    ("sent", "address"),
    [
        ("/en/buy?place=Marbella&deal=rent&price_max=&bedrooms=2&type=", "/en/rent/marbella?bedrooms=2"),
        ("/en/buy?place=nueva+andaluc%C3%ADa&deal=buy", "/en/buy/marbella/nueva-andalucia"),
        ("/en/buy/marbella?place=&deal=buy&sort=price_asc", "/en/buy?sort=price_asc"),
        ("/es/rent?deal=buy&type=villa", "/es/buy?type=villa"),
    ],
)
def test_a_sent_search_form_leads_to_the_address_it_means(client, sent, address):
    answer = client.get(sent)
    assert (answer.status_code, answer.headers["location"]) == (302, address)


def test_a_reference_leads_to_its_home(client):
    assert client.get("/en/buy?place=mb-1042").headers["location"].endswith("-villa-in-nueva-andalucia-marbella")


def test_a_place_nobody_knows_is_told_with_what_there_is(client):
    page = get(client, "/en/buy?place=Xanad%C3%BA+%3Cb%3E&deal=buy")
    assert page.status == 200
    assert "We know no town, area or reference called “Xanadú <b>”" in page.text
    assert "Marbella" in page.links("empty").keys().__str__()
    assert page.tree.xpath(".//input[@name='place']/@value") == ["Xanadú <b>"]


def test_chips_take_their_filter_away_and_keep_the_others(client):
    page = get(client, "/en/buy/marbella/nueva-andalucia?price_max=2000000&bedrooms=3&sort=price_asc")
    assert {text.removesuffix(" remove"): address for text, address in page.links("chip-on").items()} == {
        "3 or more bedrooms": "/en/buy/marbella/nueva-andalucia?price_max=2000000&sort=price_asc",
        "Up to €2,000,000": "/en/buy/marbella/nueva-andalucia?bedrooms=3&sort=price_asc",
        "Nueva Andalucía, Marbella": "/en/buy/marbella?price_max=2000000&bedrooms=3&sort=price_asc",
    }


def test_orders_are_links_and_the_one_in_force_is_marked(client):
    page = get(client, "/en/buy?sort=price_asc")
    assert page.links("results-bar") == {
        "How we sort": "/en/how-we-sort",
        "Newest first": "/en/buy", "Lowest price first": "/en/buy?sort=price_asc",
        "Highest price first": "/en/buy?sort=price_desc",
    }  # fmt: skip
    assert [card.split()[0] for card in page.texts("card-price")] == ["€395,000", "€1,250,000"]


def test_pages_are_real_links_there_and_back(client, database):
    database.write(many)
    first = get(client, "/en/buy?bedrooms=1")
    assert list(first.links("pages")) == ["Next"]
    second = get(client, first.links("pages")["Next"])
    assert list(second.links("pages")) == ["Previous"]
    assert len(first.marked("card")) + len(second.marked("card")) == 32
    back = get(client, second.links("pages")["Previous"])
    assert back.texts("card") == first.texts("card")


def test_a_search_without_result_names_what_to_give_up(client):
    page = get(client, "/en/buy?bedrooms=3&price_max=400000")
    assert "No home matches all these filters" in page.text
    assert page.links("empty") == {
        "Without “3 or more bedrooms” 1 home": "/en/buy?price_max=400000",
        "Without “Up to €400,000” 1 home": "/en/buy?bedrooms=3",
        "Without any filter": "/en/buy",
    }


def test_a_card_keeps_its_shape_whatever_is_missing(client, database):
    bare = {
        "price_minor": None, "bedrooms": None, "bathrooms": None, "built_m2": None, "plot_m2": None, "area_id": None,
        "energy_state": "unknown", "energy_consumption": None, "published_at": NOW + timedelta(hours=1),
    }  # fmt: skip

    def publish(session: Session) -> None:
        cast.home(session, session.get_one(Agency, 1), "bare", **bare)

    database.write(publish)
    full, poor = get(client, "/en/buy").marked("card")[1], get(client, "/en/buy").marked("card")[0]
    assert [part.tag for part in poor] == [part.tag for part in full]
    for words in ("Price not given", "No photo from the agency yet", "beds not given", "built size not given"):
        assert words in poor.text_content()


@pytest.mark.parametrize(
    "address", ["/en/steal", "/en/buy/atlantis", "/en/buy/marbella/atlantis", "/xx/buy", "/en/buy/a/b/c"]
)
def test_what_is_no_search_is_not_found(client, address):
    page = get(client, address)
    assert page.status == 404
    assert "There is no page at this address" in page.text


@pytest.mark.parametrize(
    "query",
    ["price_max=9999999999999999999999", "price_max=-1&bedrooms=x", "after=%00&before=<>", "sort=;--&type=castle",
     "after=zzzzzzzzzz", "bedrooms=٣", "place=%00%0d%0a%e2%80%ae"],
)  # fmt: skip
def test_nonsense_in_a_query_is_ignored(client, query):
    answer = client.get(f"/en/buy?{query}")
    assert answer.status_code in (200, 302)


def test_a_withdrawn_home_is_in_no_list(client, change):
    change(state="withdrawn")
    assert "Villa" not in " ".join(get(client, "/en/buy").texts("card"))


@pytest.mark.parametrize(
    "address", ["/en/buy", "/en/buy/marbella/nueva-andalucia?sort=price_asc", "/en/buy/marbella?bedrooms=9"]
)
def test_a_list_takes_four_statements_at_most(client, database, address):
    database.write(many)
    following = get(client, "/en/buy").links("pages")["Next"]
    for each in (address, following):
        with statements() as seen:
            assert client.get(each).status_code == 200
        assert len([told for told in seen if "site_version" not in told]) <= 4, seen


def test_likely_filters_are_a_click_away_unless_they_are_in_force(client):
    added = get(client, "/en/buy/marbella?bedrooms=2&pool=yes").links("chips")
    assert added["add New build"] == "/en/buy/marbella?bedrooms=2&pool=yes&new_build=yes"
    assert "add Pool" not in added
    assert not any("or more bedrooms" in words and "add" in words for words in added)
    assert get(client, "/en/buy/marbella?bedrooms=2&pool=yes").tree.xpath(".//input[@name='pool']/@value") == ["yes"]


def test_pool_and_new_build_narrow_a_search(client, change):
    assert "2 homes" in get(client, "/en/buy?pool=yes").text
    change(pool="no", new_build=True)
    assert "1 home" in get(client, "/en/buy?pool=yes").text
    assert get(client, "/en/buy?new_build=yes").texts("card-price") == ["€1,250,000 New"]


def test_a_search_without_result_shows_the_homes_that_are_closest(client):
    page = get(client, "/en/buy?bedrooms=4&price_max=1000000")
    assert "Closest: without “4 or more bedrooms”" in page.text
    assert page.texts("card-price") == ["€395,000 New"]


@pytest.mark.parametrize("bedrooms", [0, None])
def test_a_studio_is_called_so_and_not_a_home_without_bedrooms(client, database, bedrooms):
    database.write(
        lambda session: cast.home(session, session.get_one(Agency, 1), "s", kind="studio", bedrooms=bedrooms)
    )
    facts = get(client, "/en/buy").texts("facts-line")
    assert any(text.startswith("studio") for text in facts)
    assert not any("0 bed" in text or "beds not given" in text for text in facts)


@pytest.mark.parametrize(
    ("address", "canonical", "robots"),
    [
        ("/en/buy/marbella", "/en/buy/marbella", []),
        ("/en/buy/marbella?bedrooms=2", "/en/buy/marbella", []),
        ("/en/buy/marbella?bedrooms=2&pool=yes", "/en/buy/marbella", []),
        ("/en/buy/marbella?bedrooms=2&pool=yes&type=villa", "/en/buy/marbella", ["noindex,follow"]),
        ("/en/buy?sort=price_asc", "/en/buy", []),
        ("/en/buy?place=Atlantis", "/en/buy", ["noindex,follow"]),
    ],
)
def test_filtered_lists_lead_search_engines_to_the_plain_one(client, address, canonical, robots):
    tree = get(client, address).tree
    assert tree.xpath(".//link[@rel='canonical']/@href") == [f"http://testserver{canonical}"]
    assert tree.xpath(".//meta[@name='robots']/@content") == robots


def test_a_further_page_is_a_page_of_its_own(client, database):
    database.write(many)
    following = get(client, "/en/buy").links("pages")["Next"]
    assert get(client, following).tree.xpath(".//link[@rel='canonical']/@href") == [f"http://testserver{following}"]


def test_the_language_switch_keeps_the_search(client):
    page = get(client, "/en/buy/marbella?bedrooms=2")
    assert page.links("top-own")["Español"] == "/es/buy/marbella?bedrooms=2"
    assert "English" not in page.links("top-own")

"""The pages that are only text: each says what it is there for, and stands in the foot of every page."""

import pytest
from starlette.testclient import TestClient

from portal.language import locales
from portal.web.app import create
from tests.web.reading import get

PAGES = ("legal", "contact", "accessibility", "how-we-sort")


def test_the_legal_notice_names_the_company_in_both_languages(client):
    assert "OptimaSys Group Spain S.L." in get(client, "/en/legal").text
    assert get(client, "/es/legal").tree.findtext(".//h1") == "Aviso legal"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_text_is_linked_from_the_foot_and_says_where_it_stands(client, name):
    assert f"/en/{name}" in get(client, "/en/").links("foot").values()
    for lang in locales.SITE:
        page = get(client, f"/{lang}/{name}")
        assert page.status == 200
        assert page.tree.xpath(".//link[@rel='canonical']/@href") == [f"http://testserver/{lang}/{name}"]
        assert page.tree.xpath(".//meta[@name='description']/@content")


@pytest.mark.parametrize("mail", ["", "hello@immomarket.example"])
def test_the_mail_address_stands_wherever_one_looks_for_it_and_none_is_invented(settings, mail):
    settings.data_directory.mkdir()
    with TestClient(create(settings.model_copy(update={"contact_mail": mail})).app) as client:
        for address in ("/en/legal", "/en/contact"):
            expected = [f"mailto:{mail}"] if mail else []
            assert get(client, address).tree.xpath(".//address/a/@href") == expected
        told = client.get("/.well-known/security.txt").text
        assert told.startswith(f"Contact: mailto:{mail}\n") if mail else "mailto" not in told


def test_the_accessibility_statement_says_what_was_not_tested_and_where_to_report(client):
    page = get(client, "/en/accessibility")
    assert "No person has yet tried every page with a screen reader." in page.text
    assert "/en/contact" in page.tree.xpath(".//main//a/@href")


def test_how_we_sort_explains_every_order_of_a_list(client):
    explained = get(client, "/en/how-we-sort").text
    orders = [order for order in get(client, "/en/buy").links("results-bar") if order != "How we sort"]
    assert len(orders) == 3
    assert all(order in explained for order in orders)


def test_every_link_of_the_foot_leads_somewhere(client):
    for address in get(client, "/en/").links("foot").values():
        assert client.get(address.partition("#")[0]).status_code == 200, address

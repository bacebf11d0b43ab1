"""The legal notice names who runs the site."""

from tests.web.reading import get


def test_the_legal_notice_names_the_company_in_both_languages(client):
    assert "OptimaSys Group Spain S.L." in get(client, "/en/legal").text
    assert get(client, "/es/legal").tree.findtext(".//h1") == "Aviso legal"

"""Every error is a page in the visitor's language, with the headers of every other page."""

import pytest
from starlette.testclient import TestClient

from portal.language import locales
from portal.language.messages import translated
from portal.settings import Settings
from portal.web.app import create
from portal.web.errors import TEXTS
from tests.web.reading import Page, get

FORM = {"name": "Jane Smith", "email": "jane@example.com", "words": "Is it <quiet>?\nAt night?", "intent": "question"}


def test_a_page_that_is_not_there_says_so_in_the_language_of_its_address_or_of_the_browser(client):
    assert get(client, "/en/no/such/page/any/where").text.startswith("There is no page at this address")
    assert get(client, "/es/no/such/page/any/where").text.startswith("No hay ninguna página en esta dirección")
    assert get(client, "/nowhere/x", headers={"accept-language": "es"}).text.startswith("No hay ninguna página")


@pytest.mark.parametrize(
    "path", ["buy/%00", "buy/marbella/%00", "buy/%00.atom", "agencies/%00", "p/%00", "p/%00/photos", "report/%00/sent",
             "policies/%00"],
)  # fmt: skip
def test_no_page_has_nul_in_its_address_which_is_no_text_to_postgresql(client, path):
    assert client.get(f"/en/{path}").status_code == 404


def test_a_method_that_an_address_does_not_take_is_told(client, villa):
    answer = client.put(villa)
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert Page(answer).text.startswith("This address does not take that")


@pytest.mark.parametrize(("length", "status"), [(60 * 1024, 422), (65 * 1024, 413)])
def test_a_body_has_a_limit(client, villa, length, status):
    body = b"words=" + b"x" * length
    answer = client.post(
        f"{villa}/enquire", content=body, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == status
    assert answer.headers["content-security-policy"]


def test_a_body_that_comes_in_pieces_is_counted_too(client, villa):
    pieces = (b"words=" + b"x" * 20_000 for _ in range(5))
    answer = client.post(
        f"{villa}/enquire", content=pieces, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 413
    assert "The text is too long" in Page(answer).text


def test_a_form_of_forty_one_fields_is_refused(client, villa):
    answer = client.post(f"{villa}/enquire", data={f"field{number}": "x" for number in range(41)})
    assert answer.status_code == 400


def test_a_fault_of_ours_is_a_page_with_every_header_and_no_detail(client, database, settings):
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE place RENAME TO hidden_place")
    page = get(client, "/es/buy")
    assert page.status == 500
    assert page.text.startswith("Algo ha fallado por nuestra parte")
    assert "place" not in page.text
    assert page.response.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.response.headers["cache-control"] == "no-store"


def test_the_application_is_made_without_a_database_and_says_it_is_not_ready(settings, tmp_path):
    elsewhere = settings.model_copy(update={"database_url": f"sqlite:///{tmp_path / 'none' / 'x.sqlite'}"})
    with TestClient(create(elsewhere)) as client:
        assert client.get("/up").status_code == 200
        answer = client.get("/ready")
    assert (answer.status_code, answer.json()["database"]) == (503, "failing")


def test_every_refusal_is_told_in_every_language():
    for lang in locales.SITE:
        texts = {status: (told.title, told.text) for status, told in TEXTS.items()}
        assert set(texts) == {400, 403, 404, 405, 408, 410, 413, 415, 429, 500, 503}
        if lang != "en":
            for title, text in texts.values():
                assert translated(lang, title) != title and translated(lang, text) != text


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all.sqlite", "postgresql+psycopg://portal@127.0.0.1:9/portal"])
def test_while_the_database_is_away_a_form_says_so_and_gives_everything_back_to_be_sent_again(tmp_path, url):
    away = Settings.from_environment({}, database_url=url, data_directory=tmp_path, origin="http://testserver")
    with TestClient(create(away)) as client:
        answer = client.post("/en/p/zzzzzzzzzz-villa/enquire", data=FORM)
        page = Page(answer)
        assert (page.status, answer.headers["retry-after"], answer.headers["cache-control"]) == (503, "30", "no-store")
        assert page.text.startswith("We cannot reach our records at the moment")
        assert typed(page) == FORM
        assert page.tree.xpath(".//main//button/text()") == ["Send it again"]
        assert get(client, "/es/buy").text.startswith("En este momento no podemos acceder a nuestros datos")


def test_a_fault_of_ours_gives_back_what_was_typed(client, villa, database):
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE property RENAME TO hidden_property")
    page = Page(client.post(f"{villa}/enquire", data=FORM))
    assert page.status == 500
    assert typed(page) == FORM


def typed(page: Page) -> dict[str, str]:
    """What the page of an error would send, line ends as they were typed."""
    (form,) = page.tree.xpath(".//main//form")
    return {name: value.replace("\r", "").strip() for name, value in form.form_values()}

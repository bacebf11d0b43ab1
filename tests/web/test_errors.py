"""Every error is a page in the visitor's language, with the headers of every other page."""

import pytest
from starlette.testclient import TestClient

from portal.web.app import create
from tests.web.reading import Page, get


def test_a_page_that_is_not_there_says_so_in_the_language_of_its_address_or_of_the_browser(client):
    assert get(client, "/en/no/such/page/any/where").text.startswith("There is no page at this address")
    assert get(client, "/es/no/such/page/any/where").text.startswith("No hay ninguna página en esta dirección")
    assert get(client, "/nowhere/x", headers={"accept-language": "es"}).text.startswith("No hay ninguna página")


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

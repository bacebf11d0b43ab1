"""The data policy: every word of it, at the address of the present and of each version."""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from portal import db
from portal.consent import annexes, announcing, policies
from portal.web.app import create
from portal.web.policies import blocks
from tests.clients import QUIET
from tests.web.conftest import publish, statements
from tests.web.reading import Page, get, plain

LATER = datetime(2022, 1, 1, tzinfo=UTC)
TEXT = "Data Policy\n\nThis Policy describes.\n\n1. The kinds\n\n  • One: a\n\n  • Two\nAnd on.\n"


def replace(database, body: str) -> None:
    """Put a second version into force."""
    database.write(
        lambda session: policies.add(session, "data-policy", "en", "Data Policy", body, "2022-01-01", LATER, "ops")
    )


def test_a_text_becomes_headings_paragraphs_and_lists_without_losing_a_word():
    made = blocks(TEXT)
    assert [(block.kind, block.lines) for block in made] == [
        ("paragraph", ["This Policy describes."]), ("heading", ["1. The kinds"]), ("list", ["One: a", "Two"]),
        ("paragraph", ["And on."]),
    ]  # fmt: skip


def test_the_controllers_policy_stands_on_its_page_word_for_word(client, database, shared: Path):
    body = (shared / "policy" / "data-policy-2021-08-12.en.txt").read_text(encoding="utf-8")
    replace(database, body)
    (text,) = get(client, "/en/policies/data-policy").marked("policy")
    expected = re.sub(r"[\s•]+", " ", body.partition("\n")[2]).strip()
    assert re.sub(r"\s+", " ", " ".join(text.itertext())).strip() == expected


def test_the_page_shows_version_day_and_fingerprint_and_leads_to_the_permanent_address(client, database):
    page = get(client, "/en/policies/data-policy")
    with database.read() as session:
        body = policies.in_force(session, "data-policy", "en", LATER).body
    assert "Version 1 of 12 August 2021" in page.text
    assert hashlib.sha256(body.encode()).hexdigest() in page.text
    assert page.links("about") == {"The permanent address of this version": "/en/policies/data-policy/1"}
    assert "This is the permanent address of this version." in get(client, "/en/policies/data-policy/1").text


def test_an_older_version_stays_at_its_address(client, database):
    replace(database, "Title\n\nNew.")
    assert "New." in get(client, "/en/policies/data-policy").text
    assert "The kinds of information" in get(client, "/en/policies/data-policy/1").text


def test_the_spanish_page_says_that_the_text_is_english_only(client):
    page = get(client, "/es/policies/data-policy")
    assert "Esta política solo existe en inglés hasta que se apruebe una traducción." in page.text
    assert page.marked("policy")[0].get("lang") == "en"
    assert "only until a translation" not in get(client, "/en/policies/data-policy").text


@pytest.mark.parametrize(
    "address", ["other", "data-policy/2", "data-policy/0", "data-policy/x", "data-policy/99999999999"]
)
def test_a_policy_that_is_not_there_is_not_found(client, address):
    assert get(client, f"/en/policies/{address}").status == 404


# What is announced

BEFORE = datetime(2026, 11, 23, 13, 15, tzinfo=UTC)
START = datetime(2026, 12, 31, 23, 0, tzinfo=UTC)  # midnight in Spain
SAID = "Data Policy: version 2 applies from 1 January 2027."


def announce(session: Session) -> None:
    """A second version, which takes effect with the new year."""
    body = "Data Policy\n\n1. The kinds of information we collect\n\nNothing else.\n"
    policies.add(session, "data-policy", "en", "Data Policy", body, "2026-11-01", None, "ops", "It ends.", "material")
    announcing.announce(session, "data-policy", 2, START, 30, "Ana", BEFORE)


@pytest.fixture
def visitor(database, settings, monkeypatch) -> Iterator[TestClient]:
    """A visitor of the whole site while an announcement runs."""
    database.write(publish)
    database.write(announce)
    settings.data_directory.mkdir()
    monkeypatch.setattr("portal.web.cache.FRESH", 0)
    at(monkeypatch, BEFORE)
    with TestClient(create(settings), follow_redirects=False, headers=dict(QUIET)) as made:
        yield made


def at(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.setattr(db, "utcnow", lambda: now)


def line(answer) -> str:
    return " ".join(Page(answer).texts("announced"))


def test_every_page_says_what_is_announced_errors_and_answers_to_forms_too(visitor):
    form = visitor.get("/en/buy?place=MB-1042").headers["location"] + "/enquire"
    answers = [visitor.get(f"/en/{path}") for path in ("", "buy", "legal", "nothing", "enquiries/x", "buy?x=1")]
    answers += [visitor.get(form), visitor.post(form, data={"name": "Jane"}), visitor.delete(form)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 404, 404, 200, 200, 422, 405]
    assert {line(answer) for answer in answers} == {f"{SAID} See what changes"}
    assert Page(answers[0]).links("announced") == {"See what changes": "/en/policies/data-policy/2"}
    assert line(visitor.get("/es/")).startswith("Política de datos: la versión 2 se aplica a partir del 1 de enero de")


def test_the_form_says_beside_its_button_under_which_version_it_is_recorded(visitor):
    page = get(visitor, visitor.get("/en/buy?place=MB-1042").headers["location"] + "/enquire")
    (beside,) = page.texts("announced-here")
    assert beside.startswith(SAID) and beside.endswith("What you send before then is recorded under version 1.")
    assert page.marked("announced-here")[0].xpath("ancestor::form")


def test_the_line_takes_no_statement_of_a_page(visitor, database):
    counts = []
    for _ in range(2):
        with statements() as seen:
            visitor.get("/en/legal")
        counts.append(len(seen))
    assert counts == [1, 1]  # the edition, and nothing else


def test_pages_change_with_the_hour_and_not_before(visitor, monkeypatch):
    at(monkeypatch, START - timedelta(microseconds=1))
    page = get(visitor, "/en/policies/data-policy")
    assert "Version 1 of 12 August 2021" in page.text and line(page.response)
    at(monkeypatch, START)
    page = get(visitor, "/en/policies/data-policy")
    assert "Version 2 of 1 November 2026" in page.text and "In force since 1 January 2027." in page.text
    assert line(page.response) == line(visitor.get("/en/")) == ""
    assert "from 12 August 2021 to 1 January 2027" in get(visitor, "/en/policies/data-policy/1").text


def test_the_page_tells_what_comes_next_and_what_it_changes(visitor):
    page = get(visitor, "/en/policies/data-policy")
    (coming,) = page.marked("coming")
    assert "Version 2 applies from 1 January 2027. Read it in full It ends." in plain(coming)
    assert plain(coming.find(".//ins")) == "Added: Nothing else."
    assert page.texts("under")[0] == "1. The kinds of information we collect"
    rows = [plain(row) for row in page.marked("versions")[0].findall(".//tr")][1:]
    assert rows == ["Version 2 23 November 2026 1 January 2027 –", "Version 1 – 12 August 2021 1 January 2027"]


def test_an_announced_version_has_its_address_and_a_draft_has_none(visitor, database):
    page = get(visitor, "/en/policies/data-policy/2")
    assert "Announced on 23 November 2026. It applies from 1 January 2027." in page.text
    assert page.marked("difference")[0].get("open") is not None
    database.write(lambda session: policies.add(session, "data-policy", "en", "T", "T\n", "2027-05-01", None, "ops"))
    assert get(visitor, "/en/policies/data-policy/3").status == 404
    assert "Version 3" not in get(visitor, "/en/policies/data-policy").text


def test_a_policy_page_names_its_permanent_address_once_and_says_what_to_share(client):
    head = get(client, "/en/policies/data-policy").tree.find("head")
    assert head.xpath("link[@rel='canonical']/@href") == ["http://testserver/en/policies/data-policy/1"]
    assert head.xpath("meta[@property='og:title']/@content") == ["Data Policy, version 1"]


def test_the_annex_stands_under_the_text_with_its_fingerprint(client, database):
    page = get(client, "/es/policies/data-policy")
    with database.read() as session:
        annex = annexes.of(session, policies.in_force(session, "data-policy", "es", LATER).id, "es")
    assert annex.sha256 in page.text
    (shown,) = page.marked("annex")
    assert plain(shown) == re.sub(r"[\s•]+", " ", annex.text.partition("\n")[2]).strip()

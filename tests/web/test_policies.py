"""The data policy: every word of it, at the address of the present and of each version."""

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.consent import policies
from portal.web.policies import blocks
from tests.web.reading import get

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
        body = policies.numbered(session, "data-policy", 1, "en").body
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

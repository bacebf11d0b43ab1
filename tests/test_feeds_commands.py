"""`portal feeds` as ops use it: what it prints, what it answers a script, how it ends."""

import json
from functools import partial

import pytest
from sqlmodel import select

from portal.catalogue.properties import Property
from portal.feeds.records import FeedRun
from tests import cast, feeds


@pytest.fixture
def portal(run):
    """Runs one `portal feeds` command."""
    return partial(run, "feeds")


@pytest.fixture
def body(tmp_path):
    """Writes a body to a file; its path."""

    def write(*homes):
        path = tmp_path / "feed.xml"
        path.write_bytes(feeds.feed(*homes))
        return path

    return write


def test_a_feed_is_added_run_and_listed(portal, database, body):
    database.write(cast.agency)
    portal(
        "add",
        "second",
        "--agency",
        "costa-norte",
        "--address",
        "https://me:secret@agency.example/f.xml?k=1",
        "--public",
    )
    done = portal("run", "second", "--file", body(*feeds.homes(2)))
    assert "second: applied" in done.stdout and "2 received · 2 added" in done.stdout
    (first, second) = map(json.loads, portal("list", "--json").stdout.splitlines())
    assert (first["slug"], first["last_outcome"]) == ("costa-norte", None)
    assert (second["address"], second["public"], second["last_outcome"]) == (
        "https://agency.example/f.xml?…", True, "applied",
    )  # fmt: skip
    with database.read() as session:
        assert {home.state for home in session.exec(select(Property))} == {"published"}


def test_a_script_reads_every_rejected_property_by_name(portal, database, body):
    database.write(cast.agency)
    path = body(feeds.home("1", beds="some"), feeds.home("2", price_freq="barter"))
    report = json.loads(portal("run", "costa-norte", "--file", path, "--json").stdout)
    assert (report["outcome"], report["received"], report["added"]) == ("applied", 2, 1)
    assert report["rejected"] == [
        {"source_id": "2", "reference": "MB-2", "field": "price_freq", "value": "barter",
         "reason": "neither a sale nor a rent we know"}
    ]  # fmt: skip
    assert report["warnings"] == [{"field": "beds", "reason": "not a number", "count": 1, "example": "some"}]
    printed = portal("run", "costa-norte", "--file", path).stdout
    assert "rejected MB-2 (id 2): price_freq “barter”: neither a sale nor a rent we know" in printed
    assert "warning beds: not a number: 1 ×, such as “some”" in printed


def test_held_and_failed_runs_end_with_1(portal, database, body):
    database.write(cast.agency)
    portal("run", "costa-norte", "--file", body(*feeds.homes(8)))
    held = portal("run", "--file", body(feeds.home("1")), "--json", code=1)
    assert json.loads(held.stdout)["outcome"] == "held"
    assert json.loads(portal("run", "--file", body(feeds.home("1")), "--confirm", "--json").stdout)["missing"] == 7
    assert "not well-formed XML at line 2" in portal("run", "--file", body("<a>"), code=1).stdout


def test_a_feed_that_cannot_be_fetched_is_a_failed_run_and_touches_nothing(portal, database, body):
    database.write(cast.agency)
    portal("add", "inside", "--agency", "costa-norte", "--address", "http://me:secret@127.0.0.1/feed.xml")
    printed = portal("run", "inside", code=1).stdout
    assert "leads to an address that is not public" in printed and "secret" not in printed
    with database.read() as session:
        assert [run.outcome for run in session.exec(select(FeedRun))] == ["failed"]


def test_wrong_use_says_what_to_write(portal, database, body):
    database.write(cast.agency)
    portal("add", "second", "--agency", "costa-norte")
    assert "Say which feed" in portal("run", "--file", body(), code=2).stderr
    assert "No feed has an address" in portal("run", code=1).stderr
    assert "no feed is called “third”" in portal("run", "third", code=1).stderr
    assert "no agency is called “nobody”" in portal("add", "third", "--agency", "nobody", code=1).stderr
    assert "exists already" in portal("add", "second", "--agency", "costa-norte", code=1).stderr
    assert "“my-feed” can" in portal("add", "My feed", "--agency", "costa-norte", code=1).stderr
    assert "http://" in portal("add", "x", "--agency", "costa-norte", "--address", "ftp://x", code=1).stderr
    portal("run", "second", "--file", "nowhere.xml", code=2)

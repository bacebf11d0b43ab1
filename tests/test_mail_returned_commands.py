"""`portal mail`: a mail server hands in what came back, and ops look at what nobody could match."""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from portal.__main__ import app
from portal.commands import context
from portal.db import Database, utcnow
from portal.mail import returning, returns
from portal.mail.mails import ReturnedMail
from tests import reports
from tests.cast import SIGNER
from tests.reports import About
from tests.running import NOWHERE, REPOSITORY, Portal

TO = "bounces+17.0a1b2c3d4e@portal.example"


@pytest.fixture
def run(run):
    """Runs one `portal mail` command."""
    return partial(run, "mail")


def receive(raw: bytes, *options: str, code: int = 0) -> None:
    """Hands a mail to `portal mail receive`, as a pipe does."""
    done = CliRunner().invoke(app, ["mail", "receive", *options], input=raw)
    assert done.exit_code == code, done.output


def kept(database: Database) -> list[tuple[str, bytes | None]]:
    with database.read() as session:
        return [(row.recipient, row.raw) for row in session.exec(select(ReturnedMail).order_by(ReturnedMail.id))]


def test_what_a_mail_server_hands_in_is_kept_once(database, run):
    raw = reports.postfix(About()) + b"\xff\0"
    receive(raw, "--recipient", TO)
    receive(raw, "--recipient", TO)
    assert kept(database) == [(TO, raw)]


def test_the_recipient_is_what_the_pipe_says_else_what_its_environment_does(database, run, monkeypatch):
    receive(b"1")
    monkeypatch.setenv("RECIPIENT", "recipient@portal.example")
    receive(b"2")
    monkeypatch.setenv("ORIGINAL_RECIPIENT", TO)
    receive(b"3")
    receive(b"4", "--recipient", "said@portal.example")
    assert [to for to, _ in kept(database)] == ["", "recipient@portal.example", TO, "said@portal.example"]


def test_a_recipient_that_no_database_stores_is_kept_as_well_as_can_be(database, run):
    receive(b"1", "--recipient", "half\udc80@portal.example")
    assert kept(database) == [("half?@portal.example", b"1")]


def test_of_a_huge_mail_as_much_is_kept_as_is_read(database, run):
    receive(b"x" * (returns.LIMIT + 7))
    assert [len(raw or b"") for _, raw in kept(database)] == [returns.LIMIT]


@pytest.fixture
def elsewhere(run, monkeypatch):
    """Lets the commands look for their database at another address."""

    def look(url: str) -> None:
        monkeypatch.setenv("PORTAL_DATABASE_URL", url)
        context.settings.cache_clear()
        context.database.cache_clear()

    before = os.environ["PORTAL_DATABASE_URL"]
    yield look
    look(before)


@pytest.mark.parametrize("url", ["postgresql://portal@127.0.0.1:9/portal", "sqlite:////nowhere/portal.sqlite", "what"])
def test_where_the_database_is_away_the_mail_server_is_asked_to_try_again(elsewhere, url):
    elsewhere(url)
    receive(b"1", code=75)


def test_a_schema_that_is_not_the_newest_is_a_reason_to_try_again(tmp_path):
    portal = Portal(f"sqlite:///{tmp_path}/new.sqlite", tmp_path, NOWHERE)
    done = subprocess.run(
        [sys.executable, "-m", "portal", "mail", "receive"], env=portal.environment, cwd=REPOSITORY, input=b"1",
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 75 and b"try again" in done.stderr


def test_ops_list_show_and_note_as_seen_what_waits_for_a_person(database, run, tmp_path: Path):
    receive("Subject: Out of office\n\nBis Montag, Müller".encode(), "--recipient", TO)
    receive(b"\xff\xfe\0")
    assert json.loads(run("list", "--json").stdout) == [], "it is not read yet"
    returning.apply_waiting(database, SIGNER, {}, utcnow())
    first, second = json.loads(run("list", "--json").stdout)
    assert (first["to"], first["kind"], second["to"]) == (TO, "other", "")
    assert TO in run("list").stdout
    assert "Bis Montag, Müller" in run("show", first["number"]).stdout
    assert "Returned mail" in run("seen", first["number"]).stderr
    assert [row["number"] for row in json.loads(run("list", "--json").stdout)] == [second["number"]]
    with database.read() as session:
        row = returning.by_number(session, first["number"])
    assert (row.state, row.seen_by) == ("seen", "Ana") and row.seen_at is not None


def test_what_a_mail_says_cannot_command_the_terminal_that_shows_it(database, run):
    receive(b"Subject: \x1b[2Jx\n\n\x07 \x9b1m \r\n\tText")
    shown = run("show", "1").stdout
    assert not set(shown) & {"\x1b", "\x07", "\x9b"} and "\tText" in shown


def test_one_whose_time_is_over_is_shown_as_gone(database, run):
    receive(b"words")
    database.write(lambda session: setattr(session.exec(select(ReturnedMail)).one(), "raw", None))
    assert run("show", "1").stdout == "Its time is over.\n"


def test_a_number_that_is_none_is_refused_in_words(run):
    for command in ("show", "seen"):
        assert "portal mail list" in run(command, "99", code=1).stderr

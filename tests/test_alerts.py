"""Alerts: each step of a silence is told once by the log and by ops' command, and so is its end."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from portal import alerts
from portal.alerts import Alert
from portal.db import Database
from portal.mail import outbox
from portal.mail.mails import Mail, Tried
from portal.mail.retrying import Patience
from portal.settings import Settings, SettingsRefused
from tests.cast import NOW

MINUTE = timedelta(minutes=1)


def queue(database: Database, number: int = 1) -> None:
    def work(session: Session) -> None:
        outbox.queue(session, "note", f"thing:{number}", "elena@agency.example", "en", NOW, "portal.example")

    database.write(work)


def look(database: Database, now: datetime) -> int | None:
    def work(session: Session) -> int | None:
        step = alerts.look(session, now)
        return None if step is None else step.level

    return database.write(work)


def settle(database: Database, outcome: str, now: datetime) -> None:
    def work(session: Session) -> None:
        (mail,) = outbox.claim(session, now)
        outbox.settle(session, mail, Tried(outcome, "rcpt"), "relay", now, now, Patience())

    database.write(work)


@pytest.fixture
def heard(tmp_path) -> Path:
    return tmp_path / "heard"


@pytest.fixture
def command(heard, tmp_path) -> str:
    script = tmp_path / "pager.py"
    script.write_text(f"import sys; open({str(heard)!r}, 'a').write(sys.stdin.read() + chr(10))")
    return f'"{sys.executable}" "{script}"'


def test_each_step_is_written_once_and_so_is_the_end(database):
    queue(database)
    told = [look(database, NOW + minutes * MINUTE) for minutes in (4, 5, 6, 14, 15, 59, 60, 600)]
    assert told == [None, 1, None, None, 2, None, 3, None]
    settle(database, "accepted", NOW + 601 * MINUTE)
    assert [look(database, NOW + 602 * MINUTE) for _ in range(2)] == [0, None]


def test_a_mail_that_waits_for_its_recipient_is_no_silence_of_the_relay(database):
    queue(database)
    settle(database, "full", NOW)
    assert look(database, NOW + 120 * MINUTE) is None


def test_a_mail_that_waits_for_the_relay_is(database):
    queue(database)
    settle(database, "relay", NOW)
    assert look(database, NOW + 6 * MINUTE) == 1


def test_many_workers_write_one_step(database):
    queue(database)
    with ThreadPoolExecutor(8) as workers:
        found = list(workers.map(lambda _: look(database, NOW + 20 * MINUTE), range(16)))
    assert [level for level in found if level is not None] == [2]


def test_the_command_hears_each_step_once_and_no_person(database, command, heard, capsys):
    queue(database)
    for minutes in (5, 15):
        look(database, NOW + minutes * MINUTE)
        assert alerts.tell(database, command, NOW + minutes * MINUTE) == 1
        assert alerts.tell(database, command, NOW + minutes * MINUTE) == 0
    settle(database, "accepted", NOW + 16 * MINUTE)
    look(database, NOW + 17 * MINUTE)
    alerts.tell(database, command, NOW + 17 * MINUTE)
    said = [json.loads(line) for line in heard.read_text().splitlines()]
    assert [(line["alert"], line["level"], line["over"]) for line in said] == [
        ("mail_waits", 1, False), ("mail_waits", 2, False), ("mail_waits", 0, True),
    ]  # fmt: skip
    assert said[0]["oldest_seconds"] == 300
    assert "elena" not in heard.read_text() + capsys.readouterr().err


def test_a_command_that_fails_is_asked_again(database, command, heard, tmp_path):
    queue(database)
    look(database, NOW + 5 * MINUTE)
    look(database, NOW + 15 * MINUTE)
    for failing in (f"{sys.executable} -c 1/0", str(tmp_path / "none")):
        assert alerts.tell(database, failing, NOW + 15 * MINUTE) == 0
    assert alerts.tell(database, command, NOW + 16 * MINUTE) == 2
    assert [json.loads(line)["level"] for line in heard.read_text().splitlines()] == [1, 2]


def test_without_a_command_the_log_alone_says_it(database, capsys):
    queue(database)
    look(database, NOW + 5 * MINUTE)
    assert alerts.tell(database, "", NOW + 5 * MINUTE) == 1
    assert "mail waits" in capsys.readouterr().err
    with database.read() as session:
        assert session.exec(select(Alert)).one().told_at is not None


def test_the_metric_is_the_newest_step(database):
    queue(database)
    look(database, NOW + 15 * MINUTE)
    with database.read() as session:
        assert alerts.level(session) == 2 and session.exec(select(Mail)).one().state == "queued"


@pytest.mark.parametrize("value", ["no-such-program-here --now", "page 'unclosed"])
def test_a_command_that_cannot_be_run_is_refused_at_start(value):
    with pytest.raises(SettingsRefused, match="PORTAL_ALERT_COMMAND: must be a command"):
        Settings.from_environment({"PORTAL_ALERT_COMMAND": value})

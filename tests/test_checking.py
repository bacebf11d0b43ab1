"""`portal check` says what is wrong and how to mend it, and changes nothing."""

import json
import secrets
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlmodel import Session, select

from portal.catalogue.agencies import Contact
from portal.commands import checking
from portal.db import Database
from portal.settings import Settings
from tests import cast
from tests.cast import NOW
from tests.running import NOWHERE, Portal


def settings(tmp_path: Path, database: Database, **changes: Any) -> Settings:
    return Settings.from_environment(
        {}, **{"database_url": database.url, "data_directory": tmp_path, "smtp_relay": NOWHERE, **changes}
    )


def found(made: Settings) -> dict[str, checking.Finding]:
    return {finding.about: finding for finding in checking.findings(made, NOW)}


def test_a_sound_database_with_a_policy_is_fine(database: Database, tmp_path: Path):
    database.write(cast.policy)
    seen = found(settings(tmp_path, database))
    assert [seen[about].level for about in ("schema", "policy", "data", "secret")] == ["fine"] * 4
    if database.is_sqlite:
        assert seen["database"].level == "fine" and "synchronous FULL" in seen["database"].says
    else:
        assert seen["database"].level == "fault" and "fsync" in seen["database"].mend  # the tests' cluster has it off


def test_every_fault_and_warning_says_how_to_mend_it(database: Database, tmp_path: Path):
    database.write(lambda session: cast.agency(session).slug)
    made = settings(
        tmp_path, database, origin="https://immo.example", bind="0.0.0.0:8000", secret_key="a" * 32,
        fetch_allow="127.0.0.1:8080",
    )  # fmt: skip
    seen = found(made)
    assert {about for about, finding in seen.items() if finding.level == "fault"} >= {"policy", "relay", "secret"}
    warned = {about for about, finding in seen.items() if finding.level == "warning"}
    assert warned >= {"proxies", "bind", "fetching", "contact"}
    assert all(finding.mend for finding in seen.values() if finding.level != "fine")


def test_an_agency_whose_leads_reach_nobody_is_named(database: Database, tmp_path: Path):
    def publish(session: Session) -> None:
        cast.agency(session)
        cast.agency(session, slug="sol-y-mar", name="Sol y Mar", paused_at=NOW)
        for contact in session.exec(select(Contact)):
            contact.confirmed_at = contact.confirmed_how = None

    database.write(publish)
    assert found(settings(tmp_path, database))["agencies"].says.startswith("costa-norte has no confirmed contact")


def test_an_open_origin_is_a_fault_and_a_loopback_one_a_warning(database: Database, tmp_path: Path):
    assert found(settings(tmp_path, database, origin="http://immo.example"))["origin"].level == "fault"
    assert found(settings(tmp_path, database))["origin"].level == "warning"
    assert found(settings(tmp_path, database, mode="demo"))["origin"].level == "fine"


def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path: Path):
    made = Settings.from_environment(
        {}, database_url="postgresql+psycopg://portal:hunter2@127.0.0.1:9/portal", data_directory=tmp_path
    )
    seen = found(made)["database"]
    assert seen.level == "fault" and "127.0.0.1:9" in seen.says and "hunter2" not in seen.says


def test_looking_at_a_portal_that_is_not_there_yet_makes_nothing(tmp_path: Path):
    portal = Portal(f"sqlite:///{tmp_path / 'none.sqlite'}", tmp_path)
    seen = json.loads(portal.run("check", "--json", code=1).stdout)
    assert {"about": "database", "level": "fault"}.items() <= seen[0].items()
    assert not (tmp_path / "none.sqlite").exists()


def test_a_mistake_in_the_settings_is_a_finding(tmp_path: Path):
    portal = Portal(f"sqlite:///{tmp_path / 'none.sqlite'}", tmp_path, orign="https://immo.example")
    assert "PORTAL_ORIGN: no such setting" in portal.run("check", code=1).stdout


@pytest.mark.parametrize(
    "key",
    [
        "a" * 48, "ab" * 24, "abcdefghijkl" * 4, "change-me-" + "q8Zt5vN2kR7wLx3mB9cY" * 2,
        "ImmoMarket-9fK2mQ7xW4bT8vN3zR6yP1cL5", "this is the password of nobody at all, 42",
    ],
)  # fmt: skip
def test_a_key_that_can_be_guessed_is_a_fault_set_or_kept(tmp_path: Path, key: str):
    made = Settings.from_environment({}, data_directory=tmp_path, secret_key=key)
    assert [finding.level for finding in checking._key(made)] == ["fault"]
    (tmp_path / "secret.key").write_text(key)
    (tmp_path / "secret.key").chmod(0o600)
    kept = Settings.from_environment({}, data_directory=tmp_path)
    assert [finding.level for finding in checking._key(kept)] == ["fault"]


def test_keys_made_by_chance_are_fine(tmp_path: Path):
    for _ in range(200):
        made = Settings.from_environment({}, data_directory=tmp_path, secret_key=secrets.token_urlsafe(48))
        assert [finding.level for finding in checking._key(made)] == ["fine"]


@pytest.mark.parametrize(
    ("ops_bind", "levels"),
    [
        ("127.0.0.1:8001", ["fine"]), ("[::1]:8001", ["fine"]), ("localhost:8001", ["fine"]), ("", []),
        ("10.0.0.5:8001", ["warning"]), ("[fd00::5]:8001", ["warning"]), ("0.0.0.0:8001", ["fault"]),
        ("[::]:8001", ["fault"]), ("93.184.215.14:8001", ["fault"]), ("ops.agency.example:8001", ["fault"]),
        ("127.0.0.1:8000", ["fault"]),
    ],
)  # fmt: skip
def test_ops_pages_that_anybody_can_reach_are_a_fault(ops_bind: str, levels: list[str]):
    assert [finding.level for finding in checking._binds(Settings(ops_bind=ops_bind))] == levels


@pytest.mark.parametrize(
    ("proxies", "level"),
    [
        ("0.0.0.0/0", "fault"), ("::/0", "fault"), ("128.0.0.0/1", "fault"), ("10.0.0.0/8,0.0.0.0/2", "fault"),
        ("10.0.0.0/8", None), ("127.0.0.1", None), ("104.16.0.0/13,2606:4700::/32", None),
    ],
)  # fmt: skip
def test_trusting_half_the_internet_is_a_fault(proxies: str, level: str | None):
    made = Settings.from_environment({"PORTAL_TRUSTED_PROXIES": proxies})
    assert [finding.level for finding in checking._proxies(made)] == ([level] if level else [])


class Answer(BaseHTTPRequestHandler):
    """What may stand at a public address."""

    def do_GET(self) -> None:
        status, location, body = self.server.answer  # type: ignore[attr-defined]
        self.send_response(status)
        self.send_header("Location", location)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


def test_the_public_origin_must_lead_here():
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        origin = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        said = []
        for answer in (
            (200, "", f"Sitemap: {origin}/sitemap.xml".encode()),
            (200, "", b"Sitemap: https://elsewhere.example/sitemap.xml"),
            (400, "", b"bad host"),
            (301, "https://www.immo.example/robots.txt?key=1", b""),
        ):
            server.answer = answer  # type: ignore[attr-defined]
            said.append(checking._asked(origin))
        server.shutdown()
        thread.join()
    said.append(checking._asked(origin))
    assert [finding.level for finding in said] == ["fine", "fault", "fault", "fault", "warning"]
    assert "sends on to https://www.immo.example/robots.txt" in said[3].says and "key=1" not in said[3].says
    assert all(finding.mend for finding in said[1:])


def test_a_cluster_that_answers_before_it_is_durable_is_a_fault(postgres_url: str, tmp_path: Path):
    made = Database(postgres_url)
    with made.engine.begin() as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar_one()
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET synchronous_commit = off")
    made.close()
    seen = found(Settings.from_environment({}, database_url=postgres_url, data_directory=tmp_path))["database"]
    assert seen.level == "fault" and "synchronous_commit" in seen.mend

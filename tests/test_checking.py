"""`portal check` says what is wrong and how to mend it, and changes nothing."""

import json
from pathlib import Path
from typing import Any

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
    assert {about for about, finding in seen.items() if finding.level == "warning"} >= {"proxies", "bind", "fetching"}
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

"""What is counted of requests, the number each one gets, and the figures that monitoring reads."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlmodel import Session, select
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from portal import db, leases
from portal.db import Database
from portal.enquiries import receiving, screening
from portal.feeds.records import Feed, FeedRun
from portal.leads import Lead
from portal.settings import Settings
from portal.web import ops, watching
from portal.web.app import create
from portal.web.routes import ROUTES
from portal.web.watching import Counted
from tests import cast
from tests.cast import SIGNER


@pytest.fixture
def monitoring(settings: Settings) -> Iterator[TestClient]:
    settings.data_directory.mkdir(exist_ok=True)
    with TestClient(ops.create(settings)) as made:
        yield made


def figures(text: str) -> dict[str, float]:
    """Samples by name and labels: `portal_leads{fate=held}`."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def counted(counts: Counted, folder: Path) -> dict[str, int]:
    """How many answers of each kind there were, as the ops face would read it."""
    counts._write(folder / "1.json")
    family = watching.written(folder)
    return {" ".join(s.labels.values()): int(s.value) for s in family.samples if s.name.endswith("_count")}


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that says nothing."""


def test_answers_are_counted_by_route_method_and_class_of_status_kept_pages_too(client: TestClient, settings, tmp_path):
    counts = Counted(create(settings), ROUTES)
    with TestClient(counts, follow_redirects=False) as visitor:
        for path in ("/en/", "/en/", "/en/?page=jane@example.com", "/en/p/jane-smith", "/jane@example.com/a/b/c/d"):
            visitor.get(path)
        visitor.post("/en/p/x/enquire", data={"name": "Jane"})
        visitor.request("JANE", "/en/")
    assert counted(counts, tmp_path) == {
        "/{lang}/ GET 2xx": 3, "/{lang}/p/{key} GET 4xx": 1, "none GET 4xx": 1,
        "/{lang}/p/{key}/enquire POST 4xx": 1, "/{lang}/ other 4xx": 1,
    }  # fmt: skip
    assert "jane" not in (tmp_path / "1.json").read_text().lower()


def test_counts_of_all_processes_are_added_up_and_seconds_are_cumulative(tmp_path: Path):
    rows = [[["/up", "GET", "2xx"], [1, 2, 0, 0, 0, 0, 0, 0, 0, 1, 30.5]]]
    for name in ("1", "2"):
        (tmp_path / f"{name}.json").write_text(json.dumps(rows))
    samples = {(s.name, s.labels.get("le")): s.value for s in watching.written(tmp_path).samples}
    assert samples["portal_http_seconds_bucket", "0.001"] == 2 and samples["portal_http_seconds_bucket", "0.005"] == 6
    assert samples["portal_http_seconds_bucket", "+Inf"] == 8 and samples["portal_http_seconds_sum", None] == 61


def test_an_answer_that_never_came_is_counted_and_a_full_disk_costs_only_figures(tmp_path: Path):
    counts = Counted(nothing, ROUTES)
    TestClient(counts, raise_server_exceptions=False).get("/up")
    (tmp_path / "file").touch()
    counts._write(tmp_path / "file" / "1.json")
    assert counted(counts, tmp_path) == {"/up GET none": 1}


def test_each_request_that_is_handled_has_a_number_of_its_own_in_its_answer_and_in_its_log(
    client: TestClient, database: Database, capsys
):
    first, second = (client.get("/en/nothing/here/at/all").headers["x-request-id"] for _ in range(2))
    assert re.fullmatch("[0-9a-f]{16}", first) and first != second
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE place RENAME TO hidden_place")
    broken = client.get("/en/buy", headers={"X-Request-Id": "jane"})
    (line,) = map(json.loads, capsys.readouterr().err.splitlines())
    assert broken.status_code == 500 and line["request"] == broken.headers["x-request-id"] != "jane"


def test_what_caches_may_keep_carries_no_number(client: TestClient, settings: Settings):
    with TestClient(create(settings)) as visitor:
        answers = [visitor.get(path) for path in ("/en/", "/en/", "/static/site.css", "/robots.txt")]
    assert all(answer.status_code == 200 and "x-request-id" not in answer.headers for answer in answers)


def test_monitoring_reads_what_became_of_leads_mails_and_feeds(database: Database, monitoring: TestClient, monkeypatch):
    monkeypatch.setitem(screening.EXPLAINED, "links", "Links")
    now = db.utcnow()

    def prepare(session: Session) -> None:
        cast.policy(session)
        cast.home(session, cast.agency(session))

    database.write(prepare)
    with database.read() as session:
        home = session.exec(select(cast.Property)).one()
    for number in range(2):
        enquiry = cast.enquiry(database, home, now, name=f"Jane {number}", email=f"jane{number}@example.com")
        job = partial(
            receiving.receive, enquiry=enquiry, sending=cast.SENDING, signer=SIGNER, settings=cast.SETTINGS, now=now
        )
        database.write(job)

    def bend(session: Session) -> None:
        lead = session.exec(select(Lead)).first()
        assert lead
        lead.screening, lead.screening_reasons = "held", [["links", 30], ["older", 30]]
        feed = session.exec(select(Feed)).one()
        hour = timedelta(hours=1)
        for outcome, ago in (("failed", 2 * hour), ("applied", hour)):
            at = now - ago
            session.add(FeedRun(feed_id=feed.id or 0, started_at=at, finished_at=at, outcome=outcome))
            session.flush()
        leases.beat(session, "host:1", now)

    database.write(bend)
    answer = monitoring.get("/metrics")
    found = figures(answer.text)
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert answer.headers["cache-control"] == "no-store"
    assert found["portal_database_up"] == 1 and found["portal_leads_received"] == 2
    assert found["portal_leads{fate=held}"] == found["portal_leads{fate=waiting}"] == 1
    assert sum(value for name, value in found.items() if name.startswith("portal_leads{")) == 2
    assert found["portal_screening{outcome=held}"] == found["portal_screening{outcome=forward}"] == 1
    assert found["portal_screening_reasons{reason=links}"] == found["portal_screening_reasons{reason=other}"] == 1
    assert found["portal_mails{state=queued}"] == 4
    assert found["portal_feed_applied{feed=costa-norte}"] == 1
    assert 3600 <= found["portal_feed_run_seconds{feed=costa-norte}"] < 3700
    assert 0 <= found["portal_worker_seconds"] < 100
    assert not re.search("jane|example|MB-1042|marbella", answer.text, re.IGNORECASE)


def test_without_its_database_the_figures_say_so(monitoring: TestClient, database: Database):
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE heartbeat RENAME TO gone")
    answer = monitoring.get("/metrics")
    assert answer.status_code == 200 and figures(answer.text) == {"portal_database_up": 0}

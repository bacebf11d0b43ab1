"""`portal serve` and `portal work` as they run: they start, drain, replace what died, and leave nothing behind."""

import json
import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import Portal, eventually, free_port


@pytest.fixture
def portal(sqlite_url: str, tmp_path: Path) -> Iterator[Portal]:
    made = Portal(sqlite_url, tmp_path)
    yield made
    made.stop()


def refuses_connections(portal: Portal) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", portal.port)) != 0


def test_on_sigterm_the_site_finishes_the_request_it_has_and_ends(portal: Portal):
    portal.start_web()
    assert portal.web is not None
    with socket.create_connection(("127.0.0.1", portal.port)) as visitor:
        visitor.sendall(b"POST /en/nowhere HTTP/1.1\r\nHost: portal\r\nContent-Length: 2\r\n\r\na")
        assert portal.get("/up") == 200
        portal.web.terminate()
        eventually(lambda: refuses_connections(portal))
        visitor.sendall(b"b")
        assert visitor.recv(12).startswith(b"HTTP/1.1 ")
    assert portal.web.wait(timeout=60) == 0


def test_a_process_of_the_site_that_dies_is_replaced(portal: Portal):
    portal.start_web()
    (first,) = re.findall(r"Spawning worker-1 with PID: (\d+)", portal.log("web"))
    os.kill(int(first), signal.SIGKILL)
    eventually(lambda: len(re.findall("Started worker-1", portal.log("web"))) == 2)
    eventually(lambda: portal.get("/up") == 200)


def test_where_the_first_process_is_killed_the_others_end_with_it(portal: Portal):
    portal.start_web()
    assert portal.web is not None
    portal.web.kill()
    eventually(lambda: refuses_connections(portal))


def test_the_worker_begins_and_ends_when_told(portal: Portal):
    worker = portal.start_worker()
    eventually(lambda: "worker begins" in portal.log("worker"))
    worker.terminate()
    assert worker.wait(timeout=60) == 0


def test_the_worker_can_do_what_is_due_and_end(portal: Portal):
    portal.run("work", "--once")


def test_what_is_written_is_json_lines_without_queries(portal: Portal):
    portal.start_web()
    portal.get("/en/buy?name=Jane")
    portal.stop()
    lines = [json.loads(line) for line in portal.log("web").splitlines()]
    assert lines and all({"event", "level", "time"} <= line.keys() for line in lines)
    assert "Jane" not in portal.log("web")


def test_a_port_that_another_site_serves_is_not_shared(portal: Portal):
    portal.start_web()
    assert "End what listens there" in portal.run("serve", code=1).stderr
    assert portal.get("/up") == 200


def test_ops_pages_stand_beside_the_site_and_come_back_when_they_end(sqlite_url: str, tmp_path: Path):
    portal = Portal(sqlite_url, tmp_path, ops_bind=f"127.0.0.1:{free_port()}")
    try:
        portal.start_web()
        assert portal.get("/metrics", port=portal.ops_port) == 200
        _, ops = re.findall(r"Starting granian \(main PID: (\d+)\)", portal.log("web"))
        os.kill(int(ops), signal.SIGKILL)
        eventually(lambda: portal.get("/metrics", port=portal.ops_port) is None)
        assert portal.get("/up") == 200
        eventually(lambda: portal.get("/metrics", port=portal.ops_port) == 200)
    finally:
        portal.stop()
    assert portal.get("/ops", port=portal.ops_port) is None


def test_a_taken_port_for_ops_does_not_keep_the_site_from_serving(sqlite_url: str, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        portal = Portal(sqlite_url, tmp_path, ops_bind=f"127.0.0.1:{taken.getsockname()[1]}")
        portal.ops_port = 0
        try:
            portal.start_web()
            eventually(lambda: "ops' pages cannot listen" in portal.log("web"))
            assert portal.get("/up") == 200
        finally:
            portal.stop()


def test_a_database_without_the_newest_schema_is_not_served(tmp_path: Path):
    portal = Portal(f"sqlite:///{tmp_path / 'empty.sqlite'}", tmp_path)
    assert "run `portal migrate` first" in portal.run("serve", code=1).stderr
    assert "run `portal migrate` first" in portal.run("work", "--once", code=1).stderr
    portal.migrate()
    portal.run("work", "--once")


def test_a_relay_that_only_captures_is_refused_in_production(sqlite_url: str, tmp_path: Path):
    portal = Portal(sqlite_url, tmp_path, relay="capture:")
    assert "PORTAL_SMTP_RELAY" in portal.run("work", "--once", code=1).stderr

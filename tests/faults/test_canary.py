"""A person the system has never heard of goes through everything that can happen to an enquiry, and leaves no trace
where persons must not stand: logs, figures, addresses, what a browser tells the next site, titles of processes.
"""

import http.client
import re
import sqlite3
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg

from portal.db import Database
from tests.clients import sends
from tests.faults.stand import Relay, Visitors, publish, waiting
from tests.running import Portal, eventually, free_port

NAME, EMAIL, PHONE, WORDS = (
    "Zenobia Quarzwald",
    "zq.7731@canary.example",
    "+34 600 773 199",
    "Xylophonkammer im Keller?",
)
# Each part by itself, and the number as it is stored: a trace need not be whole.
TRACES = ("zenobia", "quarzwald", "zq.7731", "canary.example", "600 773 199", "600773199", "xylophon")
FIELDS = {
    "name": NAME, "email": EMAIL, "phone": PHONE, "words": WORDS, "intent": "question", "reach": "phone",
    "professional": "no", "language": "en",
}  # fmt: skip
ADDRESSES = re.compile(r"""\b(?:href|src|srcset|action|content)="([^"]*)\"""")


class Canary:
    """The visitor, who keeps every answer that is to be looked at."""

    def __init__(self, portal: Portal, page: str, hidden: dict[str, str]) -> None:
        self.portal, self.page, self.hidden = portal, page, hidden
        self.seen: list[str] = []

    def send(self, headers: dict[str, str] | None = None, **changes: str) -> int:
        """One enquiry; the status of the answer."""
        body = urlencode({**self.hidden, **FIELDS, **changes})
        headers = {**sends("Chromium", "same-origin", self.portal.url), **(headers or {})}
        with closing(http.client.HTTPConnection("127.0.0.1", self.portal.port, timeout=60)) as connection:
            kind = {"Content-Type": "application/x-www-form-urlencoded", "Accept-Encoding": "identity"}
            connection.request("POST", self.page, body, {**headers, **kind})
            answer = connection.getresponse()
            page = answer.read().decode()
        assert answer.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
        self.seen += [str(answer.headers.items()), *ADDRESSES.findall(page)]
        self.seen += titles()
        return answer.status


def titles() -> list[str]:
    """How every process of this machine is called at this moment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "comm"):
            try:
                found.append((process / name).read_text(errors="replace"))
            except OSError:  # it has ended
                continue
    return found


@contextmanager
def broken(database: Database) -> Iterator[None]:
    """A fault of ours in the middle of the transaction."""
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE lead_person RENAME TO lead_person_elsewhere")
    try:
        yield
    finally:
        with database.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE lead_person_elsewhere RENAME TO lead_person")


@contextmanager
def away(database: Database) -> Iterator[None]:
    """Nothing can be written: SQLite's file is locked by another program, PostgreSQL takes no connection."""
    database.close()
    if database.is_sqlite:
        with closing(sqlite3.connect(database.url.removeprefix("sqlite:///"), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
        return
    url = database.engine.url.set(drivername="postgresql")
    name, server = url.database, url.set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as ops:
        ops.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        ops.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            ops.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def settled(database: Database) -> Callable[[], bool]:
    return lambda: waiting(database) == 0


def test_a_person_leaves_no_trace_outside_the_records_whatever_happens(database, database_url, tmp_path):
    home, ops = publish(database), f"127.0.0.1:{free_port()}"
    with Relay() as relay, Portal(database_url, tmp_path, relay.relay, clock_factor=0.001, ops_bind=ops) as portal:
        visitors = Visitors(portal, home)
        hidden = visitors.form()
        canary = Canary(portal, visitors.page, hidden)
        assert canary.send() == 303
        eventually(settled(database))
        assert any(NAME.encode() in raw for raw in relay.raws)

        relay.at_rcpt = lambda address: f"550 5.1.1 no {NAME} <{address}> here, nor {EMAIL}"
        assert canary.send(words=f"{WORDS} Again.") == 303
        eventually(settled(database))
        assert canary.send(name="") == 422
        assert canary.send({"Origin": "https://elsewhere.example"}) == 403
        assert canary.send(words=WORDS * 4000) == 413
        with broken(database):
            assert canary.send(words=f"{WORDS} Once more.") == 500
        with away(database):
            assert canary.send(words=f"{WORDS} And now?") == 503
        eventually(lambda: canary.send(words=f"{WORDS} At last.") == 303)
        eventually(settled(database))
        with urllib.request.urlopen(f"http://{ops}/metrics") as figures:
            canary.seen.append(figures.read().decode())
        portal.stop()
        logs = [portal.log("web"), portal.log("worker")]
        assert all(logs)
        canary.seen += logs
    assert "request failed" in logs[0] and "database away" in logs[0]
    everything = "\n".join(canary.seen).lower()
    for trace in TRACES:
        for written in {trace, quote(trace), quote(trace, safe=""), trace.replace(" ", "+")}:
            assert written not in everything, everything[max(0, everything.index(written) - 200) :][:400]

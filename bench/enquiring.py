"""Enquiries as visitors send them, to a site on a database of its own: what several benchmarks need."""

import http.client
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from sqlmodel import col, select

from bench import pages
from portal import db
from portal.catalogue.properties import Property
from portal.db import Database
from tests.engines import Cluster
from tests.running import Portal

CONNECTIONS = 16
# No ceiling is reached and nothing is held, however many come from one address.
UNCOUNTED = {"ceiling_network_hour": 10**9, "ceiling_hour": 10**9, "screening_held": 10**6, "screening_spam": 10**6}


@contextmanager
def fresh(kind: str) -> Iterator[tuple[Database, Path]]:
    """A new database of this kind, which syncs to disk, and a folder; both gone afterwards."""
    with tempfile.TemporaryDirectory() as name:
        cluster = Cluster(fsync=True) if kind == "postgresql" else None
        database = Database(cluster.create("bench") if cluster else f"sqlite:///{name}/bench.sqlite")
        try:
            db.migrate(database)
            yield database, Path(name)
        finally:
            database.close()
            if cluster:
                cluster.stop()


@dataclass(frozen=True)
class Sent:
    """What each enquiry took, and all of them together, in seconds."""

    took: list[float]
    seconds: float


class Sender:
    """Sends enquiries over connections that stay open, every one with other words."""

    def __init__(self, portal: Portal, database: Database) -> None:
        with database.read() as session:
            home = session.exec(select(Property).order_by(col(Property.id))).first()
        assert home is not None
        self.port, self.path = portal.port, f"/en/p/{home.public_id}-villa-in-nueva-andalucia-marbella/enquire"
        self.body = pages.body(portal.url + self.path)
        self.connections = threading.local()

    def send(self, number: int, rate: float | None) -> Sent:
        """Send so many, `rate` of them a second or as fast as they are taken; what each took since it was due."""
        begun = time.perf_counter()
        due = [begun + each / rate if rate else 0.0 for each in range(number)]
        with ThreadPoolExecutor(CONNECTIONS * 4 if rate else CONNECTIONS) as pool:
            took = list(pool.map(self.send_one, due))
        return Sent(took, time.perf_counter() - begun)

    def send_one(self, due: float, word: str = "") -> float:
        """Send one at the moment that is due, with this word in it; the seconds from then to the answer."""
        begun = due or time.perf_counter()
        time.sleep(max(0.0, begun - time.perf_counter()))
        connection = getattr(self.connections, "kept", None)
        if connection is None:
            connection = self.connections.kept = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        body = f"{self.body}&words=Question+{word or uuid4().hex}"
        connection.request("POST", self.path, body, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 303, answer.status
        return time.perf_counter() - begun

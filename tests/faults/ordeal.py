"""An ordeal: visitors and the worker go on while the machine is ill, and afterwards everything is counted.

The same promises for every fault: no false thank-you, nothing lost, no mail twice, well again without our hands.
"""

import http.client
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from portal.db import Database
from portal.mail.mails import Mail
from tests.faults.stand import Relay, Visitors, publish, report, stored_leads, waiting
from tests.running import Portal, eventually

QUICK = 0.05  # minutes of waiting become seconds; a lease still outlasts a short illness, or not


class Ordeal:
    """A portal with visitors and a relay, on a machine whose health a test decides."""

    def __init__(self, database: Database, portal: Portal, relay: Relay) -> None:
        self.database, self.portal, self.relay = database, portal, relay
        self.visitors = Visitors(portal, publish(database))
        self.ill = Counter[str]()  # which part /ready named, and how often

    def ready(self) -> dict[str, object]:
        """What /ready says."""
        connection = http.client.HTTPConnection("127.0.0.1", self.portal.port, timeout=60)
        try:
            connection.request("GET", "/ready")
            answer = connection.getresponse()
            said: dict[str, object] = json.loads(answer.read())
            assert said["ready"] == (answer.status == 200)
            return said
        finally:
            connection.close()

    def names(self, *parts: str) -> bool:
        """Whether /ready names one of these parts as failing."""
        said = self.ready()
        named = [part for part in parts if said[part] == "failing"]
        self.ill.update(named)
        return bool(named)

    def refused(self) -> int:
        """How many visitors were told to come back so far."""
        return self.visitors.answers[503]

    def acknowledged(self) -> int:
        """How many visitors were thanked so far."""
        return len(self.visitors.told)

    def sees(self, count: Callable[[], int], more: int, within: float = 90) -> None:
        """Wait until a count has grown by so much."""
        before = count()
        eventually(lambda: count() >= before + more, within)

    def is_over(self) -> bool:
        """Whether no mail waits any more."""
        try:
            return waiting(self.database) == 0
        except DBAPIError:  # a connection of our own that the fault has ended
            return False

    def reckon(self, what: str, under_way: int = 0) -> None:
        """Hold everything to the promises, and print the figures.

        `under_way` mails had their text on its way when a worker was killed: these alone may arrive twice.
        """
        eventually(lambda: self.ready()["ready"], within=90)
        eventually(self.is_over, within=240)
        visitors, stored = self.visitors, stored_leads(self.database)
        lost = set(visitors.told) - set(stored)
        with self.database.read() as session:
            states = Counter(session.exec(select(Mail.state)))
            sent = set(session.exec(select(Mail.message_id).where(Mail.state == "accepted")))
        copies = self.relay.copies()
        doubles = len(self.relay.raws) - len(copies)
        report(
            f"{what}: {len(visitors.attempted)} sent, {len(visitors.told)} acknowledged, {self.refused()} refused with "
            f"their text given back, {len(stored)} stored, {len(lost)} lost, {states.total()} mails, "
            f"{len(copies)} arrived, {doubles} twice ({under_way} under way at a kill); /ready named {dict(self.ill)}"
        )
        assert set(visitors.answers) <= {303, 503}, visitors.answers
        assert visitors.bare == []
        assert not lost and set(stored) <= visitors.attempted
        assert visitors.references() == {words: stored[words].reference for words in visitors.told}
        assert set(states) == {"accepted"}, states
        assert set(copies) == sent
        assert doubles <= under_way
        assert all(len(set(kept)) == 1 for kept in copies.values()), "a second copy differs from the first"


@contextmanager
def ordeal(database: Database, folder: Path, chance: Random, **environment: str) -> Iterator[Ordeal]:
    """An ordeal about to begin: everything runs and is well."""
    with Relay(chance=Random(chance.random()), longest_pause=0.02) as relay:
        portal = Portal(database.url, folder, relay.relay, clock_factor=QUICK, screening_held=1000, screening_spam=1000)
        portal.environment |= environment
        made = Ordeal(database, portal, relay)
        with portal:
            portal.wait_ready()
            yield made

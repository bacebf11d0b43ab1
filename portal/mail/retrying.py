"""Retrying: what becomes of a mail after a try, and when the next one is due.

Knows no database and no SMTP. Outcomes of a try: `accepted` (the relay answered 250 to the final dot), `refused` (there
is no such mailbox), `later` (not now, for this recipient), `full` (the mailbox), `policy` (the mail itself is not
wanted: spam, content), `size` (it is too large), `relay` (the relay itself is in trouble; no fault of this mail),
`setup` (the relay refuses us, for good, by how we are set up), `uncertain` (no answer after the final dot), `failed`
(our own mistake while rendering).
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

OUTCOMES = ("accepted", "refused", "later", "full", "policy", "size", "relay", "setup", "uncertain", "failed")
TROUBLES = ("relay", "setup")  # no fault of the mail, and no try of it
# RFC 5321 §4.5.4.1 gives up after four to five days. Six minutes outwait the usual greylist of five.
GIVE_UP = timedelta(days=5)
MINUTES = {
    "later": (6.0, 12.0, 25.0, 50.0, 90.0, 180.0, 240.0),
    "full": (240.0,),
    "policy": (60.0,),
    "relay": (0.25, 0.5, 1.0, 2.0, 5.0),
    "setup": (0.25, 0.5, 1.0, 2.0, 5.0),
    "uncertain": (15.0,),
    "failed": (1.0, 5.0),
}
# What is our own fault ends before a person, not as refused: the address is well, and somebody must act.
TRIES = {"policy": 2, "size": 1, "uncertain": 3, "failed": 3}
SECOND_CONTACT = timedelta(minutes=15)  # of failures that are the recipient's, before somebody else is asked
SPREAD = ("later", "full")  # a recipient's waits differ, so that mails do not march


@dataclass(frozen=True)
class Next:
    """The state a mail goes to, and how long until it is due again."""

    state: str
    wait: timedelta = timedelta()


@dataclass(frozen=True)
class Patience:
    """The waiting times, all multiplied by `factor` (1 in production, less in rehearsals); `chance` spreads them."""

    factor: float = 1.0
    chance: Callable[[], float] = random.random

    def after(self, outcome: str, earlier: int, age: timedelta, failing: timedelta = timedelta()) -> Next:
        """What follows an outcome that came `earlier` times before, for a mail queued `age` ago.

        `failing` is for how long its recipient could not take it: when somebody else is to be asked, it is tried.
        """
        if outcome in ("accepted", "refused"):
            return Next(outcome)
        if age >= GIVE_UP or earlier + 1 >= TRIES.get(outcome, earlier + 2):
            return Next("parked")
        wait, ask = self.wait(outcome, earlier), SECOND_CONTACT * self.factor - failing
        if outcome == "later" and timedelta() < ask < wait * 1.1:
            wait = ask
        return Next("uncertain" if outcome == "uncertain" else "queued", wait)

    def asks_another(self, outcome: str, failing: timedelta) -> bool:
        """Whether another contact should be asked: where the recipient has failed for so long, never for our relay."""
        return outcome in ("refused", "full") or (outcome == "later" and failing >= SECOND_CONTACT * self.factor)

    @property
    def longest(self) -> timedelta:
        """What no wait is longer than."""
        return timedelta(minutes=1.2 * max(map(max, MINUTES.values())) * self.factor)

    def wait(self, outcome: str, earlier: int) -> timedelta:
        """How long until the next try; a recipient's waits differ by up to a fifth."""
        minutes = MINUTES[outcome][min(earlier, len(MINUTES[outcome]) - 1)]
        spread = 0.8 + 0.4 * self.chance() if outcome in SPREAD else 1.0
        return timedelta(minutes=minutes * spread * self.factor)


@dataclass
class Circuit:
    """One worker's view of its relay: how often in a row it was in trouble, and when it is tried again."""

    troubles: int = 0
    closed_from: datetime | None = field(default=None)
    closed_until: datetime | None = field(default=None)

    def is_closed(self, now: datetime) -> bool:
        """Whether nothing should be claimed yet, because the relay was in trouble a moment ago."""
        if self.closed_from is None or self.closed_until is None:
            return False
        return self.closed_from <= now < self.closed_until  # not where the clock was set back

    def note(self, outcome: str, patience: Patience, now: datetime) -> None:
        """Learn from one try: trouble closes the way for a while, any other answer opens it."""
        if outcome in TROUBLES:
            self.closed_from, self.closed_until = now, now + patience.wait("relay", self.troubles)
            self.troubles += 1
        elif outcome != "failed":
            self.troubles, self.closed_from, self.closed_until = 0, None, None

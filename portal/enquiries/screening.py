"""Screening: signals become a score with its reasons, and the score one of three outcomes. Pure: no clock, no database.

Nothing is ever refused or dropped here. `forward` goes to the agency, `held` waits for its visitor or for ops, `spam`
is stored and waits for ops alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from portal.enquiries import reading
from portal.enquiries.clues import browser, linking, rates, sender, subject, writing
from portal.enquiries.reading import Clue, Reading
from portal.enquiries.signals import Signals

Outcome = Literal["forward", "held", "spam"]


@dataclass(frozen=True)
class Reason:
    """Why an enquiry looks like spam, and how much: the code is kept with the lead."""

    code: str
    points: int


@dataclass(frozen=True)
class Thresholds:
    """From which score on an enquiry is held, and from which it is spam."""

    held: int
    spam: int


@dataclass(frozen=True)
class Verdict:
    """What was decided of an enquiry, and from what."""

    outcome: Outcome
    score: int
    reasons: tuple[Reason, ...]


# Points that headers give together, whatever is missing in them: who sends none, or uses a program to write to an
# agency, is not held for that alone.
MOST_OF_HEADERS = 30

CLUES: tuple[Clue, ...] = (
    *sender.CLUES, *browser.CLUES, *rates.CLUES, *linking.CLUES, *writing.CLUES, *subject.CLUES,
)  # fmt: skip
# What each reason says to ops.
EXPLAINED: dict[str, str] = {clue.code: clue.says for clue in CLUES}


def screen(signals: Signals, thresholds: Thresholds) -> Verdict:
    """Weigh one enquiry by every clue. The score never falls below 0, whatever speaks in its favour."""
    seen = reading.read(signals)
    weighed = [Reason(clue.code, clue.points(seen)) for clue in CLUES if clue not in browser.CLUES]
    reasons = tuple(reason for reason in (*weighed, *_of_headers(seen)) if reason.points)
    score = max(0, sum(reason.points for reason in reasons))
    return Verdict(_outcome(score, thresholds), score, reasons)


def explained(code: str) -> str:
    """A reason in words; the code itself where its clue is no longer known."""
    return EXPLAINED.get(code, code)


def _of_headers(seen: Reading) -> Iterator[Reason]:
    left = MOST_OF_HEADERS
    for clue in browser.CLUES:
        points = min(clue.points(seen), left)
        left -= points
        yield Reason(clue.code, points)


def _outcome(score: int, thresholds: Thresholds) -> Outcome:
    if score >= thresholds.spam:
        return "spam"
    return "held" if score >= thresholds.held else "forward"

"""Topics: what spam speaks of and what people ask of a home, found by the beginnings of words in `topics.toml`.

The table is of the trade, not of single letters: what such offers call their wares, in the six languages of the site
and in Russian. Each beginning counts once, however often it stands there, so that no length of text alone decides.
"""

import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.enquiries.folding import folded

# Certain: nobody says so who asks about a home. Heavy: hardly anybody. Middle: some may. Light: they do; only several
# together say anything.
POINTS = {"certain": 55, "heavy": 30, "middle": 16, "light": 8}
USUAL_MOST = 75
HOME, AROUND = "asks_about_home", "around_home"


@dataclass(frozen=True)
class Topic:
    """What a message may be about: its code, its sentence to ops, the most points it can give."""

    code: str
    says: str
    most: int


@dataclass(frozen=True)
class Beginning:
    """How a word, or several, begin that speak of a topic. A space at the end stands for the end of a word."""

    text: str
    topic: str
    points: int


def beginnings() -> Iterator[Beginning]:
    """All of the table, folded as the texts are."""
    for code, entry in _TABLE.items():
        for weight, points in POINTS.items():
            for each in filter(str.strip, entry.get(weight, "").split(",")):
                text = folded(each)[1:] if each.endswith("_") else folded(each).strip()
                yield Beginning(text, code, points)


def weighed(text: str) -> dict[str, int]:
    """Points of each topic found in a folded text (` word word `), up to the topic's most."""
    found: set[Beginning] = set()
    start = 1
    for word in text.split():
        found.update(each for each in _BY_LETTERS.get(text[start : start + 3], ()) if text.startswith(each.text, start))
        start += len(word) + 1
    totals: Counter[str] = Counter()
    for each in found:
        totals[each.topic] += each.points
    return {code: min(points, TOPICS[code].most) for code, points in totals.items()}


def _by_letters() -> dict[str, list[Beginning]]:
    grouped: defaultdict[str, list[Beginning]] = defaultdict(list)
    for each in beginnings():
        grouped[each.text[:3]].append(each)
    return dict(grouped)


_TABLE: dict[str, Any] = tomllib.loads(Path(__file__).with_name("topics.toml").read_text(encoding="utf-8"))
TOPICS = {code: Topic(code, entry["says"], entry.get("most", USUAL_MOST)) for code, entry in _TABLE.items()}
_BY_LETTERS = _by_letters()

"""What changed from one text to the next, paragraph by paragraph and word by word, for people to read.

Paragraphs that did not change are counted, not shown, but for the heading under which the next change stands. Nothing
here knows policies; the words of both texts are all there, in their order.
"""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

HEADING = re.compile(r"\d+\. \S")
WORD = re.compile(r"(?:\w+|[^\w\s])\s*")  # or a sign, with the spaces behind it
KIN = 0.5  # paragraphs that share less than this of their words are two different ones

Kind = Literal["same", "gone", "new"]


class Part(NamedTuple):
    """A run of words of a paragraph: in both texts, or in one alone."""

    kind: Kind
    text: str


class Passage(NamedTuple):
    """A paragraph that `changed`, the `heading` it stands under, or how many `paragraphs` stayed as they were."""

    kind: Literal["changed", "heading", "unchanged"]
    parts: tuple[Part, ...] = ()
    paragraphs: int = 0


def difference(old: str, new: str) -> list[Passage]:
    """What leads from one text to the other; an empty list where they say the same."""
    before, after = _paragraphs(old), _paragraphs(new)
    steps = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    made: list[Passage] = []
    for number, (kind, old_from, old_to, new_from, new_to) in enumerate(steps, 1):
        if kind == "equal":
            made += _unchanged(after[new_from:new_to], last=number == len(steps))
        else:
            made += _changed(before[old_from:old_to], after[new_from:new_to])
    return made if any(passage.kind == "changed" for passage in made) else []


def _paragraphs(text: str) -> list[str]:
    folded = (re.sub(r"\s+", " ", line).strip() for line in text.splitlines())
    return [line for line in folded if line]


def _unchanged(paragraphs: list[str], last: bool) -> Iterator[Passage]:
    headings = [] if last else [line for line in paragraphs if HEADING.match(line)][-1:]
    if others := len(paragraphs) - len(headings):
        yield Passage("unchanged", paragraphs=others)
    for line in headings:
        yield Passage("heading", (Part("same", line),))


def _changed(before: list[str], after: list[str]) -> Iterator[Passage]:
    """Each new paragraph beside the first old one that it has grown out of; the others stand alone."""
    for line in after:
        kin = next((at for at, other in enumerate(before) if _alike(other, line).ratio() >= KIN), None)
        if kin is None:
            yield Passage("changed", (Part("new", line),))
            continue
        yield from (Passage("changed", (Part("gone", other),)) for other in before[:kin])
        yield Passage("changed", _parts(before[kin], line))
        del before[: kin + 1]
    yield from (Passage("changed", (Part("gone", other),)) for other in before)


def _alike(one: str, other: str) -> SequenceMatcher[str]:
    # Without the spaces behind them: the last word of a paragraph is the same word as within it.
    old, new = ([str(word).rstrip() for word in WORD.findall(line)] for line in (one, other))
    return SequenceMatcher(None, old, new, autojunk=False)


def _parts(before: str, after: str) -> tuple[Part, ...]:
    old, new = WORD.findall(before), WORD.findall(after)
    made: list[Part] = []
    for kind, old_from, old_to, new_from, new_to in _alike(before, after).get_opcodes():
        gone, come = "".join(old[old_from:old_to]), "".join(new[new_from:new_to])
        if kind == "equal":
            made.append(Part("same", come))
        else:
            made += [Part("gone", gone)] if gone else []
            made += [Part("new", come)] if come else []
    return tuple(made)

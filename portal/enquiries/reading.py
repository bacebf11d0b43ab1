"""Reading: an enquiry taken apart once, so that every clue of the screening looks at the same plain text and links.

Pure and bounded: no pattern here can run for longer than the text is long. It judges nothing.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from portal.enquiries.clues import languages, topics
from portal.enquiries.folding import INVISIBLE, folded
from portal.enquiries.signals import Signals

_OF_HOMES = (topics.HOME, topics.AROUND)
LONGEST = 4000  # characters of a text that are looked at; the form takes fewer
# A web address with a scheme or www; a bare name with a path; a bare name under an ending that is no word of ours: in
# “bonita.es posible” only a space is missing.
_LINK = re.compile(
    r"(?:h(?:tt|xx)ps?:/{1,2}|www\.)([^\s/?#<>\[\]()\"'|,;:]{1,253})([^\s<>\[\]()\"']{0,500})"
    r"|(?<![\w@.\-])((?:[\w\-]{1,63}\.){1,4}[a-z]{2,24})(/[^\s<>\[\]()\"']{1,500})"
    r"|(?<![\w@.\-])((?:[\w\-]{1,63}\.){1,4}(?:com|net|org|info|biz|shop|xyz|ru|io|eu|example))(?![\w@\-]|\.\w)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Link:
    """A web address in the words: its host in lower case without `www.`, and what follows it."""

    host: str
    rest: str


@dataclass(frozen=True)
class Reading:
    """An enquiry as the clues see it. `plain` is folded: ` word word `; `language` is that of the words."""

    signals: Signals
    words: str
    plain: str
    links: tuple[Link, ...]
    topics: dict[str, int]
    headers: dict[str, str]
    tokens: list[str]
    language: str | None

    @property
    def domain(self) -> str:
        """What stands behind the @ of the sender, in lower case."""
        return self.signals.email.rpartition("@")[2].lower()


@dataclass(frozen=True)
class Clue:
    """One thing to look at: its code, what it says to ops, and how many points it gives (0: nothing to say)."""

    code: str
    says: str
    points: Callable[[Reading], int]


def read(signals: Signals) -> Reading:
    """Take an enquiry apart. Of a header that came twice the first is read."""
    words = signals.words[:LONGEST]
    plain, prose = folded(words), folded(_LINK.sub(" ", words))
    sender = folded(" ".join(text[:LONGEST] for text in (signals.name, signals.company, signals.email)))
    return Reading(
        signals=signals,
        words=words,
        plain=plain,
        links=links(words),
        # A name or a link that speaks of a home asks nothing about one.
        topics=topics.weighed(plain.rstrip() + sender)
        | {code: topics.weighed(prose).get(code, 0) for code in _OF_HOMES},
        headers=dict(reversed(signals.headers)),
        tokens=plain.split(),
        language=languages.spoken(plain.split()),
    )


def links(text: str) -> tuple[Link, ...]:
    """The web addresses in a text, each host and rest once, in their order."""
    shown = unicodedata.normalize("NFKC", INVISIBLE.sub("", text))
    found = (
        Link((match[1] or match[3] or match[5]).lower().removeprefix("www.").rstrip("."), match[2] or match[4] or "")
        for match in _LINK.finditer(shown)
    )
    return tuple(dict.fromkeys(found))

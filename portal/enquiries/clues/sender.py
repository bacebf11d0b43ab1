"""Sender: the name, the address and the field that people do not see."""

import re
from functools import lru_cache
from pathlib import Path

from portal.enquiries.folding import folded
from portal.enquiries.reading import Clue, Reading, links

FILE = Path(__file__).parent.parent / "disposable_domains.txt"
LONG = 60  # more letters than a name, a street or a company that a browser fills in
_MARKUP = re.compile(r"<\s*[a-z/!]|\[/?(?:url|link|img|b)\b|https?:|www\.", re.IGNORECASE)
_HEADER = re.compile(
    r"%0[ad]|(?:^|\s)(?:b?cc|to|from|subject|reply-to|content-type|mime-version|x-[a-z][a-z\-]{1,30}) ?:", re.IGNORECASE
)
_HEADER_LINE = re.compile(
    r"(?:^|%0a)(?:b?cc|to|subject|content-type|mime-version|content-transfer-encoding) ?:", re.IGNORECASE | re.MULTILINE
)
# Endings that the Internet's root does not hold and, by RFC 6762 and ICANN's resolutions, never will.
_NOWHERE = frozenset(
    {"arpa", "corp", "home", "internal", "intranet", "lan", "localdomain", "mail", "private", "workgroup"}
)
_ENDING = re.compile(r"[a-z]{2,24}|xn--[a-z0-9-]{2,59}")
_ROBOT_NAME = re.compile(r"[A-Z][a-z]{2,12}[A-Z][A-Za-z]{1,6}")
_PREFIXED = re.compile(r"(?:Mac|Mc|Mrs?|Ms|Dr|De|Van|Von|Le|La|Di|Du|O)[A-Z]")


def is_robot(reading: Reading) -> bool:
    """Whether the name is a robot's, or the hidden field holds what neither browser nor sender would put there."""
    return _robot_name(reading) > 0 or _trap(reading) > 5


def _trap(reading: Reading) -> int:
    text, signals = reading.signals.trap.strip()[:4000], reading.signals
    if not text:
        return 0
    if _MARKUP.search(text) or links(text):
        own = any(link.host == reading.domain for link in links(text)) and "<" not in text
        # No browser fills in a web address by itself; an address book may, with its owner's.
        return 50 if own else 85
    if signals.words and folded(text) == folded(signals.words):
        return 55
    own_fields = {folded(each) for each in (signals.name, signals.email, signals.phone, signals.company)}
    if folded(text) in own_fields:
        return 5
    return 40 if len(text) > LONG else 10


def _disposable(reading: Reading) -> int:
    labels = reading.domain.split(".")
    return 30 if any(".".join(labels[start:]) in _disposable_domains() for start in range(min(len(labels), 6))) else 0


def _undeliverable(reading: Reading) -> int:
    labels = reading.domain.split(".")
    sound = len(labels) > 1 and all(0 < len(label) <= 63 for label in labels) and "_" not in reading.domain
    return 0 if sound and _ENDING.fullmatch(labels[-1]) and labels[-1] not in _NOWHERE else 40


def _header_in_field(reading: Reading) -> int:
    signals = reading.signals
    fields = (signals.name, signals.company, signals.phone)
    if any(_HEADER.search(each[:500]) for each in fields):
        return 60
    return 40 if _HEADER_LINE.search(reading.words) else 0


def _link_in_name(reading: Reading) -> int:
    fields = (reading.signals.name[:500], reading.signals.company[:500])
    return 50 if any(_MARKUP.search(each) or links(each) for each in fields) else 0


def _robot_name(reading: Reading) -> int:
    name = reading.signals.name[:120]
    return 16 if _ROBOT_NAME.fullmatch(name) and not _PREFIXED.match(name) else 0


@lru_cache(maxsize=1)
def _disposable_domains() -> frozenset[str]:
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in map(str.strip, lines) if line and not line.startswith("#"))


CLUES = (
    Clue("trap_filled", "Something stands in the field people do not see; browsers may have filled it in.", _trap),
    Clue("disposable_domain", "The address is of a service for addresses to throw away.", _disposable),
    Clue("undeliverable_domain", "No mail can reach a domain of this form.", _undeliverable),
    Clue("header_in_field", "A field holds lines of a mail's head, to misuse whatever mails it.", _header_in_field),
    Clue("link_in_name", "A link or markup stands where a name should.", _link_in_name),
    Clue("robot_name", "The name is made like those of a well-known robot.", _robot_name),
)

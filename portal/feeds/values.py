"""Values: one value of a feed, as somebody wrote it, made into one of ours; None where it cannot be read.

Owns no data. Nothing here raises on strange input: a value nobody can read is the adapter's to report, never a reason
to lose the property.
"""

import html
import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from urllib.parse import quote, urlsplit, urlunsplit

import nh3

from portal.feeds import words
from portal.language.formats import ZONE

MOST_TEXT = 20_000
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_PARAGRAPH_TAGS = re.compile(r"<\s*/?\s*(p|div|ul|ol|table|h[1-6]|blockquote|section|article)\b[^>]*>", re.IGNORECASE)
_LINE_TAGS = re.compile(r"<\s*(br|/?li|/?tr)\b[^>]*>", re.IGNORECASE)
_MARKUP = re.compile(r"<\s*[/!?]?\s*[a-zA-Z]|&#?\w{1,31};")
_CONTACT = re.compile(
    r"(?<![\d.,€])(\+|00)?\d(?:[ .()/-]?\d){8,14}(?![\d€])|[\w.+-]+@[\w-]+\.\w|whats\s?app|https?://|www\.\w",
    re.IGNORECASE,
)

_DAY = r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"
_DAY_FIRST = r"(?P<day>\d{1,2})[-/.](?P<month>\d{1,2})[-/.](?P<year>\d{4})"
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?"
_OFFSET = r"\s*(?P<offset>[Zz]|[+-]\d{2}:?\d{2})?"
_DATES = tuple(re.compile(rf"{day}(?:[T\s]+{_CLOCK}{_OFFSET})?") for day in (_DAY, _DAY_FIRST))


def repaired(text: str) -> str:
    """The text with doubly encoded UTF-8 undone (`GrundstÃ¼ck` → `Grundstück`), where the strict way back exists."""
    if text.isascii():
        return text
    try:
        return text.encode("cp1252", "portal-latin1").decode("utf-8")
    except UnicodeError:
        return text


def line(text: str, most: int) -> str:
    """A text on one line of at most `most` characters, without control and direction marks, NFC."""
    return " ".join(_CONTROLS.sub("", _BREAKS.sub(" ", unicodedata.normalize("NFC", text))).split())[:most].rstrip()


def paragraphs(text: str) -> str:
    """A description as plain text: markup taken out, paragraphs parted by one empty line, at most 20,000 characters.

    Block tags and the `~~` of Spanish systems part paragraphs. Feeds escape once or twice, so markup is taken out
    until none is left.
    """
    text = _BREAKS.sub("\n", text)
    for _ in range(3):
        if not _MARKUP.search(text):
            break
        text = _LINE_TAGS.sub("\n", _PARAGRAPH_TAGS.sub("\n\n", text))
        text = _BREAKS.sub("\n", html.unescape(nh3.clean(text, tags=set())))
    text = _CONTROLS.sub("", unicodedata.normalize("NFC", text.replace("~~", "\n\n")))
    lines = "\n".join(" ".join(each.split()) for each in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip()[:MOST_TEXT].rstrip()


def holds_contact(text: str) -> bool:
    """Whether a public text seems to carry a phone number, an e-mail or web address: agencies are told, no more."""
    return bool(_CONTACT.search(text))


def money(text: str) -> int | None:
    """Minor units of an amount such as `249500`, `249.500 €`, `1,250.50`; None where it is no amount or absurd."""
    plain = re.sub(r"[\s€$£'’]|EUR|GBP|USD", "", text)
    found = re.fullmatch(r"(\d{1,3}(?:[.,]\d{3})+|\d{1,12})(?:[.,](\d{1,2}))?", plain, flags=re.ASCII)
    if found is None:
        return None
    minor = int(re.sub(r"[.,]", "", found[1])) * 100 + int((found[2] or "").ljust(2, "0"))
    return minor if minor < 10**12 else None


def fee(text: str) -> tuple[int, int | None] | None:
    """A running cost such as `120`, `120 €/mes`, `1.440 € al año`: minor units, and the months they are for.

    None for the months where the text does not say; None for all of it where it is no amount, or one for what nobody
    knows.
    """
    found = re.fullmatch(r"([\d.,\s€]*)(.*)", text.strip())
    amount = money(found[1].rstrip(".,")) if found else None
    if found is None or amount is None:
        return None
    if not found[2]:
        return amount, None
    months = words.months_of(found[2])
    return None if months is None else (amount, months)


def whole(text: str, most: int) -> int | None:
    """A count such as `3` or `3.0`, at most `most`; None where it is none."""
    found = _decimal(text)
    return int(found) if found is not None and found == int(found) and found <= most else None


def area(text: str) -> Decimal | None:
    """Square metres such as `64`, `64,5`, `64 m²`; None for what people wrote instead, and for the unclear `1.250`."""
    found = _decimal(re.sub(r"\s*(m2|m²|sqm|mts?2?)\.?$", "", text.strip(), flags=re.IGNORECASE))
    return found if found is not None and found < 10**8 else None


def measure(text: str) -> Decimal | None:
    """A measured figure such as `15.765`, to two decimals, below a million; None where it is none."""
    found = _decimal(text, decimals=6)
    return found.quantize(Decimal("0.01")) if found is not None and found < 10**6 - 1 else None


def degrees(text: str) -> float | None:
    """A coordinate in decimal degrees, point or comma; None where it is none."""
    found = re.fullmatch(r"[+-]?\d{1,3}([.,]\d{1,17})?", text.strip())
    return float(found[0].replace(",", ".")) if found else None


def moment(text: str) -> datetime | None:
    """A time in UTC from the forms met in feeds; local times are Madrid's. None where it is no time after 1990.

    Read are `2023-04-04 11:45:01`, ISO 8601 with T, Z or offset, a date alone, `04/04/2023 11:45`, 12-hour clocks, and
    the hour 24 that Kyero's schema allows.
    """
    found = next((match for match in (form.fullmatch(text.strip()) for form in _DATES) if match), None)
    if found is None:
        return None
    try:
        day = datetime(int(found["year"]), int(found["month"]), int(found["day"]), tzinfo=_offset(found["offset"]))
        clock = _clock(found["hour"], found["minute"], found["second"], found["half"])
        if not 1990 <= day.year <= 2200 or clock is None:
            return None
        return (day + clock).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def web_address(text: str, most: int = 2000) -> str | None:
    """An http(s) address, percent-encoded; None for anything else, with credentials in it, or longer than `most`."""
    try:
        parts = urlsplit(text.strip())
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = f":{parts.port}" if parts.port else ""
    except (ValueError, UnicodeError):
        return None
    if parts.scheme not in {"http", "https"} or not re.fullmatch(r"[a-z0-9._-]+", host) or "@" in parts.netloc:
        return None
    address = urlunsplit((parts.scheme, host + port, _quoted(parts.path), _quoted(parts.query), ""))
    return address if len(address) <= most else None


def _decimal(text: str, decimals: int = 2) -> Decimal | None:
    found = re.fullmatch(rf"\d{{1,12}}([.,]\d{{1,{decimals}}})?", text.strip(), flags=re.ASCII)
    return Decimal(found[0].replace(",", ".")) if found else None


def _clock(hour: str | None, minute: str | None, second: str | None, half: str | None) -> timedelta | None:
    hours, minutes, seconds = int(hour or 0), int(minute or 0), int(second or 0)
    if half and hours <= 12:  # `13:05 PM` says the same thing twice
        hours = hours % 12 + (12 if half[0] in "pP" else 0)
    fits = hours < 24 or (hours, minutes, seconds) == (24, 0, 0)
    return timedelta(hours=hours, minutes=minutes, seconds=seconds) if fits and minutes < 60 and seconds < 60 else None


def _offset(text: str | None) -> tzinfo:
    if text is None:
        return ZONE
    if text in "Zz":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))


def _quoted(text: str) -> str:
    # What is percent-encoded already stays; a lone % is one.
    text = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", text)
    return quote(text, safe="%/:@!$&'()*+,;=~-._?[]")

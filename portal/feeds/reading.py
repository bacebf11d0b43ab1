"""Reading: an agency's XML as a stream of elements, whatever state its bytes are in.

Owns the way from bytes to elements: marks, wrong encodings, characters that XML forbids, limits. It must never guess
past a fault in the markup: a parser that recovers turns a cut-off feed into a valid one with fewer properties. A
DOCTYPE is refused, because no feed needs one and entities would cut texts without a word.
"""

import codecs
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from lxml import etree

from portal.feeds.listings import FeedUnreadable

MOST_BYTES = 1 << 30
MOST_BYTES_PER_ELEMENT = 16 << 20
BLOCK = 1 << 16

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"),
)  # fmt: skip
_ENCODING = re.compile(rb"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)""")
_DECLARATION = re.compile(r"\A\s*<\?xml\s[^>]*\?>")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class WrongEncoding(Exception):
    """The bytes are not in the encoding they declare."""


def _as_latin1(fault: UnicodeError) -> tuple[str | bytes, int]:
    # The five bytes that Windows-1252 leaves undefined stand for themselves, as in every browser (WHATWG Encoding).
    if isinstance(fault, UnicodeDecodeError):
        return fault.object[fault.start : fault.end].decode("latin-1"), fault.end
    if isinstance(fault, UnicodeEncodeError) and all(ord(c) < 256 for c in fault.object[fault.start : fault.end]):
        return fault.object[fault.start : fault.end].encode("latin-1"), fault.end
    raise fault


codecs.register_error("portal-latin1", _as_latin1)


class XMLFeed:
    """One body, read once from its start. `file` must be seekable; `encoding` overrides what the body declares."""

    def __init__(self, file: BinaryIO, encoding: str | None = None) -> None:
        file.seek(0)
        self._file = file
        self.encoding = encoding or declared_encoding(file.read(BLOCK))
        self.forbidden = 0  # characters taken out because XML forbids them
        file.seek(0)

    def elements(self, *names: str) -> Iterator[etree._Element]:
        """Every outermost element of one of these local names, each forgotten once the next is asked for.

        Raises `FeedUnreadable` with line and column at the first fault, `WrongEncoding` at the first undecodable byte;
        elements handed out before are then worth nothing.
        """
        parser = etree.XMLPullParser(
            events=("start", "end"), tag=[f"{{*}}{name}" for name in names], encoding="utf-8", remove_comments=True,
            remove_pis=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        )  # fmt: skip
        try:
            yield from self._outermost(parser)
            _refuse_doctype(parser.close())
        except etree.XMLSyntaxError as fault:
            raise FeedUnreadable(_told(parser, fault)) from None

    def _outermost(self, parser: "etree.XMLPullParser") -> Iterator[etree._Element]:
        inside = unfinished = 0
        for text in self._texts():
            data = text.encode()
            parser.feed(data)
            unfinished += len(data)
            events: Iterator[Any] = parser.read_events()
            for event, element in events:
                inside += 1 if event == "start" else -1
                if event == "start" and inside == 1:
                    _refuse_doctype(element)
                elif event == "end" and inside == 0:
                    yield element
                    _forget(element)
                    unfinished = 0
            if unfinished > MOST_BYTES_PER_ELEMENT:
                raise FeedUnreadable(f"more than {MOST_BYTES_PER_ELEMENT >> 20} MB without the end of a property")

    def _texts(self) -> Iterator[str]:
        errors = "portal-latin1" if self.encoding == "cp1252" else "strict"
        decoder = codecs.getincrementaldecoder(self.encoding)(errors)
        size = 0
        try:
            while block := self._file.read(BLOCK):
                text = decoder.decode(block)
                yield self._allowed(text if size else _without_declaration(text))
                size += len(block)
                if size > MOST_BYTES:
                    raise FeedUnreadable(f"the body is larger than {MOST_BYTES >> 20} MB")
            decoder.decode(b"", True)
        except UnicodeDecodeError as fault:
            raise WrongEncoding(f"byte {size + fault.start} is not {self.encoding}") from None

    def _allowed(self, text: str) -> str:
        text, taken = _FORBIDDEN.subn("", text)
        self.forbidden += taken
        return text


def declared_encoding(head: bytes) -> str:
    """The encoding to try first: byte-order mark, then declaration, then UTF-8 (XML 1.0 appendix F).

    ISO-8859-1 means Windows-1252, as it does in every browser. A declaration that could be read as single bytes cannot
    be UTF-16, whatever it says. Names outside the encodings of real feeds are read as UTF-8.
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    found = _ENCODING.match(head)
    try:
        name = codecs.lookup(found[1].decode()).name if found else "utf-8"
    except LookupError:
        return "utf-8"
    if name == "iso8859-1":
        return "cp1252"
    return name if name.startswith(("cp125", "iso8859-", "koi8-")) else "utf-8"


def local_name(element: etree._Element) -> str:
    """The tag of an element without its namespace."""
    return str(etree.QName(element).localname)


def text_of(element: etree._Element, between: str = "") -> str:
    """All text inside an element, at any depth."""
    return between.join(str(part) for part in element.itertext())


def _without_declaration(text: str) -> str:
    # The text is decoded already: what it declares no longer counts. Blanks keep lines and columns in messages right.
    text = text.removeprefix("\ufeff")
    return _DECLARATION.sub(lambda declaration: re.sub(r"[^\n]", " ", declaration[0]), text, count=1)


def _refuse_doctype(element: etree._Element) -> None:
    if element.getroottree().docinfo.internalDTD is not None:
        raise FeedUnreadable("the body has a DOCTYPE, which no feed needs")


def _forget(element: etree._Element) -> None:
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _told(parser: "etree.XMLPullParser", fault: etree.XMLSyntaxError) -> str:
    # An undefined entity surfaces as “no element found (line 0)”; the parser's own log knows better.
    logged = next((entry for entry in parser.feed_error_log if entry.level >= etree.ErrorLevels.ERROR), None)
    line, column = (logged.line, logged.column) if logged else fault.position
    message = logged.message if logged else re.sub(r", line \d+, column \d+$", "", fault.msg or "")
    return f"not well-formed XML at line {line}, column {column}: {message[:200]}"

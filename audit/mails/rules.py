"""What must hold for every mail: what its source must have, and how it must measure in a browser."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import lxml.html

from portal.language.messages import translations
from tests.letters import ORIGIN, Sample
from tests.smtp import text

HEAVIEST = 100_000  # bytes of a picture: a mail is opened on the road
LARGEST = 40_000  # bytes of HTML; from about 102 kB on Gmail hides the rest
SMALLEST = 13  # px of text
CONTRAST = 4.5  # WCAG 2.2, 1.4.3, for text of any size
BUTTON = 44  # px high: what a thumb hits
PHONE = 390
LED_TO = {"wa.me"}  # whither a link may lead besides our own pages
SCHEMES = {"https", "mailto", "tel"}
SUCH_AS = ", such as: "  # then comes what differs from language to language
LOADING = ("src", "srcset", "background", "poster", "data")


def of_source(mail: Sample) -> Iterator[str]:
    """What is wrong with a mail's HTML as it stands."""
    source = text(mail.message, "html")
    tree = lxml.html.document_fromstring(source)
    size = len(source.encode())
    if size > LARGEST:
        yield f"{size} bytes of HTML"
    if tree.get("lang") != mail.lang:
        yield f"lang is {tree.get('lang')!r}"
    for image in tree.iter("img"):
        lacking = [name for name in ("width", "height", "alt") if image.get(name) is None]
        if lacking:
            yield f"a picture without {', '.join(lacking)}"
        yield from _served(mail, str(image.get("src")))
    yield from _addresses(source, tree)


def of_picture(mail: Sample, measured: Mapping[str, Any], width: int, scheme: str) -> Iterator[str]:
    """What is wrong with a mail as it measures `width` px wide; `measured` is what looks.js says."""
    if measured["width"] > width:
        yield f"is {measured['width']} px wide in a window of {width}"
    for said in measured["texts"]:
        if said["size"] < SMALLEST:
            yield f"text of {said['size']:g} px{SUCH_AS}{_short(said['text'])}"
        if said["contrast"] < CONTRAST:
            yield f"contrast {said['contrast']:.2f} in {scheme}{SUCH_AS}{_short(said['text'])}"
    for link in measured["links"]:
        if link["isButton"] and link["height"] < BUTTON:
            yield f"a button {link['height']:g} px high{SUCH_AS}{_short(link['text'])}"
    if mail.kind == "lead" and width == PHONE:
        yield from (f"not in the first screen: {part}" for part in _below(mail, measured))


def _served(mail: Sample, address: str) -> Iterator[str]:
    """What is wrong with a picture as the site gives it."""
    kind, picture = mail.pictures.get(address, ("", b""))
    if not kind.startswith("image/"):
        yield f"a picture the site does not give{SUCH_AS}{address}"
    elif len(picture) > HEAVIEST:
        yield f"a picture of {len(picture)} bytes"


def _addresses(source: str, tree: Any) -> Iterator[str]:
    """What a mail loads from elsewhere, and the strange places it leads to."""
    loaded = [element.get(name) for element in tree.iter() for name in LOADING if element.get(name)]
    loaded += re.findall(r"url\(\s*['\"]?([^'\")]+)", source)
    loaded += re.findall(r"@import\s+['\"]([^'\"]+)", source) + tree.xpath("//link/@href")
    for address in loaded:
        if not str(address).startswith(f"{ORIGIN}/"):
            yield f"loads {address}"
    for address in tree.xpath("//a/@href"):
        parts = urlsplit(str(address))
        if parts.scheme not in SCHEMES or (parts.netloc and parts.netloc not in LED_TO | {urlsplit(ORIGIN).netloc}):
            yield f"leads to {parts.scheme}://{parts.netloc}"


def _below(mail: Sample, measured: Mapping[str, Any]) -> Iterator[str]:
    """What of who, how to reach them and what they want stands further down; all of it by the mail's own text part."""
    _ = translations(mail.lang).gettext
    plain = text(mail.message)
    facts = dict(re.findall(r"^([^:\n]+): (.+)$", plain, re.MULTILINE))
    seen = " ".join(measured["first"])
    reach = " ".join(measured["reach"])
    if facts[_("Name")] not in seen:
        yield "the name"
    if facts[_("E-mail")] not in f"{seen} {reach}":
        yield "the e-mail address"
    number = re.sub(r"\D", "", facts.get(_("Phone"), ""))
    if number and number not in re.sub(r"\D", "", f"{seen} {reach}"):
        yield "the phone number"
    if facts[_("Wish")] not in seen and plain.partition("\n")[0] not in seen:
        yield "the wish"


def _short(words: str) -> str:
    return words if len(words) <= 40 else f"{words[:39]}…"

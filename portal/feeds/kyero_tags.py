"""The tags of one Kyero property: finding them, mending their text, and noting what could not be used.

Owns which tags are known, which are private and what becomes of the rest. Private tags are never kept, not even among
the unread ones; the warnings of a property never quote its texts.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from lxml import etree

from portal.feeds import values, words
from portal.feeds.listings import Finding
from portal.feeds.reading import local_name, text_of

MOST_WARNINGS = 40
MOST_EXTRA, MOST_EXTRA_TEXT, MOST_EXTRA_ENTRIES = 8_000, 500, 60

_READ = {
    "id", "date", "ref", "price", "currency", "price_freq", "part_ownership", "leasehold", "new_build", "type", "town",
    "province", "country", "location_detail", "beds", "baths", "pool", "url", "video_url", "virtual_tour_url",
    "catastral", "cadastralRef", "title", "desc", "features", "images", "postcode", "postal_code", "cp",
    "community_fees", "real_estate_tax", "rubbish",
}  # fmt: skip
_READ_INSIDE = {
    "location": {"latitude", "longitude"},
    "surface_area": {"built", "plot", "terrace"},
    "energy_rating": {"consumption", "emissions", "consumption_value", "emissions_value"},
}
_READ_AND_KEPT = {"status", "state", "antiguedad"}  # read where they say what we ask; else they mean other things
_DROPPED = {"prime"}  # Kyero's paid slot means nothing here
_PRIVATE = re.compile(
    r"note|mail|phone|telef|^tel|tlf|movil|mobile|whats|fax|contact|agen[ct]|owner|propietari|commission|comision|"
    r"address|direccion|^key|llave|private|privad|seller|vendedor|client|dni|nif",
    re.IGNORECASE,
)

Value = TypeVar("Value")


class Rejected(Exception):
    """The property cannot be taken: which field, with which value, and why."""

    def __init__(self, field: str, value: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.value, self.reason = field, value, reason


class Tags:
    """The children of one `property` element, the first of each name."""

    def __init__(self, element: etree._Element) -> None:
        self._children: dict[str, etree._Element] = {}
        for child in element:
            self._children.setdefault(local_name(child), child)
        self.warnings: list[Finding] = []
        self.unknown: list[str] = []
        self.source_id = self.reference = ""
        self.source_id = values.line(self.text("id") or element.get("id", ""), 2000)
        self.reference = values.line(self.text("ref"), 255)

    def text(self, *path: str) -> str:
        """The mended text at this path, stripped; empty where there is none."""
        element = self._at(*path)
        return "" if element is None else self._mended("/".join(path), text_of(element)).strip()

    def first_text(self, name: str) -> str:
        """The text of a tag that some feeds write once and others once a language: English, else the first."""
        languages = {local_name(child): child for child in self._at_children(name)}
        if not languages:
            return self.text(name)
        return self.text(name, "en" if "en" in languages else next(iter(languages)))

    def required(self, name: str, most: int) -> str:
        """A text no property can be without. Raises `Rejected` where it is missing, or an id is too long to keep."""
        whole = self.source_id if name == "id" else values.line(self.text(name), 2000)
        if not whole:
            raise Rejected(name, "", "missing")
        if len(whole) > most and name == "id":
            raise Rejected(name, whole, f"longer than {most} characters")
        if len(whole) > most:
            self.warn(name, whole, f"longer than {most} characters: cut")
        return whole[:most].rstrip()

    def read(self, name: str, reader: Callable[[str], Value | None], reason: str, inside: str = "") -> Value | None:
        """A value read by `reader`; None, with a warning that gives the reason, where the text says something else."""
        path = (name, inside) if inside else (name,)
        text = self.text(*path)
        value = reader(text) if text else None
        if text and value is None:
            self.warn("/".join(path), text, reason)
        return value

    def flag(self, name: str) -> bool | None:
        """A yes or no; None where nothing is said."""
        return words.flag_of(self.text(name))

    def by_language(self, name: str) -> dict[str, str]:
        """The texts of a tag by language (BCP 47). A text without a language is read as Spanish, with a warning."""
        found: dict[str, str] = {}
        children = list(self._at_children(name))
        if not children and self.text(name):
            self.warn(name, "", "text without a language: read as Spanish")
            return {"es": self.text(name)}
        for child in children:
            locale = _locale(local_name(child))
            if locale is None:
                self.warn(name, local_name(child), "not a language")
            elif locale not in found:
                found[locale] = self._mended(name, _inner(child))
        return found

    def features(self) -> Iterator[str]:
        """The features, each in English where the feed writes them in several languages."""
        for feature in self._at_children("features"):
            languages = {local_name(child): child for child in feature}
            chosen = languages.get("en", next(iter(languages.values()), feature))
            yield self._mended("features", text_of(chosen))

    def images(self) -> Iterator[tuple[str, str]]:
        """Address and kind of each picture, in document order: an `id` is no order, some are database keys."""
        for image in self._at_children("images"):
            inner = {local_name(child): child for child in image}
            address = text_of(inner.get("url", image)).strip() or image.get("url", "").strip()
            tags = text_of(inner["tags"]).lower() if "tags" in inner else ""
            if address:
                yield address, "floorplan" if "floorplan" in tags else "photo"

    def extra(self) -> Mapping[str, str]:
        """What no other part reads, within a size; counted in `unknown`. The addresses of detail pages stand here."""
        kept: dict[str, str] = {}
        room = MOST_EXTRA
        for name, text in [*self._details(), *self._unread()]:
            text = values.line(text, MOST_EXTRA_TEXT)
            room -= len(name) + len(text)
            if text and "@" not in text and room > 0 and len(kept) < MOST_EXTRA_ENTRIES:
                kept[name] = text
        return kept

    def is_skeleton(self) -> bool:
        """Whether everything but id, reference and date is blank."""
        named = ("id", "ref", "date")
        return not any(text_of(child).strip() for name, child in self._children.items() if name not in named)

    def warn(self, field: str, value: str, reason: str) -> None:
        """Note something about this property once."""
        warning = self.finding("warning", field, value, reason)
        known = any((each.field, each.reason) == (warning.field, warning.reason) for each in self.warnings)
        if not known and len(self.warnings) < MOST_WARNINGS:
            self.warnings.append(warning)

    def finding(self, severity: str, field: str, value: str, reason: str) -> Finding:
        """A finding about this property, cut to what is kept, without the credentials of an address."""
        shown = values.line(re.sub(r"//[^/@]*@", "//…@", value), 200)
        return Finding(severity, self.source_id[:50], self.reference, field[:60], shown, reason)

    def _details(self) -> Iterator[tuple[str, str]]:
        languages = {f"url/{local_name(child)}"[:60]: child for child in self._at_children("url")}
        texts = {name: text_of(child).strip() for name, child in languages.items()}
        for name, text in (texts or {"url": self.text("url")}).items():
            address = values.web_address(text, MOST_EXTRA_TEXT)
            if address:
                yield name, address
            elif text:
                self.warn("url", text, "not an http(s) address")

    def _unread(self) -> Iterator[tuple[str, str]]:
        for name, child in self._children.items():
            inside = _READ_INSIDE.get(name)
            if name in _READ or name in _DROPPED:
                continue
            if inside is None:
                yield from self._unknown(name, child)
                continue
            for grandchild in child:
                if local_name(grandchild) not in inside:
                    yield from self._unknown(f"{name}/{local_name(grandchild)}", grandchild)

    def _unknown(self, name: str, element: etree._Element) -> Iterator[tuple[str, str]]:
        if _PRIVATE.search(name):
            return
        if name not in _READ_AND_KEPT:
            self.unknown.append(name[:60])
        yield name[:60], self._mended(name, text_of(element, " "))

    def _at(self, *path: str) -> etree._Element | None:
        element = self._children.get(path[0])
        for name in path[1:]:
            children = () if element is None else element
            element = next((child for child in children if local_name(child) == name), None)
        return element

    def _at_children(self, name: str) -> Iterator[etree._Element]:
        element = self._children.get(name)
        return iter(()) if element is None else iter(element)

    def _mended(self, name: str, text: str) -> str:
        mended = values.repaired(text)
        if mended != text:
            self.warn(name, "", "doubly encoded text: repaired")
        return mended


def _locale(name: str) -> str | None:
    name = words.LANGUAGES.get(name.lower(), name.lower()).replace("_", "-")
    found = re.fullmatch(r"([a-z]{2,3})|([a-z]{2})-([a-z]{2})", name)
    if found is None:
        return None
    return found[1] or f"{found[2]}-{found[3].upper()}"


def _inner(element: etree._Element) -> str:
    # Some feeds write the markup of a description without escaping it: then it stands here as elements.
    if not len(element):
        return element.text or ""
    return etree.tostring(element, encoding="unicode", with_tail=False).partition(">")[2].rpartition("</")[0]

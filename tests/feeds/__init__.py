"""Feeds of our own that imitate what is odd in real ones."""

from typing import Any
from xml.sax.saxutils import escape

FIELDS = {
    "id": "1042", "date": "2026-11-20 10:15:00", "ref": "MB-1042", "price": "349500", "currency": "EUR",
    "price_freq": "sale", "type": "Villa", "town": "Marbella", "province": "Málaga", "country": "Spain", "beds": "3",
    "baths": "2", "pool": "1", "location": "<latitude>36.4972</latitude><longitude>-4.9563</longitude>",
    "surface_area": "<built>150</built><plot>500</plot>",
    "energy_rating": "<consumption>D</consumption><emissions>E</emissions>",
    "desc": "<en>A villa around a patio.</en><es>Villa en torno a un patio.</es>",
    "images": "<image id='1'><url>https://agency.example/1.jpg</url></image>",
}  # fmt: skip
HEADER = "<kyero><feed_version>3</feed_version></kyero>"


def home(id: str = "1042", **tags: str | None) -> str:
    """One property as Kyero XML. Values are markup; None leaves the tag out."""
    fields = {**FIELDS, "id": id, "ref": f"MB-{id}", **tags}
    return "<property>" + "".join(f"<{k}>{v}</{k}>" for k, v in fields.items() if v is not None) + "</property>"


def feed(*homes: str, header: str = HEADER, root: str = "root", note: str = "") -> bytes:
    """A whole body. `note` makes another body of the same properties."""
    comment = f"<!-- {escape(note)} -->" if note else ""
    declaration = '<?xml version="1.0" encoding="UTF-8"?>'
    return f"{declaration}\n<{root}>{comment}{header}{''.join(homes)}</{root.split()[0]}>".encode()


def homes(count: int, **tags: Any) -> list[str]:
    """Properties with the ids 1 to `count`, each at a point of its own."""
    return [
        home(str(n), location=f"<latitude>36.{5000 + n}</latitude><longitude>-4.9</longitude>", **tags)
        for n in range(1, count + 1)
    ]

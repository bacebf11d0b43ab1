"""The plates: drawn pictures that stand in for photographs, the same to the last pixel on every machine.

Nothing is fetched, no photograph is used, nobody's home is shown.
"""

from collections.abc import Callable, Mapping
from functools import partial
from io import BytesIO
from typing import NamedTuple

from portal.demo.plates import inside, outside
from portal.demo.plates.canvas import Canvas
from portal.language.messages import N_


class Plate(NamedTuple):
    """A drawing, and what it shows for those who do not see it."""

    draw: Callable[[], Canvas]
    caption: str
    kind: str = "photo"


PLATES: Mapping[str, Plate] = {
    "facade": Plate(outside.facade, N_("White house front with an arched door")),
    "pool": Plate(outside.pool, N_("Pool and terrace before the house")),
    "patio": Plate(outside.patio, N_("Patio with stairs along the wall")),
    "block": Plate(outside.block, N_("Apartment block with balconies")),
    "street": Plate(outside.street, N_("Village street between white walls")),
    "terrace": Plate(outside.terrace, N_("Terrace with a table, and the sea")),
    "garden": Plate(outside.garden, N_("Garden path to the house")),
    "land": Plate(outside.land, N_("Plot with olive trees, hills and sea behind")),
    "living": Plate(inside.living, N_("Living room with a window to the sea")),
    "living_hills": Plate(partial(inside.living, sea=False), N_("Living room with a window to the hills")),
    "kitchen": Plate(inside.kitchen, N_("Kitchen with an island")),
    "bedroom": Plate(inside.bedroom, N_("Bedroom with the sea in the window")),
    "bedroom_hills": Plate(partial(inside.bedroom, sea=False), N_("Bedroom with the hills in the window")),
    "plan": Plate(inside.plan, N_("Floor plan"), "floorplan"),
}


def drawn(name: str) -> bytes:
    """One plate as a PNG of 1200 × 800."""
    encoded = BytesIO()
    PLATES[name].draw().finished().save(encoded, "PNG", compress_level=1)
    return encoded.getvalue()

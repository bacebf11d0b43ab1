"""The plates: drawn pictures that stand in for photographs, the same to the last pixel on every machine.

Some thirty scenes, each in several looks, and plans by the number of bedrooms: at most two hundred. Nothing is
fetched, no photograph is used, nobody's home is shown.
"""

from collections.abc import Callable, Mapping
from functools import partial
from io import BytesIO
from typing import NamedTuple

from portal.demo.plates import houses, inside, outside, plans, rooms, views
from portal.demo.plates.canvas import Canvas
from portal.demo.plates.looks import TASTES, Look
from portal.language.messages import N_

OUTDOORS, INDOORS = ("noon", "morning", "dusk", "night"), ("noon", "morning", "lamps", "dusk")
# Where we stand: how near, and which part is seen.
_STANDS = ((1, 0.5, 0.5), (1.12, 0.25, 0.7), (1.2, 0.8, 0.6), (1.08, 0.6, 0.9))


class Plate(NamedTuple):
    """A drawing, and what it shows for those who do not see it."""

    scene: str
    look: Look
    draw: Callable[[Look], Canvas]
    caption: str
    kind: str = "photo"


class _Scene(NamedTuple):
    draw: Callable[..., Canvas]
    caption: str
    looks: int
    lights: tuple[str, ...]


_SCENES: Mapping[str, _Scene] = {
    "facade": _Scene(outside.facade, N_("White house front with an arched door"), 8, OUTDOORS),
    "villa": _Scene(houses.villa, N_("Flat-roofed house above a lawn"), 8, OUTDOORS),
    "row": _Scene(houses.row, N_("Town houses side by side"), 5, OUTDOORS),
    "block": _Scene(outside.block, N_("Apartment block with balconies"), 8, OUTDOORS),
    "city": _Scene(houses.city, N_("Old town street with iron balconies"), 8, OUTDOORS),
    "pool": _Scene(outside.pool, N_("Pool and terrace before the house"), 8, OUTDOORS),
    "communal": _Scene(houses.communal, N_("Shared pool between palms"), 8, OUTDOORS),
    "patio": _Scene(outside.patio, N_("Patio with stairs along the wall"), 4, OUTDOORS[:3]),
    "street": _Scene(outside.street, N_("Village street between white walls"), 6, OUTDOORS),
    "roofs": _Scene(views.roofs, N_("Roof terrace among the village roofs"), 8, OUTDOORS),
    "terrace": _Scene(outside.terrace, N_("Terrace with a table, and the sea"), 8, OUTDOORS),
    "terrace_hills": _Scene(
        partial(outside.terrace, sea=False), N_("Terrace with a table, and the hills"), 6, OUTDOORS
    ),
    "garden": _Scene(outside.garden, N_("Garden path to the house"), 6, OUTDOORS),
    "land": _Scene(views.land, N_("Plot with olive trees, hills and sea behind"), 6, OUTDOORS[:3]),
    "valley": _Scene(views.valley, N_("Olive groves, and a white village on the hill"), 5, OUTDOORS[:3]),
    "golf": _Scene(views.golf, N_("Green with a flag, and the hills"), 4, OUTDOORS[:3]),
    "beach": _Scene(views.beach, N_("Beach with parasols"), 5, OUTDOORS[:3]),
    "marina": _Scene(views.marina, N_("Boats at the quay"), 4, OUTDOORS),
    "shop": _Scene(houses.shop, N_("Shop front with an awning"), 4, OUTDOORS),
    "ruin": _Scene(houses.ruin, N_("Walls without a roof"), 4, OUTDOORS[:3]),
    "garage": _Scene(houses.garage, N_("Space in an underground car park"), 4, ("noon",)),
    "living": _Scene(partial(inside.living, seen="sea"), N_("Living room with a window to the sea"), 8, INDOORS),
    "living_hills": _Scene(
        partial(inside.living, seen="hills"), N_("Living room with a window to the hills"), 8, INDOORS
    ),
    "living_town": _Scene(
        partial(inside.living, seen="town"), N_("Living room with a window to the street"), 8, INDOORS
    ),
    "kitchen": _Scene(partial(inside.kitchen, seen="hills"), N_("Kitchen with an island"), 8, INDOORS),
    "galley": _Scene(rooms.galley, N_("Kitchen with a small table under the window"), 6, INDOORS),
    "dining": _Scene(partial(rooms.dining, seen="hills"), N_("Dining table under two lamps"), 4, INDOORS),
    "bedroom": _Scene(partial(inside.bedroom, seen="sea"), N_("Bedroom with the sea in the window"), 4, INDOORS),
    "bedroom_hills": _Scene(
        partial(inside.bedroom, seen="hills"), N_("Bedroom with the hills in the window"), 4, INDOORS
    ),
    "bedroom_town": _Scene(
        partial(inside.bedroom, seen="town"), N_("Bedroom with the street in the window"), 4, INDOORS
    ),
    "bathroom": _Scene(rooms.bathroom, N_("Bathroom with a bath under the window"), 8, INDOORS),
    "hall": _Scene(rooms.hall, N_("Entrance with a bench and a mirror"), 4, INDOORS[:2]),
}  # fmt: skip


def _looks(scene: _Scene, shift: int) -> list[Look]:
    # Tastes in turn; light, side and stand move at other paces, so that no two looks of a scene are neighbours.
    return [
        Look(
            TASTES[number % len(TASTES)],
            scene.lights[(number + number // len(TASTES) + shift) % len(scene.lights)],
            (number // 2 + number + shift) % 2 == 1,
            *_STANDS[(number + number // len(TASTES) * 2) % len(_STANDS)],
        )
        for number in range(scene.looks)
    ]


def _every() -> dict[str, Plate]:
    plates = {
        f"{name}-{number}": Plate(name, look, scene.draw, scene.caption)
        for shift, (name, scene) in enumerate(_SCENES.items())
        for number, look in enumerate(_looks(scene, shift), 1)
    }
    for bedrooms in range(plans.MOST_BEDROOMS + 1):
        look = Look(TASTES[bedrooms % len(TASTES)], mirrored=bedrooms % 2 == 1)
        draw = partial(plans.plan, bedrooms=bedrooms)
        plates[f"plan-{bedrooms}"] = Plate("plan", look, draw, N_("Floor plan"), "floorplan")
    return plates


PLATES: Mapping[str, Plate] = _every()


def of(scene: str) -> list[str]:
    """The names of the plates of one scene."""
    return [name for name, plate in PLATES.items() if plate.scene == scene]


def drawn(name: str) -> bytes:
    """One plate as a PNG of 1200 × 800."""
    plate, encoded = PLATES[name], BytesIO()
    plate.draw(plate.look).finished().save(encoded, "PNG", compress_level=1)
    return encoded.getvalue()

"""Looks: in which light, with which paint and fabrics, and from where a scene is drawn.

One drawing gives several plates. The colours stay those of the palette; light turns them all alike.
"""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

# Parts of a scene whose colour is a matter of taste. What a scene paints in them, a look fills in.
PAINT, PAINT_LIGHT, FABRIC, FABRIC_DEEP, CUSHION = "paint", "paint light", "fabric", "fabric deep", "cushion"
WARM, WARM_DEEP, WALL, WALL_TURNED, WALL_SHADE = "warm", "warm deep", "wall", "wall turned", "wall shade"
GLASS, GLASS_LIGHT = "glass", "glass light"

_PARTS = (PAINT, PAINT_LIGHT, FABRIC, FABRIC_DEEP, CUSHION, WARM, WARM_DEEP, WALL, WALL_TURNED, WALL_SHADE)
_TASTES: Mapping[str, tuple[str, ...]] = {
    "sea": ("#0b5560", "#0f6672", "#2f8797", "#0b5560", "#c96f48", "#ffc83d", "#dba32a",
            "#fbfaf6", "#e9edeb", "#c3d1d4"),
    "leaf": ("#2f5644", "#3d6b55", "#86a572", "#4a7656", "#ffc83d", "#c96f48", "#a04f2f",
             "#fbfaf6", "#ecebe2", "#c9cdc4"),
    "clay": ("#8c4a30", "#a65d40", "#c96f48", "#a04f2f", "#2f8797", "#f0dcae", "#cdb684",
             "#f7ead0", "#ead8b4", "#cbbb9c"),
    "wood": ("#80583a", "#9a6f4b", "#ddd5c6", "#bfb4a0", "#0b5560", "#86b9c2", "#5d99a4",
             "#f5e0d2", "#e6c8b6", "#c5aa9d"),
}  # fmt: skip
TASTES = tuple(_TASTES)
_GLASS = {GLASS: "#0b4450", GLASS_LIGHT: "#2f8797"}


class Light(NamedTuple):
    """A time of day: how much of red, green and blue is left, what the sky shows, how strongly the sun shines."""

    left: tuple[float, float, float]
    sun: float
    own: Mapping[str, str]


_SKY, _SKY_LOW, _FAR = "#b5dbe4", "#d9ecef", "#93b7bd"
LIGHTS: Mapping[str, Light] = {
    "noon": Light((1, 1, 1), 1, {}),
    "morning": Light((1, 0.975, 0.93), 0.85, {_SKY: "#d5e4de", _SKY_LOW: "#f6ead2", _FAR: "#b3c6bf"}),
    "dusk": Light((0.98, 0.86, 0.76), 0.7, {
        _SKY: "#eeb488", _SKY_LOW: "#f7d5a6", _FAR: "#b48c86", "#ffc83d": "#f5883f", GLASS: "#5a4a55",
        GLASS_LIGHT: "#ffd98a",
    }),
    "night": Light((0.56, 0.66, 0.8), 0, {
        _SKY: "#27455c", _SKY_LOW: "#456a82", _FAR: "#35566b", "#ffc83d": "#f4efdc",
        GLASS: "#ffd27a", GLASS_LIGHT: "#ffe6ad",
        "#2f8797": "#23566b", "#0b5560": "#123c50", "#6cc0c9": "#58b5c4", "#3f9fac": "#2f8ea0",
    }),
    # A room after dark: the lamps are lit, the window is blue.
    "lamps": Light((0.96, 0.87, 0.74), 0, {
        _SKY: "#27455c", _SKY_LOW: "#3a5c74", _FAR: "#2c4a5e", "#ffc83d": "#ffcf5e",
    }),
}  # fmt: skip


class Look(NamedTuple):
    """How a scene is drawn: its taste and light by name, whether mirrored, and which part of it is seen.

    `near` is how much closer we stand than for the whole (1), `across` and `down` where the part lies, from 0 to 1.
    """

    taste: str = "sea"
    light: str = "noon"
    mirrored: bool = False
    near: float = 1
    across: float = 0.5
    down: float = 0.5

    @property
    def sun(self) -> float:
        """How strongly the sun shines, from 0 to 1."""
        return LIGHTS[self.light].sun

    def colour(self, named: str) -> str:
        """The colour of a part, or a colour of the palette, in this taste and this light."""
        return _lit(self.taste, self.light, named)


@cache
def _lit(taste: str, light: str, named: str) -> str:
    chosen = LIGHTS[light]
    if named in chosen.own:
        return chosen.own[named]
    colour = {**dict(zip(_PARTS, _TASTES[taste], strict=True)), **_GLASS}.get(named, named)
    parts = (int(colour[at : at + 2], 16) * left for at, left in zip((1, 3, 5), chosen.left, strict=True))
    return "#" + "".join(f"{round(part):02x}" for part in parts)

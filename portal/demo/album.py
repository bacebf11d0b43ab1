"""Albums: which plates a home shows, so that nothing is seen that the home has not, and no list repeats itself.

The first picture is chosen along the lists as visitors see them, newest homes first: one that stood near neither in
scene nor as a plate. The others take its taste, so that a home looks like one home.
"""

import random
from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import islice, starmap

from portal.demo import plates
from portal.demo.facts import DWELLINGS, FLATS, Facts, dice
from portal.demo.plates import PLATES, plans

FEWEST, MOST = 6, 10
WITHOUT = 0.03  # the share of homes whose agency has sent no picture yet
# How many cards back a scene, and a plate, is remembered: rows of three, and a page and a half.
SCENES_BACK, PLATES_BACK = 4, 36

_GREEN = ("mountains", "valley", "golf", "garden")
# What may stand first, by kind; then what follows, in the order agencies like.
_FIRST: Mapping[str, Sequence[str]] = {
    "villa": ("villa", "pool", "garden", "terrace", "living", "kitchen", "patio"),
    "town_house": ("row", "facade", "patio", "terrace", "communal", "living", "kitchen"),
    "village_house": ("street", "facade", "patio", "roofs", "kitchen", "living", "hall"),
    "country_house": ("garden", "pool", "valley", "terrace", "dining", "facade"),
    "penthouse": ("terrace", "roofs", "communal", "living", "kitchen", "block"),
    "apartment": ("living", "block", "terrace", "communal", "kitchen", "city", "beach", "marina", "golf", "dining",
                  "galley"),
    "duplex": ("living", "kitchen", "city", "dining", "terrace", "block"),
    "studio": ("bedroom", "galley", "city", "block", "beach", "living"),
    "land": ("land", "valley"),
    "ruin": ("ruin", "street"),
    "commercial": ("shop", "city", "street"),
    "garage": ("garage", "block", "city"),
}  # fmt: skip
_ROOMS = (
    "living",
    "kitchen",
    "galley",
    "bedroom",
    "terrace",
    "bathroom",
    "pool",
    "communal",
    "dining",
    "bedroom",
    "hall",
)
_AROUND = ("block", "villa", "row", "garden", "patio", "roofs", "facade", "street", "city", "beach", "marina", "golf",
           "valley")  # fmt: skip
_THEN: Mapping[str, Sequence[str]] = {
    "land": ("land", "valley") * FEWEST,
    "ruin": ("ruin", "street", "valley", "patio", "ruin", "roofs"),
    "commercial": ("shop", "city", "street", "facade", "shop", "block"),
    "garage": ("garage", "block", "city", "garage", "street", "block", "facade"),
}


def albums(homes: Sequence[Facts]) -> dict[int, tuple[str, ...]]:
    """The plates of each home by its number; `homes` stand newest first. Some have none."""
    chosen: dict[int, tuple[str, ...]] = {}
    lists: dict[str, deque[str]] = {name: deque(maxlen=PLATES_BACK) for name in ("all", "sale", "rent_long")}
    for facts in homes:
        throw = dice(facts.number, "album")
        if throw.random() < WITHOUT:
            chosen[facts.number] = ()
            continue
        near = (lists["all"], lists[facts.offer])
        first = min(_candidates(facts), key=lambda name: (_nearness(name, near), throw.random()))
        for each in near:
            each.appendleft(first)
        chosen[facts.number] = (first, *_others(throw, facts, first))
    return chosen


def _nearness(name: str, near: Sequence[Sequence[str]]) -> int:
    # How much this plate would repeat what stands before it: the scene next door most, then the plate, then its look.
    return sum(60 * (name in each) + sum(starmap(partial(_weight, name), _latest(each))) for each in near)


def _latest(each: Sequence[str]) -> list[tuple[int, str]]:
    return list(enumerate(islice(each, SCENES_BACK)))


def _weight(name: str, back: int, before: str) -> int:
    plate, other = PLATES[name], PLATES[before]
    scene = plate.scene.partition("_")[0] == other.scene.partition("_")[0]
    look = back < 2 and (plate.look.light == other.look.light) + (plate.look.taste == other.look.taste)
    return 400 * scene // (back + 1) + 4 * look


def _candidates(facts: Facts) -> list[str]:
    scenes = [_scene(scene, facts) for scene in _FIRST[_kind(facts)] if _fits(scene, facts)]
    return [name for scene in scenes for name in plates.of(scene)]


def _others(throw: random.Random, facts: Facts, first: str) -> list[str]:
    dwelling = facts.kind in DWELLINGS
    wanted = [*_ROOMS, *throw.sample(_AROUND, len(_AROUND))] if dwelling else [*_THEN[facts.kind], *_AROUND]
    most = throw.randint(FEWEST + 1, MOST) if dwelling else FEWEST
    seen = [first]
    for scene in (_scene(scene, facts) for scene in wanted if _fits(scene, facts)):
        again = sum(PLATES[name].scene == scene for name in seen)
        looks = len(plates.of(scene)) if not dwelling else 1 if scene == PLATES[first].scene else 2
        if len(seen) < most - dwelling and again < looks:
            seen.append(_next(throw, scene, PLATES[first].look.taste, seen))
    plan = f"plan-{min(facts.beds or 0, plans.MOST_BEDROOMS)}"
    return [*seen[1:], plan] if dwelling and throw.random() < 0.85 else seen[1:]


def _next(throw: random.Random, scene: str, taste: str, seen: Sequence[str]) -> str:
    # A picture by night among others by day would look strange, unless it is the first.
    free = [name for name in plates.of(scene) if name not in seen]
    return min(
        free, key=lambda name: (PLATES[name].look.taste != taste, PLATES[name].look.light == "night", throw.random())
    )


def _kind(facts: Facts) -> str:
    village = facts.kind == "town_house" and facts.area.setting == "village"
    return "village_house" if village else facts.kind


def _scene(scene: str, facts: Facts) -> str:
    # Windows and terraces show what there is to see.
    if scene == "terrace":
        return "terrace" if facts.view == "sea" else "terrace_hills"
    if scene in ("living", "bedroom"):
        return scene if facts.view == "sea" else f"{scene}_hills" if facts.view in _GREEN else f"{scene}_town"
    return scene


def _fits(scene: str, facts: Facts) -> bool:
    # A picture shows nothing that the home, or the place it stands in, has not.
    setting, kind = facts.area.setting, facts.kind
    fitting = {
        "pool": facts.pool == "private", "communal": facts.pool == "communal", "kitchen": facts.open_kitchen,
        "galley": not facts.open_kitchen, "terrace": bool(facts.terrace) and facts.view in ("sea", *_GREEN),
        "block": kind in (*FLATS, "garage", "commercial") and setting != "village", "city": setting == "town",
        "villa": kind == "villa", "row": kind == "town_house" and setting != "village",
        "garden": kind in ("villa", "country_house"), "beach": setting == "beach" and facts.minutes < 8,
        "marina": facts.area.name.startswith("Puerto"), "golf": setting == "golf",
        "valley": setting in ("village", "country") or (setting == "hills" and facts.view != "sea"),
        "roofs": setting == "village" or facts.view == "rooftops", "street": setting == "village",
        "facade": setting in ("village", "country", "town"),
        "patio": kind in ("villa", "town_house", "country_house", "ruin"),
    }  # fmt: skip
    return fitting.get(scene, True)

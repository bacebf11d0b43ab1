"""Facts: what is true of one invented home, drawn so that all of it fits together.

Size follows kind and bedrooms, price follows town, size, kind and condition, the building's year its energy letter.
Everything comes from a generator seeded with the home's number alone: one home changes without moving the others.
"""

import random
from dataclasses import dataclass, replace

from portal.demo.coast import AREAS, KINDS, Area

FLATS = ("apartment", "penthouse", "duplex", "studio")
HOUSES = ("villa", "town_house", "country_house")
DWELLINGS = (*FLATS, *HOUSES)
RENTED = (*FLATS, "town_house", "villa", "commercial")
YEAR = 2026

_BEDS = {
    "apartment": (1, 2, 2, 2, 3, 3), "penthouse": (2, 2, 3, 3), "duplex": (2, 3, 3), "studio": (0,),
    "villa": (3, 4, 4, 5, 6), "town_house": (2, 3, 3, 4), "country_house": (2, 3, 4, 5),
}  # fmt: skip
# m² built without bedrooms, and m² more for each.
_SIZES = {
    "apartment": (38, 28), "penthouse": (46, 34), "duplex": (44, 32), "studio": (38, 0),
    "villa": (70, 62), "town_house": (48, 34), "country_house": (52, 46),
}  # fmt: skip
_DEAR = {
    "apartment": 1.0, "penthouse": 1.2, "duplex": 1.04, "studio": 1.1, "villa": 1.12, "town_house": 0.92,
    "country_house": 0.85, "commercial": 0.78, "ruin": 0.32,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One home. Areas are whole m², money whole euros, distances whole minutes; None where there is no such thing."""

    number: int
    area: Area
    kind: str
    offer: str
    price: int
    beds: int | None
    baths: int | None
    built: int | None
    plot: int | None
    terrace: int | None
    year: int | None
    renovated: int | None
    new_build: bool
    floor: int
    storeys: int
    orientation: str
    view: str
    pool: str
    parking: str
    heating: str
    lift: bool
    storage: bool
    open_kitchen: bool
    furnished: bool
    on_foot: bool
    minutes: int
    fee: int | None

    @property
    def is_dwelling(self) -> bool:
        """Whether people live in it."""
        return self.kind in DWELLINGS


def dice(number: int, purpose: str) -> random.Random:
    """The generator of one home for one purpose; the same on every machine and at every time."""
    return random.Random(f"immomarket demo {number} {purpose}")


def drawn(number: int) -> Facts:
    """The facts of the home with this number."""
    throw = dice(number, "facts")
    area = AREAS[number % len(AREAS)]
    shares = KINDS[area.setting]
    kind = throw.choices(list(shares), list(shares.values()))[0]
    offer = "rent_long" if kind in RENTED and throw.random() < 0.17 else "sale"
    beds = throw.choice(_BEDS[kind]) if kind in DWELLINGS else None
    built = _built(throw, kind, beds)
    plot = _plot(throw, kind, area, built)
    year, new_build, renovated = _age(throw, kind, offer)
    storeys, floor = _storeys(throw, kind, area)
    near, pool = _near(throw, area), _pool(throw, kind, area)
    facts = Facts(
        number=number, area=area, kind=kind, offer=offer, price=0, beds=beds, baths=_baths(throw, beds), built=built,
        plot=plot, terrace=_terrace(throw, kind), year=year, renovated=renovated, new_build=new_build, floor=floor,
        storeys=storeys, view=_view(throw, area, floor), pool=pool,
        orientation=throw.choice(("south", "south", "south-west", "south-east", "west", "east")),
        parking=_parking(throw, kind, area), heating=throw.choice(("ducted", "units", "underfloor", "radiators")),
        lift=kind in FLATS and (storeys > 3 or throw.random() < 0.6), storage=kind in FLATS and throw.random() < 0.5,
        open_kitchen=throw.random() < 0.55, furnished=throw.random() < (0.7 if offer == "rent_long" else 0.3),
        on_foot=near[0], minutes=near[1], fee=_fee(throw, kind, area, built, pool),
    )  # fmt: skip
    return replace(facts, price=_price(throw, facts))


def _built(throw: random.Random, kind: str, beds: int | None) -> int | None:
    if kind == "land":
        return None
    if beds is None:
        low, high = {"commercial": (38, 180), "garage": (11, 18), "ruin": (60, 140)}[kind]
        return throw.randint(low, high)
    fixed, each = _SIZES[kind]
    return round((fixed + each * beds) * throw.uniform(0.88, 1.16))


def _plot(throw: random.Random, kind: str, area: Area, built: int | None) -> int | None:
    if kind == "land":
        low, high = {"country": (4000, 26000), "village": (180, 900)}.get(area.setting, (700, 2400))
        return _to(throw.randint(low, high), 10)
    if kind == "country_house":
        return _to(throw.randint(3000, 18000), 100)
    if kind == "villa":
        return _to((built or 0) * throw.uniform(2.2, 4.4), 10)
    if kind == "town_house" and area.setting != "village":
        return round((built or 0) * throw.uniform(0.7, 1.3))
    return None


def _age(throw: random.Random, kind: str, offer: str) -> tuple[int | None, bool, int | None]:
    if kind == "land":
        return None, False, None
    if kind == "ruin":
        return throw.randint(1900, 1945), False, None
    if kind in DWELLINGS and kind != "country_house" and offer == "sale" and throw.random() < 0.12:
        return YEAR, True, None
    year = throw.randint(1972, 2021)
    renovated = throw.randint(2014, 2025) if year < 2004 and throw.random() < 0.6 else None
    return year, False, renovated


def _storeys(throw: random.Random, kind: str, area: Area) -> tuple[int, int]:
    if kind not in FLATS:
        of_houses = {"villa": (1, 2, 2, 3), "town_house": (2, 2, 3), "country_house": (1, 1, 2)}
        return throw.choice(of_houses.get(kind, (1,))), 0
    most = {"village": 3, "beach": 8, "town": 8}.get(area.setting, 4)
    storeys = throw.randint(3, most)
    top = {"penthouse": storeys - 1, "duplex": storeys - 2}
    return storeys, top[kind] if kind in top else throw.randint(0, storeys - 2)


def _view(throw: random.Random, area: Area, floor: int) -> str:
    if area.setting == "beach":
        return "sea" if floor >= 2 and throw.random() < 0.8 else throw.choice(("garden", "street"))
    seen = {
        "town": ("street", "courtyard", "rooftops"), "village": ("rooftops", "valley", "mountains"),
        "golf": ("golf", "golf", "mountains", "garden"), "hills": ("sea", "sea", "mountains", "garden"),
        "country": ("valley", "mountains", "valley"),
    }  # fmt: skip
    return throw.choice(seen[area.setting])


def _near(throw: random.Random, area: Area) -> tuple[bool, int]:
    minutes = {
        "beach": (2, 9), "town": (3, 16), "village": (8, 20), "golf": (4, 9), "hills": (4, 11), "country": (9, 22),
    }  # fmt: skip
    return area.setting in ("beach", "town"), throw.randint(*minutes[area.setting])


def _pool(throw: random.Random, kind: str, area: Area) -> str:
    if kind in ("villa", "country_house"):
        return "private" if throw.random() < 0.8 else "no"
    if kind in DWELLINGS and area.setting in ("golf", "hills", "beach"):
        return "communal" if throw.random() < 0.85 else "no"
    return "no" if kind in DWELLINGS else "unknown"


def _parking(throw: random.Random, kind: str, area: Area) -> str:
    if kind in ("villa", "country_house"):
        return throw.choice(("garage", "carport", "on the plot"))
    if kind not in DWELLINGS or area.setting == "village":
        return "none"
    return throw.choice(("underground", "underground", "street" if area.setting == "town" else "communal"))


def _baths(throw: random.Random, beds: int | None) -> int | None:
    return None if beds is None else max(1, beds - throw.choice((0, 0, 1, 1)))


def _terrace(throw: random.Random, kind: str) -> int | None:
    sizes = {
        "penthouse": (38, 110), "apartment": (6, 26), "duplex": (12, 44), "studio": (4, 9), "villa": (30, 120),
        "town_house": (12, 48), "country_house": (20, 70),
    }  # fmt: skip
    return throw.randint(*sizes[kind]) if kind in sizes else None


def _fee(throw: random.Random, kind: str, area: Area, built: int | None, pool: str) -> int | None:
    if kind not in (*FLATS, "town_house") or (area.setting == "village" and kind == "town_house"):
        return None
    return round((built or 0) * throw.uniform(0.8, 1.4) + (40 if pool == "communal" else 0))


def _price(throw: random.Random, facts: Facts) -> int:
    luck = throw.uniform(0.92, 1.1)
    setting, base = facts.area.setting, facts.area.price
    if facts.kind == "garage":
        return _to(base * 7 * luck, 1000)
    if facts.kind == "land":
        share = {"country": 0.006, "village": 0.09}.get(setting, 0.12)
        return _to((facts.plot or 0) * base * share * luck, 1000)
    whole = (facts.built or 0) * base * _DEAR[facts.kind] * _condition(facts) * luck
    if facts.offer == "rent_long":
        return _to(whole * (0.0031 if facts.kind in HOUSES else 0.0042), 25)
    if facts.kind == "country_house":
        whole += (facts.plot or 0) * 5
    return _to(whole, 1000 if whole < 500_000 else 5000)


def _condition(facts: Facts) -> float:
    worn = facts.year is not None and facts.year < 1990 and facts.renovated is None
    return (1.14 if facts.new_build else 0.86 if worn else 1) * (1.08 if facts.view == "sea" else 1)


def _to(value: float, step: int) -> int:
    return round(value / step) * step

"""Homes: the thousand listings of the demo, in the shape every feed has after reading.

What an adapter would read from an agency's export stands here as `Listing`; dates and pictures, which an import of one
moment cannot give, stand beside it. Some homes lack what real ones lack: a letter, the bathrooms, a price, a photo.
"""

import random
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from portal.catalogue.naming import KINDS
from portal.demo.album import albums
from portal.demo.facts import Facts, dice, drawn
from portal.demo.plates import PLATES
from portal.demo.prose import described
from portal.feeds.listings import Listing, ListingPhoto, ListingText
from portal.language.messages import N_

NUMBER = 1000
DAYS = 120
# Half-widths of the scatter around an area's centre in degrees: inland and along, never towards the sea.
INLAND, WEST, EAST = 0.0032, 0.0030, 0.0008

_LETTERS = "ABCDEFG"
# kWh per m² a year up to which a letter goes, roughly as in the mild zones of the coast.
_KWH = (16, 28, 45, 75, 145, 180, 260)
_VIEWS = {
    "sea": N_("Sea views"), "mountains": N_("Mountain views"), "golf": N_("Golf views"), "valley": N_("Valley views"),
    "garden": N_("Garden views"), "street": "", "courtyard": "", "rooftops": "",
}  # fmt: skip
_FEATURES = (
    ("lift", N_("Lift")), ("storage", N_("Storage room")), ("furnished", N_("Furnished")),
    ("open_kitchen", N_("Open kitchen")),
)  # fmt: skip
_COOLED = {"ducted": N_("Air conditioning"), "units": N_("Air conditioning"), "underfloor": N_("Underfloor heating"),
           "radiators": N_("Electric heating")}  # fmt: skip
_PARKED = {"underground": N_("Underground parking"), "garage": N_("Garage"), "carport": N_("Carport"),
           "communal": N_("Communal parking"), "on the plot": N_("Parking on the plot")}  # fmt: skip


@dataclass(frozen=True)
class Home:
    """One home as the demo shows it: `age` is how long ago it was published, `former_price` in cents."""

    number: int
    town: str
    listing: Listing
    plates: tuple[str, ...]
    age: timedelta
    confirmed: timedelta
    former_price: int | None


def every(prefixes: dict[str, str]) -> list[Home]:
    """All homes; `prefixes` are those of references, by town."""
    every = [drawn(number) for number in range(NUMBER)]
    pictures = albums(sorted(every, key=_age))
    return [_home(facts, prefixes, pictures[facts.number]) for facts in every]


def _age(facts: Facts) -> timedelta:
    return timedelta(seconds=dice(facts.number, "age").randint(30 * 60, DAYS * 24 * 3600 - 1))


def _home(facts: Facts, prefixes: dict[str, str], plates: tuple[str, ...]) -> Home:
    throw, age = dice(facts.number, "home"), _age(facts)
    listing = _listing(throw, facts, f"{prefixes[facts.area.town]}-{1000 + facts.number * 7}", plates)
    may_fall = facts.offer == "sale" and listing.price_minor and listing.market_status == "available"
    reduced = may_fall and throw.random() < 0.14
    former = round((listing.price_minor or 0) * throw.uniform(1.03, 1.12) / 100_000) * 100_000 if reduced else None
    confirmed = min(age, timedelta(hours=throw.choice((1, 3, 7, 20, 30, 54, 80, 150)), minutes=throw.randint(0, 50)))
    return Home(facts.number, facts.area.town, listing, plates, age, confirmed, former)


def _listing(throw: random.Random, facts: Facts, reference: str, plates: tuple[str, ...]) -> Listing:
    baths_given, price_given = throw.random() > 0.04, throw.random() > 0.03
    latitude, longitude = _position(throw, facts)
    texts = described(facts, baths_given=baths_given, price_given=price_given)
    return Listing(
        source_id=str(4100 + facts.number), reference=reference, source_modified_at=None, town=facts.area.town,
        province="Málaga", area=facts.area.name, kind=facts.kind, source_type=KINDS[facts.kind],
        market_status=throw.choices(("available", "under_offer", "reserved"), (94, 4, 2))[0], offer=facts.offer,
        price_minor=facts.price * 100 if price_given else None, currency="EUR", country="ES",
        price_period="month" if facts.offer == "rent_long" else None, postal_code=facts.area.postal_code,
        latitude=latitude, longitude=longitude, new_build=facts.new_build or None, part_ownership=None, leasehold=None,
        bedrooms=facts.beds, bathrooms=facts.baths if baths_given else None, built_m2=_area(facts.built),
        plot_m2=_area(facts.plot), terrace_m2=_area(facts.terrace), year_built=facts.year, pool=facts.pool,
        **_energy(throw, facts), **_running(facts), cadastral_reference=None, features=_features(facts),
        video_url=None, tour_url=None,
        texts=tuple(ListingText(language, None, text) for language, text in texts.items()),
        photos=tuple(ListingPhoto(source_of(plate), PLATES[plate].kind) for plate in plates), extra={},
    )  # fmt: skip


def source_of(plate: str) -> str:
    """Where an agency would keep this picture."""
    return f"https://pictures.example/{plate}.png"


def _area(value: int | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _position(throw: random.Random, facts: Facts) -> tuple[float | None, float | None]:
    if throw.random() < 0.03:
        return None, None
    inland, along = throw.uniform(0, INLAND), throw.uniform(-WEST, EAST)
    return round(facts.area.latitude + inland, 5), round(facts.area.longitude + along, 5)


def _energy(throw: random.Random, facts: Facts) -> dict[str, Any]:
    state = "rated"
    if not facts.is_dwelling or throw.random() < 0.16:
        state = "exempt" if facts.kind in ("land", "garage", "ruin") else throw.choice(("in_process", "unknown"))
    if state != "rated":
        nothing = ("energy_consumption", "energy_consumption_kwh", "energy_emissions", "energy_emissions_kg")
        return {"energy_state": state, **dict.fromkeys(nothing)}
    step = 0 if facts.new_build else 4 if (facts.year or 0) < 2007 else 3
    step = min(max(step + throw.choice((-1, 0, 0, 1)) - (1 if facts.renovated else 0), 0), 6)
    kwh = throw.uniform(_KWH[step - 1] if step else 8, _KWH[step])
    return {
        "energy_state": "rated", "energy_consumption": _LETTERS[step], "energy_consumption_kwh": _tenth(kwh),
        "energy_emissions": _LETTERS[step], "energy_emissions_kg": _tenth(kwh * 0.2),
    }  # fmt: skip


def _running(facts: Facts) -> dict[str, Any]:
    # The fee stands in the text too; the taxes only in some agencies' exports.
    throw, sold = dice(facts.number, "running"), facts.offer == "sale"
    ibi = round(facts.price * throw.uniform(0.0015, 0.0028)) * 100
    rubbish = throw.randint(90, 210) * 100
    return {
        "community_fee_minor": facts.fee * 100 if facts.fee and sold else None,
        "community_fee_months": 1 if facts.fee and sold else None,
        "ibi_minor": ibi if sold and facts.is_dwelling and throw.random() < 0.7 else None,
        "rubbish_minor": rubbish if sold and facts.is_dwelling and throw.random() < 0.5 else None,
    }


def _tenth(value: float) -> Decimal:
    return Decimal(value).quantize(Decimal("0.1"))


def _features(facts: Facts) -> tuple[str, ...]:
    if not facts.is_dwelling:
        return ()
    told = [_VIEWS[facts.view], *(text for name, text in _FEATURES if getattr(facts, name))]
    told += [_COOLED[facts.heating], _PARKED.get(facts.parking, "")]
    told += [N_("Private pool")] if facts.pool == "private" else []
    told += [N_("Communal pool")] if facts.pool == "communal" else []
    return tuple(text for text in told if text)

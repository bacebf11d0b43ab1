"""Prose: a home's facts as a description in English and in Spanish, in the same order and with the same figures.

What is not given to the public is not in the text either. No adjectives that cannot be checked.
"""

import random
from collections.abc import Mapping, Sequence

from portal.demo import sentences
from portal.demo.facts import FLATS, Facts, dice
from portal.demo.sentences import Pair
from portal.language import formats

LANGUAGES = ("en", "es")
_NUMBERS = (
    ("no", "ningún"), ("one", "un"), ("two", "dos"), ("three", "tres"), ("four", "cuatro"), ("five", "cinco"),
    ("six", "seis"), ("seven", "siete"), ("eight", "ocho"),
)  # fmt: skip
_FLOORS = (
    ("ground floor", "planta baja"), ("first floor", "primera planta"), ("second floor", "segunda planta"),
    ("third floor", "tercera planta"), ("fourth floor", "cuarta planta"), ("fifth floor", "quinta planta"),
    ("sixth floor", "sexta planta"), ("seventh floor", "séptima planta"),
)  # fmt: skip
_ORIENTATIONS = {
    "south": "sur", "south-west": "suroeste", "south-east": "sureste", "west": "oeste", "east": "este",
}  # fmt: skip
# What the terrace looks onto, and what is seen from it.
_VIEWS: Mapping[str, tuple[Pair, Pair]] = {
    "sea": (("the sea", "al mar"), ("the sea", "el mar")),
    "garden": (("the garden", "al jardín"), ("the garden", "el jardín")),
    "street": (("the street", "a la calle"), ("the street", "la calle")),
    "courtyard": (("the courtyard", "al patio de manzana"), ("the courtyard", "el patio de manzana")),
    "rooftops": (("the rooftops", "a los tejados"), ("the church tower", "la torre de la iglesia")),
    "valley": (("the valley", "al valle"), ("the valley", "el valle")),
    "mountains": (("the mountains", "a la sierra"), ("the mountains", "la sierra")),
    "golf": (("the golf course", "al campo de golf"), ("the golf course", "el campo de golf")),
}
_TRADES: Sequence[Pair] = (
    ("bakery", "una panadería"), ("hairdresser's", "una peluquería"), ("hardware shop", "una ferretería"),
    ("bicycle shop", "una tienda de bicicletas"), ("small restaurant", "un pequeño restaurante"),
)  # fmt: skip


def described(facts: Facts, *, baths_given: bool, price_given: bool) -> dict[str, str]:
    """The description by language, its paragraphs parted by an empty line."""
    throw = dice(facts.number, "prose")
    village = facts.kind == "town_house" and facts.area.setting == "village"
    intro = throw.choice(sentences.INTROS["village_house" if village else facts.kind])
    paragraphs = [
        [intro, *_inside(throw, facts, intro, baths_given)],
        _around(throw, facts, intro),
        _terms(throw, facts, price_given),
    ]
    values = _values(throw, facts)
    return {
        language: "\n\n".join(
            " ".join(pair[half].format_map(values[language]) for pair in paragraph)
            for paragraph in paragraphs
            if paragraph
        )
        for half, language in enumerate(LANGUAGES)
    }


def _inside(throw: random.Random, facts: Facts, intro: Pair, baths_given: bool) -> list[Pair]:
    if not facts.is_dwelling:
        return []
    if facts.kind == "studio":
        return [throw.choice(sentences.LAYOUTS["studio"])]
    told = "{beds}" in intro[0]
    layout = ("beds told" if told else "with baths") if baths_given else "without baths"
    if told and not baths_given:
        layout = "beds told, without baths"
    return [throw.choice(sentences.LAYOUTS[layout]), throw.choice(sentences.KITCHENS[facts.open_kitchen])]


def _around(throw: random.Random, facts: Facts, intro: Pair) -> list[Pair]:
    if not facts.is_dwelling:
        country = facts.kind == "land" and facts.area.setting == "country"
        return [throw.choice(sentences.GROUNDS["country" if country else facts.kind])]
    told = [throw.choice(sentences.OUTSIDE["terrace told" if "{terrace}" in intro[0] else "all"])]
    if facts.pool in sentences.POOLS:
        told.append(throw.choice(sentences.POOLS[facts.pool]))
    if facts.kind == "country_house":
        told.append(throw.choice(sentences.GROUNDS["country_house"]))
    if facts.parking in sentences.PARKING:
        told.append(sentences.PARKING[facts.parking])
    return told


def _terms(throw: random.Random, facts: Facts, price_given: bool) -> list[Pair]:
    told: list[Pair] = []
    if facts.is_dwelling:
        told += [throw.choice(sentences.CONDITIONS[_condition(facts)]), sentences.HEATING[facts.heating]]
        told += [sentences.EXTRAS[extra] for extra in _extras(facts)]
    if facts.offer == "rent_long":
        told.append(throw.choice(sentences.LETTING if facts.fee else sentences.LETTING[:-1]))
    if not price_given:
        told.append(sentences.EXTRAS["no price"])
    return told


def _condition(facts: Facts) -> str:
    if facts.new_build:
        return "new"
    if facts.renovated:
        return "renovated"
    return "worn" if (facts.year or 0) < 1990 else "good"


def _extras(facts: Facts) -> list[str]:
    told = [("lift" if facts.lift else "no lift")] if facts.kind in FLATS else []
    told += ["storage"] if facts.storage else []
    if facts.offer == "rent_long":
        return [*told, "let furnished" if facts.furnished else "let empty"]
    told += ["furnished"] if facts.furnished and not facts.new_build else []
    return told + (["fee"] if facts.fee else [])


def _values(throw: random.Random, facts: Facts) -> dict[str, dict[str, str]]:
    pairs = _pairs(facts) | {"trade": throw.choice(_TRADES)}
    figures = {
        "built": facts.built, "plot": facts.plot, "terrace": facts.terrace, "living": _living(throw, facts),
        "row": throw.randint(5, 14), "steps": throw.randint(14, 60), "fall": throw.randint(2, 6),
        "front": round((facts.plot or 0) ** 0.5 * throw.uniform(0.7, 1.2)), "width": throw.randint(45, 53) * 5,
        "track": throw.randint(2, 12) * 50, "trees": throw.randint(4, 30) * 5, "pool_long": throw.randint(7, 11),
        "pool_wide": throw.randint(3, 5),
    }  # fmt: skip
    return {
        language: {
            **{name: pair[half] for name, pair in pairs.items()},
            **{name: formats.number(figure or 0, language) for name, figure in figures.items()},
            "year": str(facts.year), "renovated": str(facts.renovated), "area": facts.area.name,
            "fee": formats.money((facts.fee or 0) * 100, "EUR", language),
        }
        for half, language in enumerate(LANGUAGES)
    }  # fmt: skip


def _living(throw: random.Random, facts: Facts) -> int:
    share = 0.72 if facts.kind == "studio" else 0.27 if (facts.built or 0) < 140 else 0.2
    return round((facts.built or 0) * share * throw.uniform(0.9, 1.12))


def _pairs(facts: Facts) -> dict[str, Pair]:
    beds = _counted(facts.beds or 0, ("bedroom", "dormitorio"))
    onto, sight = _VIEWS[facts.view]
    floors = _counted(facts.storeys, ("floor", "planta"))
    return {
        "beds": beds, "beds_first": (beds[0].capitalize(), beds[1].capitalize()), "view": onto, "sight": sight,
        "baths": _counted(facts.baths or 0, ("bathroom", "baño")), "floor": _FLOORS[facts.floor],
        "floors": floors if facts.storeys > 1 else ("one floor", "una planta"),
        "orientation": (facts.orientation, _ORIENTATIONS[facts.orientation]),
        "orientation_of": (facts.orientation, ""), "distance": _distance(facts),
    }  # fmt: skip


def _counted(number: int, noun: Pair) -> Pair:
    plural = "" if number == 1 else "s"
    return f"{_NUMBERS[number][0]} {noun[0]}{plural}", f"{_NUMBERS[number][1]} {noun[1]}{plural}"


def _distance(facts: Facts) -> Pair:
    if facts.area.setting == "town":
        return f"{facts.minutes} minutes on foot from the market", f"a {facts.minutes} minutos a pie del mercado"
    if facts.on_foot:
        return f"{facts.minutes} minutes on foot from the beach", f"a {facts.minutes} minutos a pie de la playa"
    return f"{facts.minutes} minutes by car from the beach", f"a {facts.minutes} minutos en coche de la playa"

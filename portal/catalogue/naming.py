"""What a home is called: kinds, titles and slugs, in every language of the site.

A title says type and place and nothing else: facts before adjectives. The agency's own titles are texts, not names.
"""

from functools import lru_cache

from portal.catalogue.places import slug_of
from portal.language.messages import N_, translated

KINDS = {
    "apartment": N_("Apartment"),
    "penthouse": N_("Penthouse"),
    "duplex": N_("Duplex"),
    "studio": N_("Studio"),
    "villa": N_("Villa"),
    "bungalow": N_("Bungalow"),
    "town_house": N_("Town house"),
    "country_house": N_("Country house"),
    "cave_house": N_("Cave house"),
    "wooden_home": N_("Wooden house"),
    "land": N_("Plot of land"),
    "ruin": N_("Ruin"),
    "garage": N_("Parking space"),
    "storage": N_("Storage room"),
    "commercial": N_("Commercial premises"),
    "office": N_("Office"),
    "hotel": N_("Hotel"),
    "building": N_("Building"),
    "other": N_("Property"),
}
# Kinds people live in: their cards name bedrooms and bathrooms, even where the agency did not give them.
DWELLINGS = frozenset(KINDS) - {
    "land", "ruin", "garage", "storage", "commercial", "office", "hotel", "building", "other",
}  # fmt: skip
# Features that agencies' exports name over and over, by their word in small letters.
FEATURES = {
    word.casefold(): word
    for word in (
        N_("Air conditioning"),
        N_("Alarm"),
        N_("Appliances"),
        N_("Balcony"),
        N_("Barbecue"),
        N_("Basement"),
        N_("Beachfront"),
        N_("Close to golf"),
        N_("Close to restaurants"),
        N_("Close to shops"),
        N_("Close to the beach"),
        N_("Close to the sea"),
        N_("Close to town"),
        N_("Communal garden"),
        N_("Communal pool"),
        N_("Concierge"),
        N_("Covered terrace"),
        N_("Double glazing"),
        N_("Fireplace"),
        N_("Fitted kitchen"),
        N_("Fitted wardrobes"),
        N_("Furnished"),
        N_("Garage"),
        N_("Garden"),
        N_("Gated community"),
        N_("Good condition"),
        N_("Guest toilet"),
        N_("Gym"),
        N_("Heated pool"),
        N_("Heating"),
        N_("Lift"),
        N_("Mountain views"),
        N_("Parking"),
        N_("Porch"),
        N_("Private garden"),
        N_("Private pool"),
        N_("Private terrace"),
        N_("Renovated"),
        N_("Roof terrace"),
        N_("Sauna"),
        N_("Sea views"),
        N_("Security"),
        N_("Solar panels"),
        N_("Solarium"),
        N_("Storage room"),
        N_("Terrace"),
        N_("Underfloor heating"),
        N_("Utility room"),
        N_("Carport"),
        N_("Communal parking"),
        N_("Electric heating"),
        N_("Garden views"),
        N_("Golf views"),
        N_("Open kitchen"),
        N_("Parking on the plot"),
        N_("Underground parking"),
        N_("Valley views"),
        N_("Wheelchair access"),
        N_("Wi-Fi"),
    )
} | {
    "elevator": N_("Lift"),
    "storeroom": N_("Storage room"),
    "pool communal": N_("Communal pool"),
    "garden communal": N_("Communal garden"),
    "sea view": N_("Sea views"),
    "mountain view": N_("Mountain views"),
    "near beach": N_("Close to the beach"),
    "beachside": N_("Beachfront"),
    "close to restaurant": N_("Close to restaurants"),
    "balcon": N_("Balcony"),
    "wardrobes cupboard": N_("Fitted wardrobes"),
    "pool": N_("Pool"),
}
TITLES = {
    "sale": N_("%(kind)s in %(place)s"),
    "rent_long": N_("%(kind)s to rent in %(place)s"),
    "rent_short": N_("%(kind)s for holidays in %(place)s"),
}


def place(town: str, area: str | None) -> str:
    """Where a home is, the smaller place first: `Nueva Andalucía, Marbella`."""
    return ", ".join(part for part in (area, town) if part)


def title(kind: str, offer: str, town: str, area: str | None, locale: str) -> str:
    """The name of a home: `Villa in Nueva Andalucía, Marbella`."""
    return translated(locale, TITLES[offer]) % {"kind": translated(locale, KINDS[kind]), "place": place(town, area)}


def heading(kind: str, offer: str, town: str, area: str | None, locale: str) -> str:
    """The title for a heading: no line break inside the name of a place."""
    together = str.maketrans(" ", "\N{NO-BREAK SPACE}")
    return title(kind, offer, town.translate(together), area and area.translate(together), locale)


@lru_cache(20_000)
def slug(kind: str, offer: str, town: str, area: str | None, locale: str) -> str:
    """The readable end of a home's address; its public id decides, the slug is for people."""
    return slug_of(title(kind, offer, town, area, locale))


def feature(text: str, locale: str) -> str:
    """A feature as agencies write it in their exports, in this language where the word is a common one."""
    return translated(locale, FEATURES[text.strip().casefold()]) if is_common(text) else text


def is_common(feature: str) -> bool:
    """Whether a feature is a word we have in every language; of any other we do not know the language."""
    return feature.strip().casefold() in FEATURES

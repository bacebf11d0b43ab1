"""Rows: what the public pages know of the catalogue, as plain tuples that a statement fills.

Never an ORM object: nothing here can be written, or read further. Money in minor units, areas in m².
"""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from portal.catalogue.naming import place
from portal.catalogue.photos import Picture
from portal.catalogue.properties import VISIBLE


class Where(NamedTuple):
    """A place that a search is about: `area` is None where it is a whole town."""

    town_id: int
    town: str
    area_id: int | None
    area: str | None

    @property
    def name(self) -> str:
        """The place for people."""
        return place(self.town, self.area)


class Card(NamedTuple):
    """One home in a list: money in minor units, areas in m². `media` is its first photo's content hash."""

    public_id: str
    reference: str
    state: str
    market_status: str
    kind: str
    offer: str
    price_minor: int | None
    previous_price_minor: int | None
    currency: str
    price_period: str | None
    bedrooms: int | None
    bathrooms: int | None
    built_m2: Decimal | None
    plot_m2: Decimal | None
    terrace_m2: Decimal | None
    new_build: bool | None
    energy_state: str
    energy_consumption: str | None
    published_at: datetime | None
    last_seen_at: datetime
    changed_at: datetime
    town: str
    town_slug: str
    area: str | None
    area_slug: str | None
    province: str
    agency: str
    media: str | None
    media_width: int | None
    media_height: int | None
    media_colour: str | None

    @property
    def picture(self) -> Picture | None:
        """Its first photo."""
        if self.media is None:
            return None
        return Picture(self.media, self.media_width, self.media_height, self.media_colour)


class Home(NamedTuple):
    """One home on its own page, in whatever state it is."""

    card: Card
    id: int
    agency_id: int
    agency_slug: str
    town_id: int
    latitude: float | None
    longitude: float | None
    postal_code: str | None
    part_ownership: bool | None
    leasehold: bool | None
    year_built: int | None
    pool: str
    energy_consumption_kwh: Decimal | None
    energy_emissions: str | None
    energy_emissions_kg: Decimal | None
    cadastral_reference: str | None
    features: list[str]
    video_url: str | None
    tour_url: str | None
    withdrawn_at: datetime | None

    @property
    def is_visible(self) -> bool:
        """Whether the public may see the page."""
        return self.card.state in VISIBLE


class Words(NamedTuple):
    """What the agency writes about a home in one language."""

    locale: str
    title: str | None
    description: str


class Photo(NamedTuple):
    """One of the pictures of a home, and what the agency says it shows."""

    kind: str
    caption: str | None
    picture: Picture

    @property
    def media(self) -> str:
        """Its content hash."""
        return self.picture.media


class Town(NamedTuple):
    """A town with the number of homes it has on offer."""

    slug: str
    name: str
    homes: int


class Count(NamedTuple):
    """How many homes a search finds, and how many of them stand before the page shown."""

    homes: int
    ahead: int


class Found(NamedTuple):
    """One page of results, and the homes from which the neighbouring pages go on (None: there is no such page)."""

    cards: list[Card]
    before: str | None
    after: str | None

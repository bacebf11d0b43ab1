"""Listings: what every adapter makes of a feed, whatever its format.

Owns the plain shapes between reading and applying. Nothing here knows XML or the database; field names of `Listing`
are the columns of `property`, so that applying is a copy.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal


class FeedUnreadable(Exception):
    """The body as a whole cannot be read: the run fails and touches nothing. The message says why and where."""


@dataclass(frozen=True)
class Finding:
    """One thing noticed about one property, or about the whole body where `source_id` is empty."""

    severity: str  # rejected | warning
    source_id: str
    reference: str
    field: str
    value: str
    reason: str


@dataclass(frozen=True)
class ListingText:
    """Title and description in one language (BCP 47); plain text, paragraphs parted by an empty line."""

    locale: str
    title: str | None
    description: str


@dataclass(frozen=True)
class ListingPhoto:
    """One picture at the agency's address, percent-encoded; `kind` is "photo" or "floorplan"."""

    source_url: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One property, normalised. Money in minor units, areas in m², coordinates in WGS 84, None where not given."""

    source_id: str
    reference: str
    source_modified_at: datetime | None
    town: str
    province: str
    area: str
    kind: str
    source_type: str
    market_status: str
    offer: str
    price_minor: int | None
    price_period: str | None
    currency: str
    country: str
    postal_code: str | None
    latitude: float | None
    longitude: float | None
    new_build: bool | None
    part_ownership: bool | None
    leasehold: bool | None
    bedrooms: int | None
    bathrooms: int | None
    built_m2: Decimal | None
    plot_m2: Decimal | None
    terrace_m2: Decimal | None
    year_built: int | None
    pool: str
    energy_state: str
    energy_consumption: str | None
    energy_consumption_kwh: Decimal | None
    energy_emissions: str | None
    energy_emissions_kg: Decimal | None
    community_fee_minor: int | None
    community_fee_months: int | None
    ibi_minor: int | None
    rubbish_minor: int | None
    cadastral_reference: str | None
    features: tuple[str, ...]
    video_url: str | None
    tour_url: str | None
    texts: tuple[ListingText, ...]
    photos: tuple[ListingPhoto, ...]
    extra: Mapping[str, str]

    @property
    def point(self) -> tuple[float, float] | None:
        """Latitude and longitude, where both are given."""
        return None if self.latitude is None or self.longitude is None else (self.latitude, self.longitude)


@dataclass(frozen=True)
class Parsed:
    """A whole body, read to its end: what may be staged, and everything that was noticed."""

    received: int
    listings: tuple[Listing, ...]
    rejected: tuple[Finding, ...]
    warnings: tuple[Finding, ...] = ()
    unknown_tags: Mapping[str, int] = field(default_factory=dict)
    degraded: bool = False


def content_hash(listing: Listing) -> str:
    """SHA-256 (hex) of everything people could see change.

    The source's own date is left out: real exporters stamp the export on every row, or never move it.
    """
    fields = asdict(listing)
    del fields["source_modified_at"]
    canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()

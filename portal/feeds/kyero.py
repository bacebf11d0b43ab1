"""Kyero XML version 3 and its dialects: the lingua franca of the Spanish coasts.

Owns the way from a Kyero body to listings, by tolerant reading: real feeds rarely pass Kyero's own schema
(help.kyero.com/estate-agents/xml-import-specification). Private notes, e-mail addresses and numbers are never read into
a listing, and a tag nobody knows never rejects a property.
"""

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, BinaryIO

from lxml import etree

from portal.feeds import values, words
from portal.feeds.kyero_tags import Rejected, Tags
from portal.feeds.listings import FeedUnreadable, Finding, Listing, ListingPhoto, ListingText, Parsed
from portal.feeds.reading import WrongEncoding, XMLFeed, local_name, text_of

MOST_PROPERTIES = 200_000
MOST_PHOTOS = 50
MOST_FEATURES = 50
SHARED_POINT = 5  # more homes than this at one point are a geocoder's default, or a point nobody can use
CONSTANT_RATING = 20  # as many homes with one and the same rating are a constant, not ratings


def read(file: BinaryIO) -> Parsed:
    """Read a whole body. Raises `FeedUnreadable` where it is no well-formed Kyero feed of version 3.

    Bytes that are not in the encoding they declare are read once more as Windows-1252, and the result is marked as
    degraded.
    """
    feed = XMLFeed(file)
    try:
        return _read(feed)
    except WrongEncoding as wrong:
        if feed.encoding.startswith("utf-16"):
            raise FeedUnreadable(str(wrong)) from None
        degraded = _read(XMLFeed(file, encoding="cp1252"))
        why = _of_body("encoding", feed.encoding, f"{wrong}; read as Windows-1252 instead")
        return replace(degraded, degraded=True, warnings=(why, *degraded.warnings))


@dataclass
class _Staged:
    listings: dict[str, Listing] = field(default_factory=dict)
    rejected: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    unknown_tags: Counter[str] = field(default_factory=Counter)
    received: int = 0
    versions: list[str] = field(default_factory=list)

    def take(self, element: etree._Element) -> None:
        """Read one property: staged, or rejected with its reason."""
        self.received += 1
        if self.received > MOST_PROPERTIES:
            raise FeedUnreadable(f"more than {MOST_PROPERTIES} properties in one body")
        tags = Tags(element)
        try:
            listing = _listing(tags)
            if listing.source_id in self.listings:
                raise Rejected("id", listing.source_id, "another property of this feed has the same id")
            self.listings[listing.source_id] = listing
        except Rejected as rejected:
            self.rejected.append(tags.finding("rejected", rejected.field, rejected.value, rejected.reason))
        self.warnings += tags.warnings
        self.unknown_tags.update(tags.unknown)

    def check_version(self, text: str) -> None:
        """Note the version the feed says it has; refuse what is written differently."""
        self.versions.append(text)
        if text.startswith("2"):
            raise FeedUnreadable("Kyero v2.1 is not read yet: export version 3")
        if not text.startswith("3"):
            self.warnings.append(_of_body("feed_version", text, "not version 3; read as if it were"))


def _read(feed: XMLFeed) -> Parsed:
    staged = _Staged()
    for element in feed.elements("property", "feed_version"):
        if local_name(element) == "property":
            staged.take(element)
        else:
            staged.check_version(text_of(element).strip())
    if not staged.received and not staged.versions:
        raise FeedUnreadable("this is no Kyero feed: it has neither a feed_version nor a property")
    if feed.forbidden:
        staged.warnings.append(_of_body("xml", str(feed.forbidden), "characters that XML forbids were taken out"))
    listings = _without_shared_points(list(staged.listings.values()), staged.warnings)
    _notice_constant_rating(listings, staged.warnings)
    return Parsed(
        received=staged.received, listings=tuple(listings), rejected=tuple(staged.rejected),
        warnings=tuple(staged.warnings), unknown_tags=dict(staged.unknown_tags),
    )  # fmt: skip


def _listing(tags: Tags) -> Listing:
    if tags.is_skeleton():
        raise Rejected("property", "", "an empty row: nothing but id, reference and date")
    return Listing(
        source_id=tags.required("id", 50), reference=tags.required("ref", 255), town=tags.required("town", 80),
        **_modified(tags), **_offer(tags), **_type(tags), **_place(tags), **_position(tags), **_sizes(tags),
        **_energy(tags), **_running(tags), **_texts(tags), **_media(tags), extra=tags.extra(),
    )  # fmt: skip


def _modified(tags: Tags) -> dict[str, Any]:
    return {"source_modified_at": tags.read("date", values.moment, "not a date")}


def _offer(tags: Tags) -> dict[str, Any]:
    frequency = tags.required("price_freq", 200)
    offer = words.offer_of(frequency)
    if offer is None:
        raise Rejected("price_freq", frequency, "neither a sale nor a rent we know")
    new_build = tags.flag("new_build")
    if new_build is None and words.folded(frequency) in {"new build", "newbuild", "obra nueva"}:
        new_build = True
    currency = tags.text("currency").upper()
    currency = words.CURRENCY_SIGNS.get(currency, currency)
    price = _price(tags)
    if currency not in words.CURRENCIES:
        tags.warn("currency", currency, "unknown currency: the price is shown as on request")
        currency, price = "EUR", None
    return {
        "offer": offer[0], "price_period": offer[1], "price_minor": price, "currency": currency, "new_build": new_build,
        "part_ownership": tags.flag("part_ownership"), "leasehold": tags.flag("leasehold"),
    }  # fmt: skip


def _price(tags: Tags) -> int | None:
    text = tags.text("price")
    if text.lower() == "x":  # the schema's own word for “on request”
        return None
    price = values.money(text)
    if not price:
        tags.warn("price", text, "no amount: shown as on request")
    return price or None


def _type(tags: Tags) -> dict[str, Any]:
    text = values.line(tags.first_text("type"), 120)
    kind = words.kind_of(text)
    if kind is None:
        tags.warn("type", text, "unmapped type: shown as “other”")
    statuses = (words.market_status_of(tags.text(tag)) for tag in ("status", "state"))
    status = next((found for found in statuses if found), "available")
    year = tags.text("antiguedad")
    return {
        "kind": kind or "other", "source_type": text, "market_status": status,
        "year_built": int(year) if len(year) == 4 and year.isascii() and year.isdigit() and year > "1000" else None,
    }  # fmt: skip


def _place(tags: Tags) -> dict[str, Any]:
    country = words.country_of(tags.text("country"))
    if country is None:
        tags.warn("country", tags.text("country"), "unknown country: taken for Spain")
    province = re.sub(r"\s*\(provinc(e|ia)\)$", "", values.line(tags.text("province"), 80), flags=re.IGNORECASE)
    if not province:
        tags.warn("province", "", "no province")
    postal_codes = (values.line(tags.text(tag), 12) for tag in ("postcode", "postal_code", "cp"))
    cadastral = tags.text("catastral") or tags.text("cadastralRef")
    return {
        "country": country or "ES", "province": province, "area": values.line(tags.text("location_detail"), 80),
        "postal_code": next((code for code in postal_codes if code), None),
        "cadastral_reference": cadastral.replace(" ", "")[:20] or None,
    }  # fmt: skip


def _position(tags: Tags) -> dict[str, Any]:
    nowhere = {"latitude": None, "longitude": None}
    texts = (tags.text("location", "latitude"), tags.text("location", "longitude"))
    if texts == ("", ""):
        return nowhere
    latitude, longitude = (values.degrees(text) for text in texts)
    if latitude is None or longitude is None:
        tags.warn("location", " ".join(texts), "not a pair of coordinates")
        return nowhere
    south, north, west, east = words.COUNTRY_BOXES.get(
        words.country_of(tags.text("country")) or "ES", (-90, 90, -180, 180)
    )
    if (latitude, longitude) == (0, 0) or not (south <= latitude <= north and west <= longitude <= east):
        tags.warn("location", " ".join(texts), "outside the country")
        return nowhere
    return {"latitude": latitude, "longitude": longitude}


def _sizes(tags: Tags) -> dict[str, Any]:
    studio = words.kind_of(tags.first_text("type")) == "studio"
    bedrooms = tags.read("beds", lambda text: values.whole(text, 200), "not a number")
    pool = words.pool_of(tags.text("pool"))
    if pool is None:
        tags.warn("pool", tags.text("pool"), "unknown word for a pool")
    return {
        "bedrooms": bedrooms if bedrooms or studio else None,
        "bathrooms": tags.read("baths", lambda text: values.whole(text, 200), "not a number") or None,
        "built_m2": _area(tags, "built"), "plot_m2": _area(tags, "plot"), "terrace_m2": _area(tags, "terrace"),
        "pool": pool or "unknown",
    }  # fmt: skip


def _area(tags: Tags, name: str) -> Decimal | None:
    return tags.read("surface_area", values.area, "not an area in m²", name) or None


def _energy(tags: Tags) -> dict[str, Any]:
    states: list[str] = []
    letters: dict[str, str | None] = {}
    for name in ("consumption", "emissions"):
        text = tags.text("energy_rating", name)
        found = words.energy_of(text)
        if found is None:
            tags.warn(f"energy_rating/{name}", text, "not an energy rating")
        state, letters[name] = found or ("unknown", None)
        states.append(state)
    state = next((each for each in ("rated", "in_process", "exempt") if each in states), "unknown")
    measured = {
        name: tags.read("energy_rating", values.measure, "not a number", name)
        for name in ("consumption_value", "emissions_value")
    }
    return {
        "energy_state": state, "energy_consumption": letters["consumption"], "energy_emissions": letters["emissions"],
        "energy_consumption_kwh": measured["consumption_value"], "energy_emissions_kg": measured["emissions_value"],
    }  # fmt: skip


def _running(tags: Tags) -> dict[str, Any]:
    # Kyero itself has none of them. The first is met in dialects, and all are Optima-CRM's own names.
    fee, months = _fee(tags, "community_fees") or (None, None)
    return {
        "community_fee_minor": fee, "community_fee_months": months, "ibi_minor": _by_year(tags, "real_estate_tax"),
        "rubbish_minor": _by_year(tags, "rubbish"),
    }  # fmt: skip


def _fee(tags: Tags, name: str) -> tuple[int, int | None] | None:
    fee = tags.read(name, values.fee, "not an amount, alone or with its period")
    return fee if fee and fee[0] else None


def _by_year(tags: Tags, name: str) -> int | None:
    # Towns charge both by the year: a figure alone is one.
    minor, months = _fee(tags, name) or (0, None)
    return minor * 12 // (months or 12) or None


def _texts(tags: Tags) -> dict[str, Any]:
    titles = {locale: values.line(text, 255) for locale, text in tags.by_language("title").items()}
    descriptions = {locale: values.paragraphs(text) for locale, text in tags.by_language("desc").items()}
    if any(values.holds_contact(text) for text in descriptions.values()):
        tags.warn("desc", "", "holds a phone number, an e-mail or a web address")
    locales = sorted(locale for locale in {*titles, *descriptions} if titles.get(locale) or descriptions.get(locale))
    features = [values.line(text, 100) for text in tags.features()]
    if not locales and not features:
        tags.warn("desc", "", "neither a description nor features")
    return {
        "texts": tuple(
            ListingText(locale, titles.get(locale) or None, descriptions.get(locale, "")) for locale in locales
        ),
        "features": tuple(dict.fromkeys(text for text in features if text))[:MOST_FEATURES],
    }


def _media(tags: Tags) -> dict[str, Any]:
    photos: dict[str, ListingPhoto] = {}
    for text, kind in tags.images():
        address = values.web_address(text)
        if address is None:
            tags.warn("images", text, "not an http(s) address")
        elif address not in photos:
            photos[address] = ListingPhoto(address, kind)
    if len(photos) > MOST_PHOTOS:
        tags.warn("images", str(len(photos)), f"more than {MOST_PHOTOS} pictures: the first {MOST_PHOTOS} are taken")
    return {
        "photos": tuple(photos.values())[:MOST_PHOTOS],
        "video_url": tags.read("video_url", lambda text: values.web_address(text, 500), "not an http(s) address"),
        "tour_url": tags.read("virtual_tour_url", lambda text: values.web_address(text, 500), "not an http(s) address"),
    }


def _without_shared_points(listings: list[Listing], warnings: list[Finding]) -> list[Listing]:
    homes = Counter(each.point for each in listings if each.point)
    kept = []
    for listing in listings:
        if listing.point and homes[listing.point] > SHARED_POINT:
            point = " ".join(map(str, listing.point))
            reason = f"more than {SHARED_POINT} properties at one point: taken for a geocoder's default"
            warnings.append(Finding("warning", listing.source_id, listing.reference, "location", point, reason))
            listing = replace(listing, latitude=None, longitude=None)
        kept.append(listing)
    return kept


def _notice_constant_rating(listings: list[Listing], warnings: list[Finding]) -> None:
    ratings = {(each.energy_consumption, each.energy_emissions) for each in listings}
    if len(listings) >= CONSTANT_RATING and len(ratings) == 1 and (None, None) not in ratings:
        rating = "/".join(letter or "-" for letter in next(iter(ratings)))
        warnings.append(_of_body("energy_rating", rating, "every property has the same rating"))


def _of_body(name: str, value: str, reason: str) -> Finding:
    return Finding("warning", "", "", name, value[:200], reason)

"""What a page says to machines in the words of schema.org (JSON-LD): the site with its search, an agency, a home with
its offer.

Says nothing that the page does not say to people, and leaves out what the agency did not give. The exact place of a
home is no part of it.
"""

import json
from typing import Any

from markupsafe import Markup

from portal import addresses
from portal.catalogue import week
from portal.catalogue.publishers import Publisher
from portal.catalogue.rows import Card, Home
from portal.catalogue.week import Week
from portal.consent.notices import RECORDER
from portal.language import formats
from portal.web.presenting import Shown

HOUSES = ("villa", "bungalow", "country_house", "wooden_home")
FLATS = ("apartment", "penthouse", "duplex", "studio")
DWELLINGS = dict.fromkeys(FLATS, "Apartment") | dict.fromkeys(HOUSES, "SingleFamilyResidence")
DWELLINGS |= {"town_house": "House", "cave_house": "House"}
AVAILABILITY = {
    "under_offer": "LimitedAvailability", "reserved": "LimitedAvailability", "sold": "SoldOut", "let": "SoldOut",
    "off_market": "OutOfStock",
}  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
UNITS = {"month": "MON", "week": "WEE", "day": "DAY"}  # UN/CEFACT Recommendation 20
SQUARE_METRES = "MTK"
UNSAFE = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}  # may end or alter a script element


def website(lang: str, origin: str) -> Markup:
    """The site, who runs it, and how it is searched."""
    return embedded({
        "@context": "https://schema.org",
        "@type": "WebSite",
        "name": "ImmoMarket",
        "url": origin + addresses.home(lang),
        "inLanguage": lang,
        "publisher": {"@type": "Organization", "name": RECORDER},
        "potentialAction": {
            "@type": "SearchAction",
            "target": {
                "@type": "EntryPoint",
                "urlTemplate": f"{origin}{addresses.search(lang, 'buy')}?place={{place}}",
            },
        },
    })  # fmt: skip


def listing(shown: Shown, origin: str, home: Home) -> Markup:
    """A published home: the page about it, what it is, the offer with its agency, and the way there."""
    card, url = home.card, origin + shown.address(home.card)
    page = _given({
        "@type": "RealEstateListing",
        "@id": url,
        "url": url,
        "name": shown.title(card),
        "inLanguage": shown.lang,
        "datePosted": card.published_at and card.published_at.astimezone(formats.ZONE).date().isoformat(),
        "dateModified": formats.utc(card.changed_at),
        "image": picture(origin, card),
        "mainEntity": _residence(shown, home),
        "offers": _offer(shown, origin, home),
    })  # fmt: skip
    return embedded({"@context": "https://schema.org", "@graph": [page, _way(shown, origin, card)]})


def agency(lang: str, origin: str, publisher: Publisher) -> Markup:
    """An agency that publishes here, as its page shows it."""
    website = publisher.website or ""
    address = _given({
        "streetAddress": publisher.street, "postalCode": publisher.postal_code, "addressLocality": publisher.town,
    })  # fmt: skip
    return embedded(_given({
        "@context": "https://schema.org",
        "@type": "RealEstateAgent",
        "name": publisher.name,
        "url": origin + addresses.agency(lang, publisher.slug),
        "telephone": publisher.phone,
        "sameAs": website if website.startswith(("http://", "https://")) else None,
        "address": {"@type": "PostalAddress", **address, "addressCountry": "ES"} if address else None,
        "openingHoursSpecification": publisher.hours and _week(publisher.hours.week),
    }))  # fmt: skip


def picture(origin: str, card: Card) -> str | None:
    """The address of a home's first picture in its largest size; None where there is none yet."""
    first = card.picture
    if first is None or not first.widths:
        return None
    return origin + addresses.media(first.media, first.widths[-1], "jpg")


def embedded(document: dict[str, Any]) -> Markup:
    """A document as the text of a script element: no sign in it can end the element (HTML §4.12.1.3)."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.translate(UNSAFE))  # noqa: S704 - JSON, and no sign in it that HTML reads is left


def _week(told: Week) -> list[dict[str, Any]]:
    return [
        {
            "@type": "OpeningHoursSpecification",
            "dayOfWeek": [f"https://schema.org/{name}" for name in WEEKDAYS[run.first : run.last + 1]],
            "opens": week.clock(interval.opens),
            # A time of XML Schema is always on its own day.
            "closes": week.clock(min(interval.closes, week.DAY - 1)),
        }
        for run in week.runs(told)
        for interval in run.intervals
    ]


def _residence(shown: Shown, home: Home) -> dict[str, Any]:
    card = home.card
    about: dict[str, Any] = {
        "@type": DWELLINGS.get(card.kind, "Place"),
        "name": shown.title(card),
        "address": _given({
            "@type": "PostalAddress",
            "addressLocality": card.town,
            "addressRegion": card.province,
            "postalCode": home.postal_code,
            "addressCountry": "ES",
        }),
        "amenityFeature": [
            {"@type": "LocationFeatureSpecification", "name": shown.feature(feature), "value": True}
            for feature in home.features
        ],
        "additionalProperty": _further(shown, card),
    }  # fmt: skip
    if card.kind in DWELLINGS:
        about |= {
            "numberOfBedrooms": card.bedrooms,
            "numberOfBathroomsTotal": card.bathrooms,
            "floorSize": _area(card.built_m2),
            "yearBuilt": home.year_built,
        }
    return _given(about)


def _further(shown: Shown, card: Card) -> list[dict[str, Any]]:
    rated = card.energy_consumption if card.energy_state == "rated" else None
    plot = card.plot_m2 and {"value": float(card.plot_m2), "unitCode": SQUARE_METRES}
    known = [("Energy consumption", {"value": rated} if rated else None), ("Plot", plot)]
    return [{"@type": "PropertyValue", "name": name, **value} for name, value in known if value]


def _area(value: Any) -> dict[str, Any] | None:
    return {"@type": "QuantitativeValue", "value": float(value), "unitCode": SQUARE_METRES} if value else None


def _offer(shown: Shown, origin: str, home: Home) -> dict[str, Any]:
    card = home.card
    priced: dict[str, Any] = {}
    if card.price_minor is not None:
        priced = {"price": card.price_minor / 100, "priceCurrency": card.currency}
    if priced and card.offer != "sale" and card.price_period in UNITS:
        unit = {"@type": "UnitPriceSpecification", **priced, "unitCode": UNITS[card.price_period]}
        priced = {"priceSpecification": unit}
    return {
        "@type": "Offer",
        "url": origin + shown.address(card),
        "availability": f"https://schema.org/{AVAILABILITY.get(card.market_status, 'InStock')}",
        **priced,
        "seller": {
            "@type": "RealEstateAgent",
            "name": card.agency,
            "url": origin + addresses.agency(shown.lang, home.agency_slug),
        },
    }


def _way(shown: Shown, origin: str, card: Card) -> dict[str, Any]:
    offer = addresses.OFFER_WORDS[card.offer]
    steps = [(card.town, addresses.search(shown.lang, offer, card.town_slug))]
    if card.area and card.area_slug:
        steps.append((card.area, addresses.search(shown.lang, offer, card.town_slug, card.area_slug)))
    steps.append((shown.title(card), shown.address(card)))
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": position, "name": name, "item": origin + path}
            for position, (name, path) in enumerate(steps, start=1)
        ],
    }


def _given(terms: dict[str, Any]) -> dict[str, Any]:
    return {term: value for term, value in terms.items() if value not in (None, "", [])}

"""Seeding: the sample agencies, their homes and the drawn pictures, put into an empty portal once.

Homes go in by the importer, like those of a real feed. Every step may be interrupted and run again; what is there
stays as it is. It must never run against a database that holds anybody's real data: `portal demo` has one of its own.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlmodel import Session, col, func, select

from portal.catalogue import agencies, photos
from portal.catalogue.properties import Property, PropertyPhoto
from portal.consent.founding import publish_first_policy
from portal.db import Database
from portal.demo import homes
from portal.demo.homes import Home
from portal.demo.plates import PLATES, drawn
from portal.demo.sample import SAMPLES, Sample
from portal.feeds import applying, records
from portal.feeds.listings import content_hash
from portal.feeds.records import Feed


def is_complete(database: Database) -> bool:
    """Whether everything is in."""
    with database.read() as session:
        present = session.exec(select(func.count()).select_from(Property)).one()
        # Pictures are named last, so a home without them belongs to a run that was interrupted.
        unnamed = session.exec(select(PropertyPhoto).where(col(PropertyPhoto.media).is_(None)).limit(1)).first()
    return present >= homes.NUMBER and unnamed is None


def pictures(data_directory: Path) -> dict[str, str]:
    """Draw every plate and keep it in its sizes; the content hash by name. Takes a few seconds."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        return dict(zip(PLATES, pool.map(lambda name: photos.store(data_directory, drawn(name)), PLATES), strict=True))


def seed(database: Database, media: Mapping[str, str], now: datetime) -> None:
    """Put the first policy, the agencies and their homes in; `media` are the hashes of the plates by name."""
    every = homes.every({town: sample.prefix for sample in SAMPLES for town in sample.towns})
    database.write(partial(publish_first_policy, now=now))
    for sample in SAMPLES:
        own = [home for home in every if home.town in sample.towns]
        feed = database.write(partial(_agency, sample=sample, now=now))
        listings = [home.listing for home in own]
        hashes = {listing.source_id: content_hash(listing) for listing in listings}
        applying.apply(database, feed, listings, hashes, now, lambda done, total: None)
        database.write(partial(_date, feed=feed, own=own, media=media, now=now))


def _agency(session: Session, sample: Sample, now: datetime) -> Feed:
    present = session.exec(select(Feed).where(Feed.slug == sample.slug)).one_or_none()
    if present is not None:
        return present
    contact = agencies.add(
        session, sample.slug, sample.name, sample.town, sample.email, now, contact_name=sample.contact,
        phone=sample.phone, street=sample.street, postal_code=sample.postal_code, locale=sample.locale,
    )  # fmt: skip
    agencies.confirm(session, contact, now, "ops", "portal demo", "invented for the demo")
    agency = agencies.by_slug(session, sample.slug)
    return records.add(session, sample.slug, agency, None, True, now)


def _date(session: Session, feed: Feed, own: Sequence[Home], media: Mapping[str, str], now: datetime) -> None:
    by_source = {home.listing.source_id: home for home in own}
    for row in session.exec(select(Property).where(Property.feed_id == feed.id)):
        home = by_source[row.source_id]
        row.published_at = row.first_seen_at = row.changed_at = now - home.age
        row.last_seen_at = now - home.confirmed
        row.previous_price_minor = home.former_price
    sources = {homes.source_of(name): name for name in PLATES}
    of_feed = select(PropertyPhoto).join(Property).where(Property.feed_id == feed.id)
    for photo in session.exec(of_feed):
        name = sources[photo.source_url]
        photo.media, photo.caption = media[name], PLATES[name].caption

"""Seeding: the sample agencies, their homes and the drawn pictures, put into an empty portal once.

Homes go in by the importer, like those of a real feed; pictures go into the photo store, like those fetched from an
agency. Every step may be interrupted and run again; what is there stays as it is. It must never run against a database
that holds anybody's real data: `portal demo` has one of its own.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import update
from sqlmodel import Session, col, func, select

from portal import db
from portal.catalogue import agencies, opening, photos, versions
from portal.catalogue.opening import Change
from portal.catalogue.properties import Property, PropertyPhoto
from portal.catalogue.statements import PAGE
from portal.consent.founding import publish_first_policy
from portal.db import Database
from portal.demo import homes
from portal.demo.homes import Home
from portal.demo.plates import PLATES, drawn
from portal.demo.sample import SAMPLES, Sample
from portal.feeds import applying, records
from portal.feeds.listings import content_hash
from portal.feeds.records import Feed

CORES = 2


def every() -> list[Home]:
    """The homes of all sample agencies."""
    return homes.every({town: sample.prefix for sample in SAMPLES for town in sample.towns})


def is_complete(database: Database) -> bool:
    """Whether all homes are in."""
    with database.read() as session:
        present = session.exec(select(func.count()).select_from(Property)).one()
        # Captions are written last, so a home without them belongs to a run that was interrupted.
        silent = session.exec(select(PropertyPhoto).where(col(PropertyPhoto.caption).is_(None)).limit(1)).first()
    return present >= homes.NUMBER and silent is None


def seed(database: Database, now: datetime) -> None:
    """Put the first policy, the agencies and their homes in; their pictures are hung later."""
    everywhere = every()
    database.write(partial(publish_first_policy, now=now))
    for sample in SAMPLES:
        own = [home for home in everywhere if home.town in sample.towns]
        feed = database.write(partial(_agency, sample=sample, now=now))
        listings = [home.listing for home in own]
        hashes = {listing.source_id: content_hash(listing) for listing in listings}
        applying.apply(database, feed, listings, hashes, now, lambda done, total: None)
        database.write(partial(_date, feed=feed, own=own, now=now))


def first_plates() -> list[str]:
    """The plates that stand first on the first page of homes to buy, and of homes to rent."""
    newest = sorted(every(), key=lambda home: home.age)
    pages = [[home for home in newest if (home.listing.offer == "sale") is to_buy][:PAGE] for to_buy in (True, False)]
    return list(dict.fromkeys(home.plates[0] for page in pages for home in page if home.plates))


def hang(database: Database, data_directory: Path, name: str) -> str:
    """Draw one plate, give it to the photo store, and name it wherever a home shows it; its content hash."""
    media = photos.receive(database, data_directory, drawn(name), db.utcnow())
    database.write(partial(_name, source=homes.source_of(name), media=media))
    return media


def hang_and_make(database: Database, data_directory: Path, names: Sequence[str]) -> None:
    """Hang these plates and make their sizes here and now, on every core."""
    with ThreadPoolExecutor(CORES) as pool:
        made = list(pool.map(lambda name: photos.make(data_directory, hang(database, data_directory, name)), names))
    database.write(partial(photos.settle, made=made, now=db.utcnow()))


def missing(database: Database, names: Sequence[str]) -> list[str]:
    """Those of the plates that some home still lacks."""
    with database.read() as session:
        lacking = set(
            session.exec(select(PropertyPhoto.source_url).where(col(PropertyPhoto.media).is_(None)).distinct())
        )
    return [name for name in names if homes.source_of(name) in lacking]


def hang_the_rest(database: Database, data_directory: Path) -> Iterator[str]:
    """Hang every other plate, one at each step; the worker makes their sizes."""
    for name in missing(database, list(PLATES)):
        hang(database, data_directory, name)
        yield name


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
    opening.change(session, agency, Change(hours=sample.hours, holidays="ES-AN"), now)
    return records.add(session, sample.slug, agency, None, True, now)


def _date(session: Session, feed: Feed, own: Sequence[Home], now: datetime) -> None:
    by_source = {home.listing.source_id: home for home in own}
    for row in session.exec(select(Property).where(Property.feed_id == feed.id)):
        home = by_source[row.source_id]
        row.published_at = row.first_seen_at = row.changed_at = now - home.age
        row.last_seen_at = now - home.confirmed
        row.previous_price_minor = home.former_price
    for name, plate in PLATES.items():
        of_plate = col(PropertyPhoto.source_url) == homes.source_of(name)
        session.execute(update(PropertyPhoto).where(of_plate).values(caption=plate.caption))


def _name(session: Session, source: str, media: str) -> None:
    session.execute(update(PropertyPhoto).where(col(PropertyPhoto.source_url) == source).values(media=media))
    versions.raise_version(session)

"""Applying: what a parsed body means for the properties we know, and doing it in short batches.

Owns the rules of presence: rejected is not absent, absent is withdrawn only after two different good snapshots or a
day, and a mass removal waits for a person. It must never delete a property, touch one that ops blocked or erased beyond
its contents, or hold the write lock for longer than one batch.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import case, delete, func, insert, literal, update
from sqlmodel import Session, col, select

from portal.catalogue import places, prices, versions
from portal.catalogue.prices import Asked
from portal.catalogue.properties import Property, PropertyPhoto, PropertyText
from portal.db import Database, UTCDateTime, affected, one_at_a_time
from portal.feeds.listings import Listing, Parsed, content_hash
from portal.feeds.records import Feed

BATCH = 50  # properties a transaction: about a tenth of a second, which is what an enquiry may have to wait
LIVE = ("pending", "published", "held", "stale")
GRACE = timedelta(hours=24)
SNAPSHOTS_WITHOUT = 2
FEW = 5  # so many may vanish from however small a feed before a person is asked

# Fields of a listing that are columns of the same name; the others need a look-up or a table of their own.
COLUMNS = (
    "reference", "source_modified_at", "kind", "source_type", "market_status", "offer", "price_minor", "price_period",
    "currency", "country", "postal_code", "latitude", "longitude", "new_build", "part_ownership", "leasehold",
    "bedrooms", "bathrooms", "built_m2", "plot_m2", "terrace_m2", "year_built", "pool", "energy_state",
    "energy_consumption", "energy_consumption_kwh", "energy_emissions", "energy_emissions_kg", "community_fee_minor",
    "community_fee_months", "ibi_minor", "rubbish_minor", "cadastral_reference", "video_url", "tour_url",
)  # fmt: skip

Item = TypeVar("Item")


@dataclass(frozen=True)
class Plan:
    """What a body would change. Lists hold keys of properties; `returned` counts withdrawn ones among the updated.

    `hashes` are the content hashes of the accepted listings by source id.
    """

    hashes: Mapping[str, str]
    live: int
    added: int
    updated: int
    unchanged: int
    returned: int
    stale: list[int]
    missing: list[int]
    withdrawn: list[int]
    newly_missing: int
    new_snapshot: bool

    @property
    def held_because(self) -> str | None:
        """Why a person must look first, else None. What passed this guard once is not asked about again."""
        most = max(FEW, self.live // 4)
        if not self.hashes:
            return f"no property of this feed could be accepted; {self.live} are live"
        if self.newly_missing > most:
            return f"{self.newly_missing} of {self.live} live properties are missing, more than {most}"
        return None


def plan(session: Session, feed: Feed, parsed: Parsed, new_snapshot: bool, now: datetime) -> Plan:
    """Compare a body with what we know. `new_snapshot`: its bytes differ from those of the last good run."""
    known = {row.source_id: row for row in session.execute(_known(feed))}
    hashes = {listing.source_id: content_hash(listing) for listing in parsed.listings}
    kept = [known[source_id] for source_id in hashes.keys() & known.keys()]
    returned = [row for row in kept if row.state == "withdrawn"]
    unchanged = [row for row in kept if row.state != "withdrawn" and row.content_hash == hashes[row.source_id]]

    live = [row for row in known.values() if row.state in LIVE]
    stale = _present_though_rejected(parsed, live, hashes.keys())
    absent = [row for row in live if row.source_id not in hashes and row.id not in stale]
    withdrawn = {row.id for row in absent if _grace_is_over(row, new_snapshot, now)}
    return Plan(
        hashes=hashes, live=len(live), added=len(hashes) - len(kept), updated=len(kept) - len(unchanged),
        unchanged=len(unchanged), returned=len(returned), stale=sorted(stale), withdrawn=sorted(withdrawn),
        missing=[row.id for row in absent if row.id not in withdrawn],
        newly_missing=sum(row.missing_since is None for row in absent), new_snapshot=new_snapshot,
    )  # fmt: skip


def apply(
    database: Database, feed: Feed, listings: Sequence[Listing], hashes: Mapping[str, str], now: datetime,
    progress: Callable[[int, int], None],
) -> None:  # fmt: skip
    """Write the listings, one transaction a batch. Safe to be interrupted and run again."""
    done = 0
    for batch in _batches(listings, BATCH):
        database.write(partial(_write, feed=feed, batch=batch, hashes=hashes, now=now))
        done += len(batch)
        progress(done, len(listings))


def settle(session: Session, found: Plan, now: datetime) -> None:
    """Mark what is stale, missing and withdrawn: part of the transaction that records the run.

    So a run that dies on the way has counted nothing as missing. A property that another run saw meanwhile is left
    alone.
    """
    seen = {"last_seen_at": now, "missing_since": None, "missing_snapshots": 0}
    stale = case((col(Property.state) == "published", "stale"), else_=col(Property.state))
    _update(session, found.stale, now, **seen, state=stale)
    missing_since = func.coalesce(col(Property.missing_since), literal(now, UTCDateTime()))
    counted = case(
        (col(Property.missing_since).is_(None), 1),
        else_=col(Property.missing_snapshots) + int(found.new_snapshot),
    )
    _update(session, found.missing, now, missing_since=missing_since, missing_snapshots=counted)
    _update(session, found.withdrawn, now, state="withdrawn", withdrawn_at=now, missing_snapshots=counted)
    versions.raise_version(session)


def _known(feed: Feed) -> Any:
    # SQLModel types no select of more than four columns.
    return select(
        Property.id, Property.source_id, Property.reference, Property.content_hash, Property.state,
        Property.missing_since, Property.missing_snapshots,
    ).where(Property.feed_id == feed.id)  # type: ignore[call-overload]  # fmt: skip


def _present_though_rejected(parsed: Parsed, live: Iterable[Any], accepted: Set[str]) -> set[int]:
    # A row that lost its id is still there: its reference says which property it was.
    ids = {finding.source_id for finding in parsed.rejected if finding.source_id} - accepted
    references = {finding.reference for finding in parsed.rejected if finding.reference and not finding.source_id}
    return {
        row.id for row in live
        if row.source_id in ids or (row.reference in references and row.source_id not in accepted)
    }  # fmt: skip


def _grace_is_over(row: Any, new_snapshot: bool, now: datetime) -> bool:
    if row.missing_since is None:
        return False
    return bool(row.missing_snapshots + new_snapshot >= SNAPSHOTS_WITHOUT or now - row.missing_since >= GRACE)


def _write(session: Session, feed: Feed, batch: Sequence[Listing], hashes: Mapping[str, str], now: datetime) -> None:
    _one_at_a_time(session)
    session.autoflush = False  # looking up a place must not send the homes out one by one
    wanted = [listing.source_id for listing in batch]
    statement = select(Property).where(Property.feed_id == feed.id, col(Property.source_id).in_(wanted))
    known = {home.source_id: home for home in session.exec(statement)}
    changed: list[tuple[Property, Listing]] = []
    seen: list[tuple[Property, Asked | None]] = []
    town_keys: dict[tuple[str, str, str], tuple[int, int | None]] = {}
    for listing in batch:
        home = known.get(listing.source_id) or _new(feed, listing, now)
        if home.state == "erased":
            continue
        seen.append((home, prices.asked(home) if home.published_at else None))
        _see(home, feed, now)
        if home.content_hash != hashes[listing.source_id]:
            _fill(home, listing, _place_keys(session, listing, town_keys))
            home.content_hash, home.changed_at = hashes[listing.source_id], now
            changed.append((home, listing))
        session.add(home)
    session.flush()
    _write_texts(session, changed)
    _write_photos(session, changed)
    prices.keep(session, seen, now)
    versions.raise_version(session)


def _one_at_a_time(session: Session) -> None:
    # Imports share the table of places and, run twice, a feed's rows: batches of all imports queue at one row. Not a
    # plain FOR UPDATE, which would also stop whoever writes a row that points at that feed.
    session.execute(select(Feed.id).order_by(col(Feed.id)).limit(1).with_for_update(key_share=True))


def _new(feed: Feed, listing: Listing, now: datetime) -> Property:
    return Property(
        feed_id=feed.id or 0, source_id=listing.source_id, agency_id=feed.agency_id, reference=listing.reference,
        state="pending", offer=listing.offer, town_id=0, content_hash="", first_seen_at=now, last_seen_at=now,
        changed_at=now,
    )  # fmt: skip


def _see(home: Property, feed: Feed, now: datetime) -> None:
    home.last_seen_at = max(home.last_seen_at, now)
    home.missing_since, home.missing_snapshots, home.withdrawn_at = None, 0, None
    if home.state == "blocked":
        return
    # Kyero has no scope field: the feed's contract alone says what may be shown.
    home.state = "published" if feed.public_by_contract else "pending"
    if home.state == "published" and home.published_at is None:
        home.published_at = now


def _fill(home: Property, listing: Listing, place_keys: tuple[int, int | None]) -> None:
    before, after = prices.asked(home), prices.asked(listing)
    if before != after:
        home.previous_price_minor = prices.measure(before, after)
    for name in COLUMNS:
        setattr(home, name, getattr(listing, name))
    home.town_id, home.area_id = place_keys
    home.features, home.extra = list(listing.features), dict(listing.extra)


def _place_keys(
    session: Session, listing: Listing, known: dict[tuple[str, str, str], tuple[int, int | None]]
) -> tuple[int, int | None]:
    key = (listing.town, listing.province, listing.area)
    if key not in known:
        town = places.town(session, listing.town, listing.province)
        has_area = listing.area and places.slug_of(listing.area) != places.slug_of(listing.town)
        known[key] = (town.id or 0, places.area(session, town, listing.area).id if has_area else None)
    return known[key]


def _write_texts(session: Session, changed: Sequence[tuple[Property, Listing]]) -> None:
    session.execute(delete(PropertyText).where(col(PropertyText.property_id).in_([home.id for home, _ in changed])))
    rows = [
        {"property_id": home.id, "locale": text.locale, "title": text.title, "description": text.description}
        for home, listing in changed
        for text in listing.texts
    ]
    if rows:
        session.execute(insert(PropertyText), rows)


def _write_photos(session: Session, changed: Sequence[tuple[Property, Listing]]) -> None:
    # A picture whose address stayed keeps the content fetched for it, wherever it moved in the order; nothing may be
    # fetched for it between the look and the new rows.
    one_at_a_time(session, "property_photo")
    of_changed = col(PropertyPhoto.property_id).in_([home.id for home, _ in changed])
    known = select(PropertyPhoto.property_id, PropertyPhoto.source_url, PropertyPhoto.media).where(of_changed)
    fetched = {(property_id, address): media for property_id, address, media in session.exec(known)}
    session.execute(delete(PropertyPhoto).where(of_changed))
    rows = [
        {
            "property_id": home.id, "position": position, "kind": photo.kind, "source_url": photo.source_url,
            "media": fetched.get((home.id or 0, photo.source_url)),
        }
        for home, listing in changed
        for position, photo in enumerate(listing.photos)
    ]  # fmt: skip
    if rows:
        session.execute(insert(PropertyPhoto), rows)


def _update(session: Session, keys: Sequence[int], now: datetime, **values: Any) -> None:
    for some in _batches(keys, 500):
        statement = update(Property).where(
            col(Property.id).in_(some),
            col(Property.last_seen_at) <= now,
            col(Property.state).in_(LIVE),
        )
        affected(session, statement.values(**values))


def _batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]

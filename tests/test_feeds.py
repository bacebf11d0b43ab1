"""A feed goes in: what is added, kept, missed, withdrawn and brought back, and when a person is asked first."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from portal.catalogue.places import Place
from portal.catalogue.properties import Property, PropertyPhoto, PropertyText
from portal.db import Database
from portal.feeds import applying, records, running
from portal.feeds.records import Feed, FeedFinding, FeedRun, FeedSnapshot
from portal.feeds.running import Report
from tests import cast, feeds
from tests.cast import NOW


@pytest.fixture
def feed(database: Database) -> Feed:
    database.write(cast.agency)
    with database.read() as session:
        return records.by_slug(session, "costa-norte")


def run(database: Database, feed: Feed, body: bytes, **options: Any) -> Report:
    return running.run(database, feed, body, **{"by": "ops", "now": NOW, **options})


def counts(report: Report) -> dict[str, int]:
    names = ("added", "updated", "unchanged", "missing", "withdrawn")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


def home(database: Database, source_id: str = "1") -> Property:
    with database.read() as session:
        return session.exec(select(Property).where(Property.source_id == source_id)).one()


def test_the_life_of_a_feed_from_two_added_to_the_old_address_again(database, feed):
    one, two = feeds.homes(2)
    both = feeds.feed(one, two)
    assert counts(run(database, feed, both)) == {"added": 2}
    address = home(database, "2").public_id
    assert counts(run(database, feed, both)) == {"unchanged": 2}
    assert counts(run(database, feed, feeds.feed(one))) == {"unchanged": 1, "missing": 1}
    assert home(database, "2").state == "published"
    assert counts(run(database, feed, feeds.feed(one, note="another"))) == {"unchanged": 1, "withdrawn": 1}
    assert (home(database, "2").state, home(database, "2").withdrawn_at) == ("withdrawn", NOW)
    back = run(database, feed, both)
    assert (counts(back), back.returned) == ({"updated": 1, "unchanged": 1}, 1)
    again = home(database, "2")
    assert (again.public_id, again.state, again.withdrawn_at) == (address, "published", None)


def test_an_equal_body_is_no_second_snapshot_but_a_day_is_enough(database, feed):
    one, two = feeds.homes(2)
    run(database, feed, feeds.feed(one, two))
    without = feeds.feed(one)
    for hours in (0, 1, 23):
        assert counts(run(database, feed, without, now=NOW + timedelta(hours=hours)))["missing"] == 1
    assert counts(run(database, feed, without, now=NOW + timedelta(hours=24)))["withdrawn"] == 1
    with database.read() as session:
        assert len(session.exec(select(FeedSnapshot)).all()) == 2


def test_a_property_seen_in_between_starts_its_grace_anew(database, feed):
    one, two = feeds.homes(2)
    for body in (feeds.feed(one, two), feeds.feed(one), feeds.feed(one, two)):
        run(database, feed, body)
    assert home(database, "2").missing_since is None
    assert counts(run(database, feed, feeds.feed(one)))["missing"] == 1


def test_a_broken_body_in_between_counts_for_nothing(database, feed):
    one, two = feeds.homes(2)
    run(database, feed, feeds.feed(one, two))
    run(database, feed, feeds.feed(one))
    assert run(database, feed, feeds.feed(one)[:-9]).outcome == "failed"
    assert home(database, "2").missing_snapshots == 1


def test_everything_of_a_property_is_stored(database, feed):
    run(database, feed, feeds.feed(feeds.home("1", new_build="1", location_detail="Nueva Andalucía")))
    found = home(database)
    assert (found.reference, found.kind, found.offer, found.price_minor) == ("MB-1", "villa", "sale", 34_950_000)
    assert (found.bedrooms, found.built_m2, found.plot_m2, found.pool, found.new_build) == (3, 150, 500, "yes", True)
    assert (found.energy_state, found.energy_consumption, found.energy_emissions) == ("rated", "D", "E")
    assert (found.published_at, found.first_seen_at, found.last_seen_at, found.changed_at) == (NOW, NOW, NOW, NOW)
    with database.read() as session:
        texts = {text.locale: text.description for text in session.exec(select(PropertyText))}
        (photo,) = session.exec(select(PropertyPhoto))
    assert texts == {"en": "A villa around a patio.", "es": "Villa en torno a un patio."}
    assert (photo.source_url, photo.kind, photo.media) == ("https://agency.example/1.jpg", "photo", None)


def test_a_change_keeps_the_address_the_former_price_and_the_pictures_already_fetched(database, feed):
    run(database, feed, feeds.feed(feeds.home("1")))

    def fetched(session: Session) -> None:
        session.exec(select(PropertyPhoto)).one().media = "f" * 64

    database.write(fetched)
    before, later = home(database), NOW + timedelta(days=1)
    images = "".join(f"<image><url>https://agency.example/{n}.jpg</url></image>" for n in (2, 1))
    changed = feeds.home("1", price="329000", desc="<nl>Een villa.</nl>", images=images)
    assert counts(run(database, feed, feeds.feed(changed), now=later)) == {"updated": 1}
    after = home(database)
    assert (after.public_id, after.price_minor, after.previous_price_minor) == (
        before.public_id, 32_900_000, 34_950_000,
    )  # fmt: skip
    assert (after.published_at, after.changed_at) == (NOW, later)
    with database.read() as session:
        assert [text.locale for text in session.exec(select(PropertyText))] == ["nl"]
        photos = session.exec(select(PropertyPhoto).order_by(PropertyPhoto.position)).all()
    assert [(photo.source_url[-5:], photo.media) for photo in photos] == [("2.jpg", None), ("1.jpg", "f" * 64)]


def test_a_town_is_one_place_however_it_is_spelt_and_no_alphabet_is_lost(database, feed):
    towns = ("Jávea", "JAVEA", "Xàbia", "Jávea/Xàbia", "Торревьеха", "Аликанте")
    run(database, feed, feeds.feed(*(feeds.home(str(n), town=town) for n, town in enumerate(towns))))
    with database.read() as session:
        assert {place.name for place in session.exec(select(Place))} == {"Jávea", "Торревьеха", "Аликанте"}


def test_a_new_date_alone_is_no_change(database, feed):
    run(database, feed, feeds.feed(feeds.home("1")))
    assert counts(run(database, feed, feeds.feed(feeds.home("1", date="2026-11-22 10:00:00")))) == {"unchanged": 1}


def test_without_the_contract_nothing_is_shown(database, feed):
    feed.public_by_contract = False
    run(database, feed, feeds.feed(feeds.home("1")))
    assert (home(database).state, home(database).published_at) == ("pending", None)
    feed.public_by_contract = True
    run(database, feed, feeds.feed(feeds.home("1")), now=NOW + timedelta(days=1))
    assert (home(database).state, home(database).published_at) == ("published", NOW + timedelta(days=1))


@pytest.mark.parametrize("state", ["blocked", "erased"])
def test_what_ops_blocked_or_erased_stays_so(database, feed, state):
    one, two = feeds.homes(2)
    run(database, feed, feeds.feed(one, two))

    def decide(session: Session) -> None:
        session.exec(select(Property).where(Property.source_id == "1")).one().state = state

    database.write(decide)
    for body in (feeds.feed(two), feeds.feed(two, note="2"), feeds.feed(feeds.home("1", price="1000"), two)):
        run(database, feed, body)
        assert home(database).state == state
    assert home(database).price_minor == (34_950_000 if state == "erased" else 100_000)


def test_rejected_is_not_absent(database, feed):
    one, two = feeds.homes(2)
    run(database, feed, feeds.feed(one, two))
    for note in ("a", "b", "c"):
        report = run(database, feed, feeds.feed(one, feeds.home("2", price_freq="barter"), note=note))
        assert (report.missing, report.withdrawn, report.stale) == (0, 0, 1)
    (rejected,) = report.rejected
    assert (rejected.source_id, rejected.reference, rejected.field, rejected.value) == (
        "2", "MB-2", "price_freq", "barter",
    )  # fmt: skip
    assert home(database, "2").state == "stale"
    run(database, feed, feeds.feed(one, two))
    assert home(database, "2").state == "published"


def test_a_property_that_lost_its_id_is_known_by_its_reference(database, feed):
    one, two = feeds.homes(2)
    run(database, feed, feeds.feed(one, two))
    report = run(database, feed, feeds.feed(one, two.replace("<id>2</id>", "")))
    assert (report.stale, report.missing) == (1, 0)


def test_a_skeleton_row_keeps_the_last_good_version(database, feed):
    one, two = feeds.homes(2)
    run(database, feed, feeds.feed(one, two))
    report = run(database, feed, feeds.feed(one, "<property><id>2</id><ref>MB-2</ref><town/><desc/></property>"))
    assert [finding.reason for finding in report.rejected] == ["an empty row: nothing but id, reference and date"]
    assert (home(database, "2").state, home(database, "2").price_minor) == ("stale", 34_950_000)


@pytest.mark.parametrize(
    "body", [feeds.feed(), feeds.feed(feeds.home("1", price_freq="barter")), feeds.feed(*feeds.homes(13))]
)  # fmt: skip
def test_a_mass_removal_is_held_until_a_person_confirms(database, feed, body):
    run(database, feed, feeds.feed(*feeds.homes(20)))
    held = run(database, feed, body)
    assert (held.outcome, held.is_good) == ("held", False)
    assert "--confirm" in (held.reason or "")
    with database.read() as session:
        assert {(row.state, row.missing_since) for row in session.exec(select(Property))} == {("published", None)}
    confirmed = run(database, feed, body, confirm=True)
    assert (confirmed.outcome, confirmed.missing) == ("applied", held.missing)


def test_what_was_confirmed_once_is_withdrawn_without_asking_again(database, feed):
    run(database, feed, feeds.feed(*feeds.homes(20)))
    left = feeds.homes(10)
    assert run(database, feed, feeds.feed(*left)).outcome == "held"
    assert run(database, feed, feeds.feed(*left), confirm=True).missing == 10
    second = run(database, feed, feeds.feed(*left, note="2"))
    assert (second.outcome, second.withdrawn) == ("applied", 10)


def test_a_quarter_of_a_large_feed_may_vanish(database, feed):
    run(database, feed, feeds.feed(*feeds.homes(40)))
    assert run(database, feed, feeds.feed(*feeds.homes(30))).outcome == "applied"


def test_an_empty_feed_is_held_on_the_first_run_too(database, feed):
    assert run(database, feed, feeds.feed()).outcome == "held"


def test_a_dry_run_says_what_would_change_and_changes_nothing(database, feed):
    one, two = feeds.homes(2)
    run(database, feed, feeds.feed(one, two))
    report = run(database, feed, feeds.feed(feeds.home("1", price="1000"), feeds.home("3")), dry_run=True)
    assert (report.outcome, counts(report)) == ("dry_run", {"added": 1, "updated": 1, "missing": 1})
    assert (home(database).price_minor, home(database, "2").missing_since) == (34_950_000, None)
    assert counts(run(database, feed, feeds.feed(one, two, note="2"))) == {"unchanged": 2}


def test_a_large_feed_is_applied_in_short_batches(database, feed, monkeypatch):
    monkeypatch.setattr(applying, "BATCH", 3)
    told: list[tuple[int, int]] = []
    report = run(database, feed, feeds.feed(*feeds.homes(8)), progress=lambda *done: told.append(done))
    assert (report.added, told) == (8, [(3, 8), (6, 8), (8, 8)])


def test_a_run_that_died_between_batches_is_simply_run_again(database, feed, monkeypatch):
    monkeypatch.setattr(applying, "BATCH", 3)
    run(database, feed, feeds.feed(*feeds.homes(8)))

    def die(done: int, total: int) -> None:
        raise KeyboardInterrupt

    body = feeds.feed(*feeds.homes(6), *(feeds.home("9"),))
    with pytest.raises(KeyboardInterrupt):
        run(database, feed, body, progress=die)
    assert home(database, "8").missing_since is None
    assert counts(run(database, feed, body)) == {"added": 1, "unchanged": 6, "missing": 2}


def test_two_feeds_may_use_the_same_ids(database, feed):
    database.write(lambda session: cast.agency(session, "playa-sur", "Playa Sur"))
    with database.read() as session:
        other = records.by_slug(session, "playa-sur")
    run(database, feed, feeds.feed(feeds.home("1")))
    assert counts(run(database, other, feeds.feed(feeds.home("1")))) == {"added": 1}
    with database.read() as session:
        assert len(session.exec(select(Property)).all()) == 2


def test_every_run_is_remembered_with_its_findings(database, feed):
    run(
        database,
        feed,
        feeds.feed(feeds.home("1", surface_area="<built>50 + 75 terrace</built>"), feeds.home("2", ref="")),
    )
    run(database, feed, b"<root>")
    with database.read() as session:
        good, bad = session.exec(select(FeedRun).order_by(FeedRun.id)).all()
        findings = session.exec(select(FeedFinding)).all()
    assert (good.outcome, good.by, good.counts["added"], good.counts["rejected"]) == ("applied", "ops", 1, 1)
    assert (bad.outcome, bad.snapshot_id) == ("failed", None)
    assert {(each.severity, each.field, each.value) for each in findings} == {
        ("rejected", "ref", ""), ("warning", "surface_area/built", "50 + 75 terrace"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "received"),
    [
        ("kyero-optima-crm-export.xml", 2), ("kyero-current-test-feed.xml", 1), ("kyero-mobilia-dialect.xml", 1),
        ("kyero-openestate-example.xml", 1), ("kyero-openestate-33-languages.xml", 1),
    ],
)  # fmt: skip
def test_real_feeds_come_through(database, feed, shared, name, received):
    report = run(database, feed, shared / "feeds" / name)
    assert (report.outcome, report.received, report.added, report.rejected) == ("applied", received, received, ())
    again = run(database, feed, shared / "feeds" / name)
    assert again.unchanged == received


def test_version_2_is_refused_with_what_to_do(database, feed, shared):
    report = run(database, feed, shared / "feeds" / "kyero-v2.1-to-upgrade.xml")
    assert (report.outcome, report.reason) == ("failed", "Kyero v2.1 is not read yet: export version 3")

"""The demo: the same homes every time, each coherent in itself, on dry land, in both languages; and how it runs."""

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import update
from sqlmodel import Session, col, select
from starlette.testclient import TestClient

from portal import addresses, auditing, db
from portal.catalogue import agencies, opening, photos
from portal.catalogue.photos import Media
from portal.catalogue.places import Place
from portal.catalogue.properties import Property, PropertyPhoto, PropertyText
from portal.catalogue.search import PAGE
from portal.db import Database
from portal.demo import correspondence, homes, plates, running, seeding
from portal.demo.coast import AREAS
from portal.demo.facts import drawn
from portal.demo.homes import Home
from portal.demo.running import DemoRefused
from portal.demo.sample import SAMPLES
from portal.language import locales
from portal.mail.mails import Mail
from portal.message_kinds import KINDS
from portal.web import ops
from tests.cast import NOW
from tests.running import REPOSITORY, eventually, free_port

# The coast from west to east: longitude, and the latitude north of which there is land.
COAST = (
    (-5.300, 36.290), (-5.247, 36.311), (-5.228, 36.353), (-5.222, 36.367), (-5.206, 36.388), (-5.190, 36.398),
    (-5.170, 36.408), (-5.1575, 36.413), (-5.145, 36.4235), (-5.120, 36.432), (-5.090, 36.4475), (-5.050, 36.457),
    (-5.015, 36.464), (-4.990, 36.470), (-4.970, 36.479), (-4.953, 36.4835), (-4.920, 36.499), (-4.885, 36.507),
    (-4.850, 36.5025), (-4.820, 36.4945), (-4.780, 36.486), (-4.7425, 36.4835), (-4.710, 36.487), (-4.686, 36.502),
    (-4.640, 36.5065), (-4.630, 36.5255), (-4.616, 36.543), (-4.6115, 36.555), (-4.5965, 36.571), (-4.555, 36.576),
    (-4.513, 36.5945), (-4.5035, 36.606), (-4.493, 36.618), (-4.492, 36.622), (-4.484, 36.633), (-4.456, 36.670),
    (-4.434, 36.700), (-4.418, 36.713), (-4.408, 36.717), (-4.392, 36.720), (-4.381, 36.7205), (-4.355, 36.719),
    (-4.310, 36.712), (-4.276, 36.714), (-4.242, 36.716), (-4.095, 36.730), (-3.993, 36.737), (-3.957, 36.7255),
    (-3.900, 36.743), (-3.876, 36.744), (-3.864, 36.749), (-3.844, 36.7535), (-3.800, 36.750),
)  # fmt: skip
GUSH = re.compile(
    r"dream|stunning|luxur|unique|paradise|sueño|lujo|impresionante|único|espectacular|!|¡", re.IGNORECASE
)


@pytest.fixture(scope="module")
def every() -> list[Home]:
    return seeding.every()


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A demo of a few homes: what is put in is no other for being less."""
    monkeypatch.setattr(homes, "NUMBER", 80)


def coast_at(longitude: float) -> float:
    """The latitude of the shore at this longitude."""
    for (west, south), (east, north) in pairwise(COAST):
        if west <= longitude <= east:
            return south + (north - south) * (longitude - west) / (east - west)
    raise AssertionError(f"{longitude} lies beyond the coast of the tests")


def contents(database: Database) -> list[Any]:
    """All that was seeded, without the numbers that differ from one seeding to the next."""
    own = {"id", "public_id", "feed_id", "agency_id", "town_id", "area_id"}
    with database.read() as session:
        rows = [(home.model_dump(exclude=own), home.id) for home in session.exec(select(Property))]
        towns = [row.model_dump(exclude={"id", "parent_id"}) for row in session.exec(select(Place))]
        texts = {(row.property_id, row.locale): row.description for row in session.exec(select(PropertyText))}
        photos = {
            (row.property_id, row.position): (row.media, row.caption, row.kind)
            for row in session.exec(select(PropertyPhoto))
        }
    found = [
        (home, [texts[number, lang] for lang in ("en", "es")], [photos.get((number, at)) for at in range(6)])
        for home, number in rows
    ]
    return [*sorted(found, key=lambda each: each[0]["source_id"]), *sorted(towns, key=str)]


# Seeding


def test_seeding_fills_an_empty_portal(database: Database):
    assert not seeding.is_complete(database)
    seeding.seed(database, NOW)
    assert seeding.is_complete(database)
    with database.read() as session:
        published = session.exec(select(Property)).all()
        texts = Counter(session.exec(select(PropertyText.locale)).all())
        names = [agency.name for agency in agencies.everyone(session) if agencies.takes_enquiries(session, agency)]
        offices = Counter(office.locale for agency in agencies.everyone(session)
                          for _, office in agencies.contacts(session, agency))  # fmt: skip
        hours = [opening.hours_of(agencies.office_of(session, agency)) for agency in agencies.everyone(session)]
    assert len({told.week for told in hours}) == 4 and {told.holidays for told in hours} == {"ES-AN"}
    assert len(published) == 1000 and {home.state for home in published} == {"published"}
    assert texts == {"en": 1000, "es": 1000} and len(names) == 4 and set(offices) == {"en", "es"}
    for home in published:
        assert home.published_at and home.published_at <= home.last_seen_at <= NOW
        assert NOW - home.published_at < timedelta(days=120)


@pytest.mark.usefixtures("few")
def test_two_seedings_on_two_databases_are_equal(sqlite_url: str, postgres_url: str):
    found = []
    for url in (sqlite_url, postgres_url):
        database = Database(url)
        seeding.seed(database, NOW)
        found.append(contents(database))
        database.close()
    assert found[0] == found[1]


@pytest.mark.usefixtures("few")
def test_a_seeding_that_was_interrupted_is_finished_by_the_next(database: Database):
    seeding.seed(database, NOW)
    with database.read() as session:
        addresses = sorted(session.exec(select(Property.public_id)).all())
    database.write(lambda session: session.execute(update(PropertyPhoto).values(caption=None)))
    assert not seeding.is_complete(database)
    seeding.seed(database, NOW)
    assert seeding.is_complete(database)
    with database.read() as session:
        assert sorted(session.exec(select(Property.public_id)).all()) == addresses
        assert not session.exec(select(PropertyPhoto).where(col(PropertyPhoto.caption).is_(None))).all()


@pytest.mark.usefixtures("few")
def test_pictures_are_hung_wherever_a_home_shows_them_and_the_worker_makes_their_sizes(sqlite_url: str, tmp_path: Path):
    database = Database(sqlite_url)
    seeding.seed(database, NOW)
    first, second, *others = seeding.missing(database, list(plates.PLATES))
    seeding.hang_and_make(database, tmp_path, [first])
    assert next(seeding.hang_the_rest(database, tmp_path)) == second
    with database.read() as session:
        states = dict(session.exec(select(Media.hash, Media.state)).all())
        hung = session.exec(select(PropertyPhoto).where(col(PropertyPhoto.media).is_not(None))).all()
    assert {photo.source_url for photo in hung} == {homes.source_of(first), homes.source_of(second)}
    assert {states[photo.media or ""] for photo in hung} == {"ready", "new"}
    assert seeding.missing(database, [first, second, *others]) == others
    assert [made.reason for made in photos.make_waiting(database, tmp_path, NOW)] == [None]
    database.close()


# Homes


def test_references_are_unique_and_begin_as_their_agencys(every: list[Home]):
    prefix = {town: sample.prefix for sample in SAMPLES for town in sample.towns}
    assert len({home.listing.reference for home in every}) == len({home.listing.source_id for home in every}) == 1000
    assert all(home.listing.reference.startswith(prefix[home.town]) for home in every)
    assert set(prefix) == {area.town for area in AREAS}


def test_homes_stand_on_land_near_their_area(every: list[Home]):
    areas = {(area.town, area.name): area for area in AREAS}
    located = [home.listing for home in every if home.listing.point]
    assert 900 < len(located) < 1000
    for listing in located:
        latitude, longitude = listing.point
        area = areas[listing.town, listing.area]
        assert 36.31 < latitude < 36.80 and -5.30 < longitude < -3.80
        assert latitude > coast_at(longitude), listing.reference
        assert abs(latitude - area.latitude) < 0.005 and abs(longitude - area.longitude) < 0.005


def test_prices_fit_the_place_the_size_and_the_kind():
    every = [drawn(number) for number in range(homes.NUMBER)]
    for home in (home for home in every if home.is_dwelling):
        assert home.built
        worth = home.built * home.area.price
        if home.offer == "sale":
            assert 0.6 * worth < home.price < 1.8 * worth, home
        else:
            assert 0.0015 * worth < home.price < 0.009 * worth, home
    assert len({(home.kind, home.area.name, home.built, home.price) for home in every}) > 990


def test_rooms_and_sizes_fit_each_other(every: list[Home]):
    for listing in (home.listing for home in every if home.listing.bedrooms is not None):
        assert listing.built_m2 and listing.built_m2 > 20 + 18 * listing.bedrooms
        assert listing.bathrooms is None or 1 <= listing.bathrooms <= max(listing.bedrooms, 1)
        assert listing.kind != "studio" or listing.bedrooms == 0
        assert listing.kind != "villa" or (listing.plot_m2 and listing.plot_m2 > listing.built_m2)


def test_the_demo_is_varied_and_lacks_what_real_feeds_lack(every: list[Home]):
    listings = [home.listing for home in every]
    assert len({listing.kind for listing in listings}) >= 9
    assert 100 <= sum(listing.offer == "rent_long" for listing in listings) <= 230
    assert all((listing.price_period == "month") == (listing.offer == "rent_long") for listing in listings)
    assert {listing.energy_state for listing in listings} == {"rated", "exempt", "in_process", "unknown"}
    lacking = ("price_minor", "bathrooms", "latitude", "energy_consumption")
    assert all(any(getattr(listing, name) is None for listing in listings) for name in lacking)
    assert any(not home.plates for home in every) and any(home.former_price for home in every)


def test_descriptions_are_distinct_plain_and_say_the_same_in_both_languages(every: list[Home]):
    texts = [text for home in every for text in home.listing.texts]
    assert len({text.description for text in texts}) == 2000
    for home in every:
        english, spanish = (text.description for text in home.listing.texts)
        assert english.count("\n\n") == spanish.count("\n\n")
        assert not re.search(r"[{}]|None|  ", english + spanish) and not GUSH.search(english + spanish)
        assert sorted(re.findall(r"\d+", re.sub(r"[.,](?=\d{3})", "", english))) == sorted(
            re.findall(r"\d+", re.sub(r"[.,](?=\d{3})", "", spanish))
        )


def test_what_is_not_given_is_not_in_the_text_either(every: list[Home]):
    silent = [home.listing for home in every if home.listing.bathrooms is None and home.listing.bedrooms]
    assert silent
    assert not any(
        re.search(r"one bathroom|two bathrooms|three bathrooms", each.texts[0].description) for each in silent
    )


# Plates


def test_a_plate_is_the_same_every_time_and_no_two_are_alike():
    assert len(plates.PLATES) <= 200
    some = [plates.drawn(name) for name in ("pool-1", "pool-2", "plan-3", "living_town-2")]
    assert len(set(some)) == 4 and plates.drawn("pool-2") == some[1]
    assert len({(plate.scene, plate.look) for plate in plates.PLATES.values() if plate.scene != "plan"}) == 193
    assert Image.open(BytesIO(some[0])).size == (1200, 800)


def test_every_scene_can_be_drawn_in_its_darkest_and_brightest_look():
    for scene in {plate.scene for plate in plates.PLATES.values()}:
        plate = plates.PLATES[plates.of(scene)[0]]
        drawn = plate.draw(plate.look._replace(light="night"))
        assert drawn.look.light == "night" and drawn.image.getbbox()


def test_a_home_has_six_pictures_or_more_that_fit_it_or_none(every: list[Home]):
    scenes = {name: plate.scene for name, plate in plates.PLATES.items()}
    for home in every:
        listing, shown = home.listing, [scenes[name] for name in home.plates]
        assert len(home.plates) == 0 or 6 <= len(home.plates) <= 10
        assert len(set(home.plates)) == len(home.plates)
        assert "pool" not in shown or listing.pool == "private"
        assert "communal" not in shown or listing.pool == "communal"
        assert "plan" not in shown[:-1]
        if "plan" in shown:
            assert home.plates[-1] == f"plan-{listing.bedrooms}"
        if listing.bedrooms is not None:
            to_sea = "Sea views" in listing.features
            assert to_sea or not {"living", "bedroom", "terrace"} & set(shown)
            assert not to_sea or not {"living_hills", "bedroom_town", "terrace_hills"} & set(shown)


@pytest.mark.parametrize("offer", ["all", "sale", "rent_long"])
def test_on_the_first_three_pages_neighbours_differ_in_plate_and_in_scene(every: list[Home], offer: str):
    newest = sorted((home for home in every if offer in ("all", home.listing.offer)), key=lambda home: home.age)
    first = [home.plates[0] if home.plates else "" for home in newest][: 3 * PAGE]
    scenes = [name and plates.PLATES[name].scene for name in first]
    for back in (1, 2):
        assert not [pair for pair in zip(scenes, scenes[back:], strict=False) if pair[0] and pair[0] == pair[1]]
    for page in range(3):
        shown = [name for name in first[page * PAGE : (page + 1) * PAGE] if name]
        assert len(set(shown)) > 0.85 * len(shown)


# Running


def test_a_taken_port_is_refused_when_asked_for_and_passed_over_when_not(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(DemoRefused, match="taken"):
            running.settings(tmp_path, taken.getsockname()[1])
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port = free_port()
        taken.bind(("127.0.0.1", port + 1))
        taken.listen()
        chosen = running.settings(tmp_path, port)
    assert chosen.bind == f"127.0.0.1:{port}" and chosen.ops_bind == f"127.0.0.1:{port + 2}"
    assert chosen.origin == f"http://127.0.0.1:{port}" and chosen.data_directory == tmp_path / "demo"


@pytest.mark.usefixtures("few")
def test_fresh_throws_the_demo_away_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(seeding, "first_plates", lambda: ["land-1"])
    (tmp_path / "portal.sqlite").write_text("an installation's own")
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "old").touch()
    settings = running.settings(tmp_path, None)
    assert running.prepare(settings, NOW, fresh=True)
    assert not (tmp_path / "demo" / "old").exists() and (tmp_path / "portal.sqlite").exists()
    assert not running.prepare(settings, NOW)


@pytest.mark.usefixtures("few")
def test_the_outbox_of_a_demo_holds_a_mail_of_every_kind_that_can_be_seen_in_every_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(seeding, "first_plates", lambda: ["land-1"])
    settings = running.settings(tmp_path, None)
    running.prepare(settings, NOW)
    database = Database(settings.database)
    with database.read() as session:
        mails = session.exec(select(Mail)).all()
    assert {mail.kind for mail in mails} == set(KINDS)
    assert {mail.state for mail in mails} == {"accepted"} and all(mail.raw for mail in mails)
    assert {mail.recipient.rpartition(".")[2] for mail in mails} == {"example"}
    assert correspondence.lacking(database) == set() and auditing.audit(database) == []
    with TestClient(ops.create(settings)) as viewer:
        for mail, lang in product(mails, ("", *locales.SITE)):
            assert viewer.get(addresses.ops_mail_html(mail.id or 0, lang)).status_code == 200, (mail.kind, lang)
    running.prepare(settings, NOW)
    with database.read() as session:
        assert len(session.exec(select(Mail)).all()) == len(mails), "another start adds none"
    database.close()


@pytest.fixture(scope="module")
def drawn_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the demo in it, as an earlier start left it."""
    folder = tmp_path_factory.mktemp("demo")
    settings = running.settings(folder, None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seeding, "first_plates", lambda: ["land-1"])
        running.prepare(settings, db.utcnow())
    database = Database(settings.database)
    database.write(_show_the_same_picture_everywhere)
    database.close()
    return folder


def _show_the_same_picture_everywhere(session: Session) -> None:
    session.execute(update(PropertyPhoto).values(media=session.exec(select(Media.hash)).one()))


@pytest.fixture
def prepared(drawn_once: Path, tmp_path: Path) -> Path:
    """A copy of that directory, to be run."""
    return Path(shutil.copytree(drawn_once, tmp_path / "earlier"))


@contextmanager
def demo(data_directory: Path) -> Iterator[tuple["subprocess.Popen[str]", list[str], Path]]:
    """`portal demo` on what is there, once it has said its addresses: the site's, the mails', the style guide's."""
    log = data_directory / "demo.log"
    environment = {**os.environ, "PORTAL_DATA_DIRECTORY": str(data_directory)}
    command = [sys.executable, "-m", "portal", "demo", "--port", str(free_port())]
    with log.open("w") as stderr, subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, text=True, stdout=subprocess.PIPE, stderr=stderr
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            said = []
            for line in process.stdout:
                said += re.findall(r"http://([0-9.:]+)(/\S*)", line)
                if "Ctrl-C" in line:
                    break
            assert len(said) == 3, log.read_text()
            yield process, said, log
        finally:
            process.terminate()
            process.wait(timeout=60)


def get(host: str, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(host, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def nobody_listens(host: str) -> bool:
    name, _, port = host.partition(":")
    with socket.socket() as caller:
        return caller.connect_ex((name, int(port))) != 0


def test_the_demo_runs_at_the_addresses_it_says_and_ends_when_told(prepared: Path):
    with demo(prepared) as (process, ((site, _), (mails, path), (guide, style)), log):
        assert "is kept" in log.read_text()
        assert get(site, "/ready")[0] == 200
        status, page = get(site, "/en/buy")
        (picture, *_) = re.findall(r"/media/[0-9a-f]{64}/480\.avif", page)
        assert status == 200 and get(mails, path)[0] == 200
        assert get(guide, style)[0] == 302
        connection = http.client.HTTPConnection(site, timeout=20)
        connection.request("GET", picture)
        assert connection.getresponse().status == 200
        connection.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
    assert nobody_listens(site) and nobody_listens(mails)


def test_when_the_worker_dies_the_demo_says_so_and_ends(prepared: Path):
    with demo(prepared) as (process, ((site, _), *_), log):
        worker = eventually(lambda: re.search(r'"worker": "[^"]*:(\d+)"', log.read_text()))
        os.kill(int(worker[1]), signal.SIGKILL)
        assert process.wait(timeout=60) == 1
    assert "The worker has ended" in log.read_text() and nobody_listens(site)

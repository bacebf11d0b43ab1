"""Collecting: pictures come in from their agencies, politely, and what gives none is tried less and less often."""

import asyncio
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Lock, Thread

import pytest
from PIL import Image
from sqlmodel import Session, select

from portal import work
from portal.catalogue import collecting, photos
from portal.catalogue.agencies import Agency
from portal.catalogue.collecting import Outcome, PhotoFetch
from portal.catalogue.photos import Media
from portal.catalogue.properties import PropertyPhoto
from portal.db import Database
from portal.settings import Settings
from tests import cast
from tests.cast import NOW


def jpeg(colour: str) -> bytes:
    made = BytesIO()
    Image.new("RGB", (600, 400), colour).save(made, "JPEG")
    return made.getvalue()


PICTURES = {"/teal.jpg": jpeg("teal"), "/navy.jpg": jpeg("navy"), "/same.jpg": jpeg("teal"), "/page": b"<html>"}


class Server(ThreadingHTTPServer):
    """An agency's server with pictures; knows what was asked of it, and how much of it at once."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.place = f"127.0.0.1:{self.server_address[1]}"
        self.asked: list[str] = []
        self.busy, self.most, self.turn = 0, 0, Lock()

    def url(self, path: str) -> str:
        return f"http://{self.place}{path}"

    def count(self, by: int) -> None:
        with self.turn:
            self.busy += by
            self.most = max(self.most, self.busy)


class Handler(BaseHTTPRequestHandler):
    """Sends the picture of this name."""

    server: Server

    def do_GET(self) -> None:
        self.server.count(1)
        self.server.asked.append(self.path)
        body = PICTURES.get(self.path)
        self.server.count(-1)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    """The agency's server, on loopback."""
    made = Server()
    thread = Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def publish(database: Database, *addresses: str, source_id: str = "1042", **changes: object) -> None:
    """A home of the one agency that shows these pictures."""

    def job(session: Session) -> None:
        owner = session.exec(select(Agency)).first() or cast.agency(session)
        home = cast.home(session, owner, source_id, **changes)
        for position, address in enumerate(addresses):
            session.add(PropertyPhoto(property_id=home.id or 0, position=position, source_url=address))

    database.write(job)


def collect(database: Database, folder: Path, *allow: str, factor: float = 0.0) -> int:
    return asyncio.run(collecting.collect(database, folder, allow, asyncio.Event(), factor))


def tried(database: Database, address: str) -> PhotoFetch | None:
    with database.read() as session:
        return session.get(PhotoFetch, address)


def due(database: Database, now: datetime = NOW) -> list[str]:
    with database.read() as session:
        return collecting.due(session, now)


def hung(database: Database) -> dict[str, str | None]:
    with database.read() as session:
        return {row.source_url: row.media for row in session.exec(select(PropertyPhoto))}


def test_the_worker_brings_the_pictures_of_visible_homes_in_and_makes_their_sizes(
    database: Database, tmp_path: Path, server: Server
):
    publish(database, server.url("/teal.jpg"), server.url("/navy.jpg"), server.url("/same.jpg"))
    publish(database, server.url("/teal.jpg"), source_id="1043", state="stale")
    publish(database, server.url("/hidden.jpg"), source_id="1044", state="withdrawn")
    chosen = Settings(
        data_directory=tmp_path, secret_key="k" * 40, smtp_relay="smtp://127.0.0.1:1", fetch_allow=(server.place,)
    )
    asyncio.run(work.run(chosen, database, once=True))
    seen = hung(database)
    assert seen[server.url("/hidden.jpg")] is None
    assert seen[server.url("/teal.jpg")] == seen[server.url("/same.jpg")] != seen[server.url("/navy.jpg")]
    with database.read() as session:
        assert {media.hash: media.state for media in session.exec(select(Media))} == dict.fromkeys(
            filter(None, seen.values()), "ready"
        )
        assert session.exec(select(PhotoFetch)).all() == []
    assert sorted(server.asked) == ["/navy.jpg", "/same.jpg", "/teal.jpg"] and server.most == 1


def test_first_pictures_come_before_second_ones_and_each_address_once(database: Database):
    publish(database, "http://a.example/1", "http://a.example/2")
    publish(database, "http://a.example/3", "http://a.example/2", source_id="1043")
    assert due(database) == ["http://a.example/3", "http://a.example/1", "http://a.example/2"]


def test_in_the_demo_nobody_is_asked_for_anything(database: Database, tmp_path: Path, server: Server):
    publish(database, server.url("/teal.jpg"))
    chosen = Settings(mode="demo", data_directory=tmp_path, smtp_relay="capture:", fetch_allow=(server.place,))
    asyncio.run(work.run(chosen, database, once=True))
    assert server.asked == []


def test_an_address_that_is_not_public_is_refused_for_good_and_nobody_is_asked(
    database: Database, tmp_path: Path, server: Server
):
    publish(database, server.url("/teal.jpg?key=secret"))
    assert collect(database, tmp_path) == 1
    refused = tried(database, server.url("/teal.jpg?key=secret"))
    assert refused and refused.due_at is None and "PORTAL_FETCH_ALLOW" in refused.reason
    assert "secret" not in refused.reason and server.asked == []
    assert due(database, NOW + timedelta(days=365)) == []


def test_a_picture_that_is_not_there_is_tried_less_and_less_often_and_then_no_more(
    database: Database, tmp_path: Path, server: Server
):
    publish(database, server.url("/none.jpg"))
    waits = []
    for number in range(1, collecting.MOST_TRIES + 1):
        collect(database, tmp_path, server.place, factor=1e-6)
        row = tried(database, server.url("/none.jpg"))
        assert row and row.tries == number and "answered 404" in row.reason
        waits.append(row.due_at)
        database.write(partial(make_due, again=row.due_at is not None))
    assert [wait is None for wait in waits] == [False] * 9 + [True]
    assert server.asked == ["/none.jpg"] * collecting.MOST_TRIES
    assert collect(database, tmp_path, server.place) == 0


def make_due(session: Session, again: bool) -> None:
    for row in session.exec(select(PhotoFetch)):
        row.due_at = NOW if again else None


def test_the_pauses_grow_from_minutes_to_a_day(database: Database):
    waits = []
    for _ in range(collecting.MOST_TRIES - 1):
        database.write(make_due_and_claim)
        database.write(partial(collecting.settle, outcomes=[Outcome("http://a.example/1", reason="no")], now=NOW))
        row = tried(database, "http://a.example/1")
        assert row and row.due_at
        waits.append((row.due_at - NOW) / timedelta(minutes=1))
    assert waits == [5, 20, 80, 320, 1280, 1440, 1440, 1440, 1440]


def make_due_and_claim(session: Session) -> None:
    make_due(session, again=True)
    session.flush()
    assert collecting.claim(session, ["http://a.example/1"], NOW) == ["http://a.example/1"]


def test_a_server_that_gives_nothing_twice_is_left_alone_for_the_round(
    database: Database, tmp_path: Path, server: Server
):
    publish(database, *(server.url(f"/none-{number}.jpg") for number in range(14)), server.url("/teal.jpg"))
    assert collect(database, tmp_path, server.place, factor=1e-6) == 15
    assert server.asked == ["/none-0.jpg", "/none-1.jpg"]
    left = tried(database, server.url("/teal.jpg"))
    assert left and left.due_at and left.tries == 1 and left.reason.startswith("not tried")


def test_what_one_worker_claims_is_not_fetched_by_another(database: Database):
    publish(database, "http://a.example/1", "http://a.example/2")
    mine = database.write(partial(collecting.claim, addresses=["http://a.example/1"], now=NOW))
    both = ["http://a.example/1", "http://a.example/2"]
    assert mine == ["http://a.example/1"] and due(database) == ["http://a.example/2"]
    assert database.write(partial(collecting.claim, addresses=both, now=NOW)) == ["http://a.example/2"]
    later = NOW + collecting.CLAIMED
    assert due(database, later) == both
    assert database.write(partial(collecting.claim, addresses=both, now=later)) == both
    row = tried(database, "http://a.example/1")
    assert row and row.tries == 2


def test_what_is_no_picture_is_fetched_once_and_refused_by_the_photo_store(
    database: Database, tmp_path: Path, server: Server
):
    publish(database, server.url("/page"))
    collect(database, tmp_path, server.place)
    (made,) = photos.make_waiting(database, tmp_path, NOW)
    assert made.reason == "not a JPEG, PNG or WebP picture"
    assert collect(database, tmp_path, server.place) == 0 and server.asked == ["/page"]


def test_told_to_end_it_waits_for_no_server(database: Database, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        publish(database, f"http://{place}/1.jpg")

        async def end_amid() -> None:
            stop = asyncio.Event()
            collecting_it = asyncio.create_task(collecting.collect(database, tmp_path, (place,), stop, 0.0))
            asked, _ = await asyncio.to_thread(silent.accept)
            with asked:
                stop.set()
                await collecting_it

        asyncio.run(end_amid())
    claimed = tried(database, f"http://{place}/1.jpg")
    assert claimed and claimed.due_at and hung(database) == {f"http://{place}/1.jpg": None}


def test_what_no_home_lacks_any_more_is_forgotten(database: Database):
    publish(database, "http://a.example/1")
    for address in ("http://a.example/1", "http://a.example/gone"):
        database.write(partial(collecting.claim, addresses=[address], now=NOW))
    assert database.write(partial(collecting.forget, now=NOW)) == 1
    assert tried(database, "http://a.example/1") and not tried(database, "http://a.example/gone")
    assert database.write(partial(collecting.settle, outcomes=[Outcome("http://a.example/gone")], now=NOW)) is None

"""A change shows in every process of the site within a second, whatever page was kept."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from sqlmodel import Session

from portal.catalogue import photos, versions
from portal.catalogue.properties import PropertyPhoto
from portal.db import Database
from tests import cast, feeds
from tests.running import Portal, eventually

VISITORS = 12  # at once, each with a connection of its own: that all of them came to one process happens never


@pytest.fixture
def portal(database_url: str, tmp_path: Path) -> Iterator[Portal]:
    made = Portal(database_url, tmp_path, serve_processes=2)
    made.start_web()
    yield made
    made.stop()


def pages(portal: Portal, address: str) -> list[tuple[int, str]]:
    """Status and text of a page, as each of the visitors gets it."""
    with ExitStack() as stack:
        visitors = [stack.enter_context(closing(HTTPConnection("127.0.0.1", portal.port))) for _ in range(VISITORS)]
        for visitor in visitors:
            visitor.request("GET", address)
        answers = [visitor.getresponse() for visitor in visitors]
        return [(answer.status, answer.read().decode()) for answer in answers]


def publish(session: Session, media: str) -> str:
    """A home with one photo, which is not ready yet; its address."""
    cast.policy(session)
    home = cast.home(session, cast.agency(session))
    photo = PropertyPhoto(property_id=home.id or 0, position=0, source_url="https://agency.example/1.jpg", media=media)
    session.add(photo)
    versions.raise_version(session)
    return f"/en/p/{home.public_id}-villa-in-nueva-andalucia-marbella"


def picture() -> bytes:
    written = BytesIO()
    Image.new("RGB", (600, 400), "#a9bfc9").save(written, "PNG")
    return written.getvalue()


def test_every_change_shows_in_every_process_within_a_second(portal: Portal, database: Database, tmp_path: Path):
    media = photos.receive(database, portal.folder / "data", picture(), cast.NOW)
    home = database.write(partial(publish, media=media))

    def shows(address: str, sign: str, status: int = 200) -> bool:
        return all(found == status and sign in text for found, text in pages(portal, address))

    eventually(lambda: shows(home, "Costa Norte Homes"), within=1)
    eventually(lambda: shows("/en/policies/data-policy", "information we collect"), within=1)

    portal.run("agencies", "edit", "costa-norte", "--name", "Casas del Norte")
    eventually(lambda: shows(home, "Casas del Norte"), within=1)

    text = tmp_path / "policy.txt"
    text.write_text("Data Policy\n\n1. What is new\n")
    portal.run("policies", "add", "data-policy", str(text), "--locale", "en", "--title", "Data Policy", "--revised-on",
               "2026-01-01", "--effective-at", "2026-01-02", "--approved-by", "ops")  # fmt: skip
    eventually(lambda: shows("/en/policies/data-policy", "What is new"), within=1)
    eventually(lambda: shows(home, "version 2"), within=1)

    assert not shows(home, media)
    portal.run("work", "--once")
    eventually(lambda: shows(home, media), within=1)

    for note in ("one", "two"):
        body = tmp_path / f"{note}.xml"
        body.write_bytes(feeds.feed(feeds.home("another"), note=note))
        portal.run("feeds", "run", "costa-norte", "--file", str(body))
    eventually(lambda: shows(home, "", status=410), within=1)
    eventually(lambda: not any(home in text for _, text in pages(portal, "/en/buy")), within=1)

"""The style guide: in demo mode on the ops face, in both themes, styled by the site's own stylesheet."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from portal import addresses
from portal.catalogue.photos import Media
from portal.catalogue.properties import PropertyPhoto
from portal.db import Database
from portal.settings import Settings
from portal.web import ops
from portal.web.ops.style import STATES
from tests import cast
from tests.cast import NOW
from tests.web.reading import Page

PICTURE = "a" * 64


@pytest.fixture
def viewer(settings: Settings, tmp_path: Path) -> Iterator[TestClient]:
    demo = settings.model_copy(update={"mode": "demo", "smtp_relay": "capture:"})
    with TestClient(ops.create(demo), follow_redirects=False) as made:
        yield made


def furnish(session: Session) -> None:
    home = cast.home(session, cast.agency(session))
    session.add(Media(hash=PICTURE, state="ready", width=1200, height=800, colour="p-07", given_at=NOW))
    session.add(
        PropertyPhoto(property_id=home.id, position=0, media=PICTURE, source_url="https://agency.example/1.jpg")
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_guide_shows_cards_in_every_state_in_either_theme(viewer: TestClient, database: Database, theme: str):
    database.write(furnish)
    page = Page(viewer.get(addresses.style(theme)))
    assert page.status == 200 and len(page.tree.xpath(".//li[@class='card']")) == len(STATES)
    assert len(page.tree.xpath(".//li[@class='card']//picture")) == len(STATES) - 2
    for told in ("Price not given", "beds not given", "built size not given", "No photo from the agency yet"):
        assert told in page.text
    assert page.tree.xpath(".//link[@rel='stylesheet']/@href") == [addresses.style_sheet(theme)]


def test_each_theme_has_the_sites_stylesheet_with_that_theme_alone(viewer: TestClient):
    assert viewer.get(addresses.STYLE).headers["location"] == addresses.style("light")
    light, dark = (viewer.get(addresses.style_sheet(theme)).text for theme in ("light", "dark"))
    assert "@media not all" in light and "@media all" in dark
    assert "prefers-color-scheme" not in light + dark and 'url("/static/fonts/' in light
    assert viewer.get(addresses.style("sepia")).status_code == 404


def test_outside_the_demo_there_is_no_guide(settings: Settings):
    with TestClient(ops.create(settings)) as client:
        assert client.get(addresses.style("light")).status_code == 404

"""The running portal of the browser tests: one published home, a real SMTP server, both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from sqlmodel import Session

from portal.db import Database
from tests import cast
from tests.running import Portal
from tests.smtp import PostOffice


def publish(session: Session) -> None:
    """A policy in force, two agencies and their homes."""
    cast.policy(session)
    norte = cast.agency(session)
    cast.home(session, norte)
    cast.home(session, norte, "1043", kind="apartment", price_minor=39_500_000, bedrooms=2, plot_m2=None)
    cast.home(session, cast.agency(session, "grupo-alboran", "Grupo Alborán"), "7", offer="rent_long",
              price_minor=180_000, price_period="month")  # fmt: skip


@pytest.fixture
def post_office() -> Iterator[PostOffice]:
    """A real SMTP server on loopback."""
    with PostOffice() as opened:
        yield opened


@pytest.fixture
def published(database: Database) -> str:
    """The address of a database in which the cast's homes are published."""
    database.write(publish)
    return database.url


@pytest.fixture
def portal(published: str, tmp_path: Path, post_office: PostOffice) -> Iterator[Portal]:
    """The portal, served and working."""
    with Portal(published, tmp_path, post_office.relay) as running:
        yield running


@pytest.fixture(params=[True, False], ids=["javascript", "no-javascript"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Page:
    """A page of a fresh browser, with JavaScript on, and again with it off."""
    return browser.new_context(java_script_enabled=request.param, locale="en-GB").new_page()

"""The site as the tests of pages reach it: the whole application, on both databases, with the cast published."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session, select
from starlette.testclient import TestClient

from portal.catalogue.agencies import Agency, Office
from portal.catalogue.properties import Property
from portal.db import Database
from portal.settings import Settings
from portal.web.app import create
from portal.web.cache import PageCache
from portal.web.guards.forwarded import ForwardedGuard
from portal.web.guards.host import HostGuard
from tests import cast
from tests.clients import QUIET


def publish(session: Session) -> None:
    """A policy in force; a villa and an apartment of one agency, a home to rent of another."""
    cast.policy(session)
    norte = cast.agency(session)
    cast.home(session, norte)
    cast.home(session, norte, "1043", kind="apartment", price_minor=39_500_000, bedrooms=2, plot_m2=None)
    cast.home(session, cast.agency(session, "grupo-alboran", "Grupo Alborán"), "7", offer="rent_long", kind="apartment",
              price_minor=180_000, price_period="month")  # fmt: skip


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    """The settings of the site under test."""
    return Settings.from_environment(
        {}, database_url=database.url, data_directory=tmp_path / "data", origin="http://testserver",
        secret_key="k" * 40, mail_from="leads@immomarket.example",
    )  # fmt: skip


def uncached(settings: Settings) -> HostGuard:
    """The site with all its guards, but each page made anew."""
    site = create(settings)
    site.app.app = cache_of(site).app  # type: ignore[attr-defined]  # every ASGI application
    return site


def cache_of(site: HostGuard) -> PageCache:
    """The page cache of a site."""
    assert isinstance(site.app, ForwardedGuard) and isinstance(site.app.app, PageCache)
    return site.app.app


@pytest.fixture
def client(database: Database, settings: Settings) -> Iterator[TestClient]:
    """A visitor of the site, who follows no redirect by itself and sees each page as it is made, past the cache."""
    database.write(publish)
    settings.data_directory.mkdir()
    site = uncached(settings)
    with TestClient(site, follow_redirects=False, raise_server_exceptions=False, headers=dict(QUIET)) as visitor:
        yield visitor


@pytest.fixture
def change(database: Database, client: TestClient) -> Callable[..., None]:
    """Change the villa, its agency or office: `change(state="withdrawn")`, `change(Agency, paused_at=NOW)`."""

    def bend(kind: type[Property] | type[Agency] | type[Office] = Property, **values: object) -> None:
        def work(session: Session) -> None:
            found = session.exec(select(kind).order_by(kind.id)).first()
            for name, value in values.items():
                setattr(found, name, value)

        database.write(work)

    return bend


@pytest.fixture
def villa(client: TestClient) -> str:
    """The address of the villa's page."""
    return client.get("/en/buy?place=MB-1042").headers["location"]


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement any database runs meanwhile, but for the opening of transactions."""
    seen: list[str] = []

    def note(connection, cursor, statement, *rest):
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)

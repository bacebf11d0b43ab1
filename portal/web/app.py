"""The public site as an ASGI application: routes, guards and what every request can reach, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import CapacityLimiter
from starlette.applications import Starlette
from starlette.middleware import Middleware

from portal.db import Database
from portal.mail import waking
from portal.settings import Settings
from portal.signing import Signer
from portal.web.cache import PageCache
from portal.web.errors import HANDLERS
from portal.web.guards import BodyLimits, SafeHeaders
from portal.web.routes import ROUTES
from portal.web.site import Site
from portal.web.transactions import THREADS


def create(settings: Settings | None = None) -> PageCache:
    """The application; without settings those of the environment. Raises `SettingsRefused`.

    A factory: `granian --factory portal.web.app:create`, `uvicorn --factory portal.web.app:create`.
    """
    chosen = settings or Settings.from_environment()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Site]]:
        database = Database(chosen.database)
        waking.attach(database, chosen.data_directory)
        try:
            yield {"site": Site(chosen, database, Signer(chosen.key), CapacityLimiter(THREADS))}
        finally:
            database.close()

    app = Starlette(
        routes=ROUTES,
        middleware=[Middleware(BodyLimits)],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    # Outside everything: a page is kept with its headers, and the page of a fault carries the same as every other.
    return PageCache(SafeHeaders(app, chosen.https))

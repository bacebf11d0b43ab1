"""The public site as an ASGI application: routes, guards and what every request can reach, put together."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from anyio import CapacityLimiter
from starlette.applications import Starlette
from starlette.middleware import Middleware

from portal.db import Database
from portal.mail import waking
from portal.settings import Settings
from portal.signing import Signer
from portal.web.cache import PageCache
from portal.web.errors import HANDLERS, Refusal
from portal.web.guards.bodies import BodyGuard
from portal.web.guards.forwarded import ForwardedGuard
from portal.web.guards.headers import PUBLIC, HeadersGuard
from portal.web.guards.host import HostGuard
from portal.web.routes import ROUTES
from portal.web.site import Site
from portal.web.transactions import MAKERS, THREADS, TURN_SECONDS


def create(settings: Settings | None = None) -> HostGuard:
    """The application; without settings those of the environment. Raises `SettingsRefused`.

    A factory: `granian --factory portal.web.app:create`, `uvicorn --no-proxy-headers --factory portal.web.app:create`.
    Left to itself, uvicorn would believe every neighbour's forwarded headers before they are seen here.
    """
    chosen = settings or Settings.from_environment()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Site]]:
        database = Database(chosen.database, turn_seconds=TURN_SECONDS)
        waking.attach(database, chosen.data_directory)
        try:
            with ThreadPoolExecutor(MAKERS["sqlite" if database.is_sqlite else "postgresql"], "maker") as makers:
                yield {"site": Site(chosen, database, Signer(chosen.key), CapacityLimiter(THREADS), makers)}
        finally:
            database.close()

    app = Starlette(
        routes=ROUTES,
        middleware=[Middleware(BodyGuard)],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    # From the inside out: a page is kept with its headers; only what is meant for us is looked up among them.
    kept = PageCache(HeadersGuard(app, PUBLIC, chosen.https))
    refused = HeadersGuard(Refusal(400), PUBLIC, chosen.https)
    return HostGuard(ForwardedGuard(kept, chosen.trusted_proxies), chosen.origin, refused)

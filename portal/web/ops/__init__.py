"""The ops face: an application of its own on PORTAL_OPS_BIND, never on the public address.

It gives monitoring its figures. In demo mode it shows the captured mails and the style guide; elsewhere it says that
the console comes later. It writes nothing, sets no cookie and knows no visitor; whoever reaches its address may read
it, so that address stays inside.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import CapacityLimiter
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from portal import addresses as at
from portal.db import Database
from portal.settings import Settings
from portal.signing import Signer
from portal.web import files
from portal.web.guards.forwarded import ForwardedGuard
from portal.web.guards.headers import PRIVATE, HeadersGuard
from portal.web.ops import attachments, mails, metrics, pages, style
from portal.web.site import Site
from portal.web.transactions import THREADS

ALWAYS = [
    Route(at.ROOT,    pages.begin,  name="root"),
    Route(at.STATIC,  files.own,    name="static"),
    Route(at.METRICS, metrics.show, name="metrics"),
]  # fmt: skip
VIEWER = [
    Route(at.OPS,                 mails.every,      name="mails"),
    Route(at.OPS_MAIL_FILE,       mails.file,       name="mail_file"),
    Route(at.OPS_MAIL_HTML,       mails.html,       name="mail_html"),
    Route(at.OPS_MAIL,            mails.show,       name="mail"),
    Route(at.OPS_MAIL_TEXT,       attachments.text, name="mail_text"),
    Route(at.OPS_MAIL_ATTACHMENT, attachments.file, name="mail_attachment"),
    Route(at.MEDIA,               files.photo,      name="photo"),
    Route(at.STYLE,               style.begin,      name="style"),
    Route(at.STYLE_SHEET,         style.sheet,      name="style_sheet"),
    Route(at.STYLE_THEME,         style.guide,      name="style_theme"),
]  # fmt: skip
LATER = [Route(at.OPS, pages.later, name="later")]


def create(settings: Settings | None = None) -> ASGIApp:
    """The application; without settings those of the environment. Raises `SettingsRefused`."""
    settings = settings or Settings.from_environment()
    here = settings

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Site]]:
        database = Database(here.database)
        try:
            yield {"site": Site(here, database, Signer(here.key), CapacityLimiter(THREADS))}
        finally:
            database.close()

    app = Starlette(
        routes=ALWAYS + (VIEWER if here.mode == "demo" else LATER),
        exception_handlers=pages.HANDLERS,
        lifespan=lifespan,
    )
    # Mostly plain loopback, whatever the public origin is: only behind a proxy with TLS may it insist on https.
    plain, secure = (HeadersGuard(app, PRIVATE, https) for https in (False, True))

    async def by_scheme(scope: Scope, receive: Receive, send: Send) -> None:
        await (secure if scope.get("scheme") == "https" else plain)(scope, receive, send)

    return ForwardedGuard(by_scheme, settings.trusted_proxies)

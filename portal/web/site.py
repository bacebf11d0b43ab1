"""The site: what every request can reach, made once at start: settings, database, signer and the pool of threads.

Nothing here is imported as an instance; handlers get it from their request.
"""

from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from anyio import CapacityLimiter
from starlette.exceptions import HTTPException
from starlette.requests import Request

from portal.consent.announcing import Announcement
from portal.db import Database
from portal.language import locales
from portal.settings import Settings
from portal.signing import Signer


@dataclass
class Board:
    """What every page shows besides its own: the announcement that runs, as the page cache last read it."""

    announcement: Announcement | None = None

    def shown(self, now: datetime) -> Announcement | None:
        """The announcement, until what it announces is in force."""
        runs = self.announcement is not None and now < self.announcement.effective_at
        return self.announcement if runs else None


@dataclass(frozen=True)
class Site:
    """One serving process: `makers` are the threads that pages are read and rendered in, `threads` all others."""

    settings: Settings
    database: Database
    signer: Signer
    threads: CapacityLimiter
    makers: Executor = field(default_factory=lambda: ThreadPoolExecutor(1))
    board: Board = field(default_factory=Board)


def site(request: Request) -> Site:
    """The site a request came to."""
    return cast(Site, request.state.site)


def language(request: Request) -> str:
    """The language in the request's path. Raises 404 where the site does not speak it."""
    lang = str(request.path_params["lang"])
    if lang not in locales.SITE:
        raise HTTPException(404)
    return lang

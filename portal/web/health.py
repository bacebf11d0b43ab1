"""Whether this process lives, and whether the installation is ready: what balancers and operators ask."""

import shutil
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from portal import db, leases
from portal.web.site import Site, site
from portal.web.transactions import in_thread

ALIVE = PlainTextResponse("ok", headers={"Cache-Control": "no-store"})
DISK_FREE = 200 * 1024 * 1024  # bytes: below this an enquiry might not be written


async def alive(request: Request) -> Response:
    """200 while the process answers. Balancers ask this, so that a dead worker never closes the form."""
    return ALIVE


async def ready(request: Request) -> Response:
    """200 where every part is well, else 503 with the parts that are not."""
    parts = await in_thread(request, _parts, site(request))
    status = 200 if all(parts.values()) else 503
    told = {name: "ok" if well else "failing" for name, well in parts.items()}
    return JSONResponse({"ready": status == 200, **told}, status, {"Cache-Control": "no-store"})


def _parts(site: Site) -> dict[str, bool]:
    parts = {"database": False, "schema": False, "worker": False, "disk": _disk_is_free(site)}
    try:
        if site.database.is_reachable():
            parts["schema"] = db.schema_is_current(site.database)
            parts["worker"] = parts["schema"] and _worker_lives(site)
            parts["database"] = site.database.takes_writes()
    except SQLAlchemyError:  # it went away in between
        pass
    return parts


def _worker_lives(site: Site) -> bool:
    with site.database.read() as session:
        return leases.worker_lives(session, db.utcnow())


def _disk_is_free(site: Site) -> bool:
    try:
        return all(shutil.disk_usage(folder).free > DISK_FREE for folder in _folders(site))
    except OSError:
        return False


def _folders(site: Site) -> list[Path]:
    file = make_url(site.database.url).database if site.database.is_sqlite else None
    return [site.settings.data_directory, *([Path(file).parent] if file else [])]

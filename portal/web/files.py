"""Files as they are: the site's own (stylesheet, icons, font), photos by the hash of their content."""

import re
from pathlib import Path

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from portal.catalogue import photos
from portal.templating import STATIC, static
from portal.web.site import site

# None longer than a file system takes; one folder at most.
NAME = re.compile(r"([a-z0-9-]{1,60}/)?[A-Za-z0-9_-]{1,60}\.[a-z0-9]{1,20}")
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
FOR_ANYBODY = {**FOR_EVER, "Cross-Origin-Resource-Policy": "cross-origin"}  # agencies read our mails on pages of others
FOR_A_WEEK = {"Cache-Control": "public, max-age=604800"}
MEDIA_WIDTHS = frozenset(map(str, photos.WIDTHS))
MEDIA_TYPES = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg"}
TYPES = {
    ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png", ".woff2": "font/woff2",
    ".txt": "text/plain", ".webmanifest": "application/manifest+json", ".json": "application/speculationrules+json",
    ".py": "text/x-python",
}  # fmt: skip


async def own(request: Request) -> Response:
    """A file of the site: kept for ever where the address carries its fingerprint, else for a week."""
    name = request.path_params["name"]
    path = STATIC / name
    if not NAME.fullmatch(name) or path.suffix not in TYPES:
        raise HTTPException(404)
    await _must_exist(path)
    versioned = request.url.query and f"{request.url.path}?{request.url.query}" == static(name)
    return FileResponse(path, headers=FOR_EVER if versioned else FOR_A_WEEK, media_type=TYPES[path.suffix])


async def photo(request: Request) -> Response:
    """A photo we keep, in one of its widths."""
    media, width, suffix = (request.path_params[name] for name in ("media", "width", "suffix"))
    if not re.fullmatch("[0-9a-f]{16,64}", media) or width not in MEDIA_WIDTHS or suffix not in MEDIA_TYPES:
        raise HTTPException(404)
    path = site(request).settings.data_directory / "media" / media / f"{width}.{suffix}"
    await _must_exist(path)
    return FileResponse(path, headers=FOR_ANYBODY, media_type=MEDIA_TYPES[suffix])


async def _must_exist(path: Path) -> None:
    if not await anyio.Path(path).is_file():
        raise HTTPException(404)

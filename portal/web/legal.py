"""The legal notice: who runs the site (Ley 34/2002, Art. 10)."""

from starlette.requests import Request
from starlette.responses import Response

from portal.web.rendering import page
from portal.web.site import language


async def show(request: Request) -> Response:
    """The legal notice."""
    return await page(request, "legal/legal.html", language(request))

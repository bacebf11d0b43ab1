"""The files that go with a mail: as plain text to look at, and as files to keep.

They hold what strangers wrote, and nothing here is ever shown as a page: text is `text/plain` in a sandbox without
rights, a file is one to download, under a name of ours.
"""

from starlette.requests import Request
from starlette.responses import Response

from portal.mail.outbox import MailUnknown
from portal.web.ops import mails
from portal.web.ops.mails import Attached
from portal.web.rendering import PRIVATE

NOTHING = {**PRIVATE, "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox"}


async def text(request: Request) -> Response:
    """An attachment as plain text."""
    found = await _asked(request)
    return Response(found.content, headers=NOTHING, media_type="text/plain; charset=utf-8")


async def file(request: Request) -> Response:
    """An attachment as a file, byte for byte."""
    found = await _asked(request)
    headers = {**NOTHING, "Content-Disposition": f'attachment; filename="{found.name}"'}
    return Response(found.content, headers=headers, media_type="application/octet-stream")


async def _asked(request: Request) -> Attached:
    place = mails.number(request, "place")
    letter = await mails.asked(request)
    for found in letter.attachments:
        if found.place == place:
            return found
    raise MailUnknown("no such attachment")

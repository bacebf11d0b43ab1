"""The data policy in force and each of its versions, word for word, with the fingerprint of the text."""

import re
from datetime import UTC, datetime
from typing import NamedTuple

from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portal import db
from portal.consent import policies
from portal.consent.policies import PolicyVersion
from portal.web.rendering import page
from portal.web.site import language
from portal.web.transactions import reading

_BULLET = re.compile(r"^\s*•\s*")


class Block(NamedTuple):
    """A run of the text: a `heading`, a `paragraph`, or a `list` with its items. Every word of it, and no other."""

    kind: str
    lines: list[str]


async def show(request: Request) -> Response:
    """The policy in force, or one version of it at its permanent address."""
    lang, number = language(request), request.path_params.get("number")
    if number is not None and not re.fullmatch("[1-9][0-9]{0,5}", number):
        raise HTTPException(404)
    version = await reading(request, _version, request.path_params["document"], number, lang)
    revised = datetime.fromisoformat(version.revised_on).replace(hour=12, tzinfo=UTC)
    return await page(
        request, "policies/policy.html", lang, version=version, revised=revised, blocks=blocks(version.body),
        permanent=number is not None,
    )  # fmt: skip


def blocks(text: str) -> list[Block]:
    """Plain text as headings, paragraphs and lists. The first line is the title and stands elsewhere on the page."""
    made: list[Block] = []
    for raw in text.splitlines()[1:]:
        line = raw.strip()
        if not line:
            continue
        kind = "list" if _BULLET.match(raw) else "heading" if re.match(r"\d+\. \S", line) else "paragraph"
        if kind == "list" and made and made[-1].kind == "list":
            made[-1].lines.append(_BULLET.sub("", raw).strip())
        else:
            made.append(Block(kind, [_BULLET.sub("", raw).strip()]))
    return made


def _version(session: Session, document: str, number: str | None, lang: str) -> PolicyVersion:
    if number is None:
        return policies.in_force(session, document, lang, db.utcnow())
    return policies.numbered(session, document, int(number), lang)

"""A policy: the version in force and each other one, word for word, with what it changes of the one before.

What is announced next stands on the page too; a draft stands on none.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portal import addresses, db
from portal.consent import annexes, policies
from portal.consent.annexes import PolicyAnnex
from portal.consent.differences import Passage, difference
from portal.consent.policies import PolicyUnknown, PolicyVersion
from portal.web.rendering import page
from portal.web.site import language
from portal.web.transactions import reading

_BULLET = re.compile(r"^\s*•\s*")


class Block(NamedTuple):
    """A run of the text: a `heading`, a `paragraph`, or a `list` with its items. Every word of it, and no other."""

    kind: str
    lines: list[str]


class Edition(NamedTuple):
    """One version, in all its languages and in the one to be shown, and from when until when it is in force."""

    version: PolicyVersion
    texts: list[PolicyVersion]
    announced_at: datetime | None
    start: datetime
    until: datetime | None

    @property
    def revised(self) -> datetime:
        """The day it was revised."""
        return datetime.fromisoformat(self.version.revised_on).replace(hour=12, tzinfo=UTC)


class Changes(NamedTuple):
    """What a version changes of the one before. `text` is None where no language has both."""

    before: Edition
    after: Edition
    locale: str
    text: list[Passage] | None
    annex: list[Passage]


class Told(NamedTuple):
    """What a policy's page tells: one edition with its annex and changes, what comes next, and every edition."""

    shown: Edition
    annex: PolicyAnnex | None
    changes: Changes | None
    coming: Changes | None
    editions: list[Edition]


async def show(request: Request) -> Response:
    """The policy in force, or one version of it at its permanent address."""
    lang, number, now = language(request), request.path_params.get("number"), db.utcnow()
    if number is not None and not re.fullmatch("[1-9][0-9]{0,5}", number):
        raise HTTPException(404)
    document = request.path_params["document"]
    told = await reading(request, _told, document, number and int(number), lang, now)
    version = told.shown.version
    return await page(
        request, "policies/policy.html", lang, told=told, version=version, permanent=number is not None, now=now,
        blocks=blocks(version.body), annex=blocks(told.annex.text) if told.annex else [],
        canonical=addresses.policy(lang, document, version.number),
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


def _told(session: Session, document: str, number: int | None, lang: str, now: datetime) -> Told:
    editions = _editions(policies.every_version(session, document), lang, now)
    named = [edition for edition in editions if edition.version.number == number]
    chosen = [edition for edition in editions if edition.start <= now][-1:] if number is None else named
    if not chosen:
        raise PolicyUnknown(document)
    shown, at = chosen[0], editions.index(chosen[0])
    is_present = number is None and at + 1 < len(editions)
    return Told(
        shown,
        annexes.of(session, shown.version.id or 0, lang),
        _changes(session, editions[at - 1], shown, lang) if at else None,
        _changes(session, shown, editions[at + 1], lang) if is_present else None,
        editions,
    )


def _editions(versions: Iterable[PolicyVersion], lang: str, now: datetime) -> list[Edition]:
    """Every public version, oldest first."""
    texts: dict[int, list[PolicyVersion]] = {}
    for version in versions:
        if version.announced_at is not None and version.announced_at <= now:
            texts.setdefault(version.number, []).append(version)
    made = [_edition(texts[number], lang, now) for number in sorted(texts)]
    ends = [later.start for later in made[1:]]
    return [edition._replace(until=end) for edition, end in zip(made, [*ends, None], strict=False)]


def _edition(texts: list[PolicyVersion], lang: str, now: datetime) -> Edition:
    starts = [version.effective_at for version in texts if version.effective_at is not None]
    told = [version.announced_at for version in texts if version.announced_at not in (None, version.effective_at)]
    begun = [version for version in texts if version.effective_at is not None and version.effective_at <= now]
    shown = policies.in_language(begun or texts, lang)
    return Edition(shown, texts, min(filter(None, told), default=None), min(starts), None)


def _changes(session: Session, before: Edition, after: Edition, lang: str) -> Changes:
    earlier = {version.locale: version for version in before.texts}
    shared = [version for version in after.texts if version.locale in earlier]
    later = policies.in_language(shared, lang) if shared else None
    old, new = (annexes.of(session, edition.version.id or 0, lang) for edition in (before, after))
    return Changes(
        before, after, later.locale if later else lang,
        difference(earlier[later.locale].body, later.body) if later else None,
        difference(old.text, new.text) if old and new else [],
    )  # fmt: skip

"""Announcing policies: what is to change is told before it does, on every page, and recorded in the ledger.

An announcement gives a draft its two dates; from then on nothing of it changes. A material change is announced so many
days ahead that people can react. Never puts anything into force itself: time does that, and the worker records it.
"""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import sqlalchemy
from sqlmodel import Session, col, select

from portal import ledger
from portal.catalogue import versions
from portal.consent import annexes, policies
from portal.consent.policies import MATERIAL, PolicyRefused, PolicyUnknown, PolicyVersion
from portal.db import UTCDateTime, affected, table_of
from portal.language import formats

_version = table_of(PolicyVersion)


class Announcement(NamedTuple):
    """A version that is announced and not in force yet. `title` is its English one, where it has one."""

    document: str
    number: int
    title: str
    effective_at: datetime


def _running() -> Any:
    now = sqlalchemy.bindparam("now", type_=UTCDateTime())
    older = _version.alias("older")
    newest = sqlalchemy.select(sqlalchemy.func.max(older.c.number)).where(
        older.c.document == _version.c.document, older.c.effective_at <= now
    )
    return (
        sqlalchemy.select(_version.c.document, _version.c.number, _version.c.title, _version.c.effective_at)
        .where(
            _version.c.announced_at <= now,
            _version.c.effective_at > now,
            # A translation that comes later announces nothing new.
            _version.c.number > sqlalchemy.func.coalesce(newest.scalar_subquery(), 0),
        )
        .order_by(_version.c.effective_at, _version.c.locale != "en", _version.c.id)
        .limit(1)
        .subquery()
    )


# The announcement that runs `now`, of several the one that takes effect first: a row of its fields, or none.
RUNNING = _running()


def announce(
    session: Session, document: str, number: int, effective_at: datetime, notice_days: int, by: str, now: datetime
) -> list[PolicyVersion]:
    """Announce a draft in every language it is kept in; it takes effect at `effective_at`.

    A material change of a policy is announced at least `notice_days` before. Raises `PolicyUnknown`, and
    `PolicyRefused` where it is no draft any more or the moment is too early.
    """
    present = policies.every_version(session, document)
    texts = [version for version in present if version.number == number]
    if not texts:
        raise PolicyUnknown(f"there is no version {number} of {document}")
    drafts = [version for version in texts if version.effective_at is None]
    _check(present, drafts, number, effective_at, timedelta(days=notice_days), now)
    for version in drafts:
        version.announced_at, version.effective_at = now, effective_at
        session.add(version)
    session.flush()
    for version in drafts if document == policies.DATA_POLICY else []:
        annexes.freeze(session, version.id or 0, effective_at)
    _record(session, "policy_announced", drafts, now, by=by, change=_change_of(texts))
    versions.raise_version(session)
    return drafts


def record_published(session: Session, version: PolicyVersion, now: datetime) -> None:
    """Record a text that is published without an announcement."""
    _record(session, "policy_published", [version], now)


def take_effect(session: Session, now: datetime) -> int:
    """Retire every version whose successor is in force by now, and record that; how many successors there were."""
    found = session.exec(
        select(PolicyVersion)
        .where(col(PolicyVersion.effective_at) <= now, col(PolicyVersion.retired_at).is_(None))
        .order_by(PolicyVersion.document, col(PolicyVersion.number), col(PolicyVersion.locale))
    ).all()
    numbers: dict[tuple[str, int], list[PolicyVersion]] = {}
    for version in found:
        numbers.setdefault((version.document, version.number), []).append(version)
    return sum(
        _succeed(session, old, new, now)
        for (old, new) in pairwise(numbers.values())
        if old[0].document == new[0].document
    )


def _check(
    present: list[PolicyVersion], drafts: list[PolicyVersion], number: int, effective_at: datetime,
    notice: timedelta, now: datetime,
) -> None:  # fmt: skip
    if not drafts:
        raise PolicyRefused(f"version {number} is announced already")
    if effective_at <= now:
        raise PolicyRefused("an announcement comes before what it announces")
    others = [version for version in present if version not in drafts]
    if any(version.number > number and version.effective_at for version in others):
        raise PolicyRefused(f"a later version than {number} is announced already")
    policies.check_effect(others, number, effective_at)
    public = [version.number for version in others if version.effective_at]
    is_change = number not in public and bool(public)  # not a translation, not the first of its document
    if is_change and _change_of(drafts) == MATERIAL and effective_at < now + notice:
        raise PolicyRefused(f"a material change is announced at least {notice.days} days before it takes effect")


def _change_of(texts: list[PolicyVersion]) -> str:
    return MATERIAL if any(version.change_class == MATERIAL for version in texts) else policies.EDITORIAL


def _succeed(session: Session, old: list[PolicyVersion], new: list[PolicyVersion], now: datetime) -> bool:
    started = min(version.effective_at for version in new if version.effective_at is not None)
    retiring = (
        sqlalchemy.update(_version)
        .where(_version.c.id.in_([version.id for version in old]), _version.c.retired_at.is_(None))
        .values(retired_at=started)
    )
    if not affected(session, retiring):  # another worker was first
        return False
    _record(session, "policy_effective", new, now, retires=old[0].number)
    return True


def _record(session: Session, kind: str, texts: list[PolicyVersion], now: datetime, **more: Any) -> None:
    first = texts[0]
    assert first.effective_at is not None
    ledger.record(session, kind, now, business={
        "document": first.document, "number": first.number, "effective_at": formats.utc(first.effective_at),
        "texts": [
            {"locale": text.locale, "title": text.title, "summary": text.summary, "sha256": text.body_sha256}
            for text in texts
        ],
        "annexes": annexes.fingerprints(session, first.id or 0),
        **more,
    })  # fmt: skip

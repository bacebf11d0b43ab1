"""Policies as immutable versions: the text, its fingerprint, when it was announced and when it is in force.

Owns `policy_version`. A version is never edited; a change is a new version. Each has a permanent address. A text may be
kept here before it is public: it has neither date then, and gets both when it is announced. The database refuses every
other change of a row, but that its successor retires it.
"""

import hashlib
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import CheckConstraint, Integer, ScalarSelect, String, Text, UniqueConstraint
from sqlmodel import Session, SQLModel, col, select

from portal.catalogue import versions
from portal.consent import annexes
from portal.db import UTCDateTime, column
from portal.language import formats

DATA_POLICY = "data-policy"
EDITORIAL, MATERIAL = "editorial", "material"
QUARTER_SECONDS = 900  # pages may be kept that long, so that nothing on them may change in between


class PolicyUnknown(Exception):
    """No such policy, version or language of it."""


class PolicyRefused(Exception):
    """What is asked would break a promise about policies; the message says which."""


class PolicyVersion(SQLModel, table=True):
    """One version of one document in one language, unchanged for ever. `body_sha256` is over its UTF-8 bytes.

    Without `announced_at` and `effective_at` it is a draft. Where both are the same moment it was not announced.
    """

    __tablename__ = "policy_version"
    __table_args__ = (
        UniqueConstraint("document", "number", "locale"),
        CheckConstraint("change_class IN ('editorial', 'material')", name="change_class"),
        CheckConstraint("(announced_at IS NULL) = (effective_at IS NULL)", name="announced"),
    )
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    document: str = column(String(40), personal=None)
    number: int = column(Integer, personal=None)
    locale: str = column(String(5), personal=None)
    title: str = column(String(120), personal=None)
    body: str = column(Text, personal=None)
    body_sha256: str = column(String(64), personal=None)
    revised_on: str = column(String(10), personal=None)
    effective_at: datetime | None = column(UTCDateTime, personal=None, default=None)
    approved_by: str = column(String(120), personal="operator", default="")
    summary: str = column(Text, personal=None, default="")
    change_class: str = column(String(10), personal=None, default=EDITORIAL)
    announced_at: datetime | None = column(UTCDateTime, personal=None, default=None)
    retired_at: datetime | None = column(UTCDateTime, personal=None, default=None)


# How many texts are in force: it rises when one comes into force, be it by being published or by time.
IN_FORCE: Any = (
    sqlalchemy.select(sqlalchemy.func.count())
    .where(col(PolicyVersion.effective_at) <= sqlalchemy.bindparam("now", type_=UTCDateTime()))
    .scalar_subquery()
)


def add(
    session: Session, document: str, locale: str, title: str, body: str, revised_on: str,
    effective_at: datetime | None, approved_by: str, summary: str = "", change_class: str = EDITORIAL,
) -> PolicyVersion:  # fmt: skip
    """Keep a text as the next version of its document, or as a translation of the newest one.

    A translation has the revision date of the newest version and a language that one lacks. With `effective_at` the
    text is published without an announcement, in force from then on; without, it is a draft until it is announced.
    Raises `PolicyRefused` where the moment is not a full quarter of an hour or comes too early, or where a material
    change of a policy would come unannounced.
    """
    present = every_version(session, document)
    number = _number(present, locale, revised_on)
    if effective_at is not None:
        check_effect(present, number, effective_at)
        if change_class == MATERIAL and any(version.number < number for version in present):
            raise PolicyRefused("a material change is announced before it takes effect")
    version = PolicyVersion(
        document=document, number=number, locale=locale, title=title, body=body, revised_on=revised_on,
        body_sha256=hashlib.sha256(body.encode()).hexdigest(), effective_at=effective_at, approved_by=approved_by,
        summary=summary, change_class=change_class, announced_at=effective_at,
    )  # fmt: skip
    session.add(version)
    session.flush()
    if effective_at is not None and document == DATA_POLICY:
        annexes.freeze(session, version.id or 0, effective_at)
    versions.raise_version(session)
    return version


def check_effect(present: list[PolicyVersion], number: int, effective_at: datetime) -> None:
    """Raise `PolicyRefused` unless version `number` may take effect then: on a quarter of an hour, and in its turn.

    No version takes effect before one with a lower number, and no translation before what it translates.
    """
    if effective_at.timestamp() % QUARTER_SECONDS:
        raise PolicyRefused("a policy takes effect on a full quarter of an hour")
    for version in present:
        if version.effective_at is None and version.number == number:
            raise PolicyRefused(f"version {number} is a draft: add its translation as a draft too, and announce both")
        if version.effective_at is not None and version.number <= number and effective_at < version.effective_at:
            raise PolicyRefused(f"version {version.number} takes effect at {formats.utc(version.effective_at)} only")


def in_force(session: Session, document: str, locale: str, now: datetime) -> PolicyVersion:
    """The version in force, in this language where it exists, else in English. Raises `PolicyUnknown`."""
    found = session.exec(
        select(PolicyVersion).where(PolicyVersion.id == number_in_force(document, locale, now))
    ).first()
    if found is None:
        raise PolicyUnknown(document)
    return found


def number_in_force(document: str, locale: str, now: datetime) -> ScalarSelect[int]:
    """The row of the version `in_force` means, for a statement that reads more than that."""
    return (
        sqlalchemy.select(col(PolicyVersion.id))
        .where(col(PolicyVersion.document) == document, col(PolicyVersion.effective_at) <= now)
        .order_by(
            col(PolicyVersion.number).desc(), col(PolicyVersion.locale) != locale, col(PolicyVersion.locale) != "en"
        )
        .limit(1)
        .scalar_subquery()
    )


def every_version(session: Session, document: str) -> list[PolicyVersion]:
    """All versions of a document, newest first; drafts too."""
    return list(
        session.exec(
            select(PolicyVersion).where(PolicyVersion.document == document).order_by(col(PolicyVersion.number).desc())
        )
    )


def everything(session: Session) -> list[PolicyVersion]:
    """All versions of all documents, by document, newest first."""
    order = (col(PolicyVersion.document), col(PolicyVersion.number).desc(), col(PolicyVersion.locale))
    return list(session.exec(select(PolicyVersion).order_by(*order)))


def in_language(versions: list[PolicyVersion], locale: str) -> PolicyVersion:
    """Of one version in several languages the text in this one, else in English, else any."""
    return min(versions, key=lambda version: (version.locale != locale, version.locale != "en"))


def _number(present: list[PolicyVersion], locale: str, revised_on: str) -> int:
    if not present:
        return 1
    newest = [version for version in present if version.number == present[0].number]
    translates = newest[0].revised_on == revised_on and locale not in {version.locale for version in newest}
    return newest[0].number + (0 if translates else 1)

"""Policies as immutable versions: the text, its fingerprint, and when it is in force.

Owns `policy_version`. A version is never edited; a change is a new version. Each has a permanent address.
"""

import hashlib
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import Integer, ScalarSelect, String, Text, UniqueConstraint
from sqlmodel import Session, SQLModel, col, select

from portal.catalogue import versions
from portal.db import UTCDateTime, column

DATA_POLICY = "data-policy"


class PolicyUnknown(Exception):
    """No such policy, version or language of it."""


class PolicyVersion(SQLModel, table=True):
    """One version of one document in one language, unchanged for ever. `body_sha256` is over its UTF-8 bytes."""

    __tablename__ = "policy_version"
    __table_args__ = (UniqueConstraint("document", "number", "locale"),)
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    document: str = column(String(40), personal=None)
    number: int = column(Integer, personal=None)
    locale: str = column(String(5), personal=None)
    title: str = column(String(120), personal=None)
    body: str = column(Text, personal=None)
    body_sha256: str = column(String(64), personal=None)
    revised_on: str = column(String(10), personal=None)
    effective_at: datetime = column(UTCDateTime, personal=None)
    approved_by: str = column(String(120), personal="operator", default="")


# How many texts are in force: it rises when one comes into force, be it by being published or by time.
IN_FORCE: Any = (
    sqlalchemy.select(sqlalchemy.func.count())
    .where(col(PolicyVersion.effective_at) <= sqlalchemy.bindparam("now", type_=UTCDateTime()))
    .scalar_subquery()
)


def add(
    session: Session,
    document: str,
    locale: str,
    title: str,
    body: str,
    revised_on: str,
    effective_at: datetime,
    approved_by: str,
) -> PolicyVersion:
    """Publish a text as the next version of its document, or as a translation of the newest one.

    A translation has the revision date of the newest version and a language that one lacks.
    """
    number = _number(every_version(session, document), locale, revised_on)
    version = PolicyVersion(
        document=document, number=number, locale=locale, title=title, body=body, revised_on=revised_on,
        body_sha256=hashlib.sha256(body.encode()).hexdigest(), effective_at=effective_at, approved_by=approved_by,
    )  # fmt: skip
    session.add(version)
    session.flush()
    versions.raise_version(session)
    return version


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


def numbered(session: Session, document: str, number: int, locale: str) -> PolicyVersion:
    """One version by its number, in this language where it exists, else in English. Raises `PolicyUnknown`."""
    versions = session.exec(
        select(PolicyVersion).where(PolicyVersion.document == document, PolicyVersion.number == number)
    ).all()
    if not versions:
        raise PolicyUnknown(f"{document} {number}")
    return _in_language(list(versions), locale)


def every_version(session: Session, document: str) -> list[PolicyVersion]:
    """All versions of a document, newest first."""
    return list(
        session.exec(
            select(PolicyVersion).where(PolicyVersion.document == document).order_by(col(PolicyVersion.number).desc())
        )
    )


def everything(session: Session) -> list[PolicyVersion]:
    """All versions of all documents, by document, newest first."""
    order = (col(PolicyVersion.document), col(PolicyVersion.number).desc(), col(PolicyVersion.locale))
    return list(session.exec(select(PolicyVersion).order_by(*order)))


def _number(present: list[PolicyVersion], locale: str, revised_on: str) -> int:
    if not present:
        return 1
    newest = [version for version in present if version.number == present[0].number]
    translates = newest[0].revised_on == revised_on and locale not in {version.locale for version in newest}
    return newest[0].number + (0 if translates else 1)


def _in_language(versions: list[PolicyVersion], locale: str) -> PolicyVersion:
    ranked = sorted(versions, key=lambda version: (version.locale != locale, version.locale != "en"))
    return ranked[0]

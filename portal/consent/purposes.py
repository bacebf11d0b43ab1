"""Purposes: why data is processed, on which basis, for whom, where and for how long, as rows that never change.

Owns `purpose`. A change is a new row of the same code with a later `valid_from`, published together with a policy
version and in force from the same moment. The notice beside the form, the annex of a policy, the receipt and the
register of processing are made from these rows alone, so that they cannot disagree.

Texts are English and stand for themselves: each is translated by the row's own `translations`, else by the catalogues.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import sqlalchemy
from pydantic import ValidationError
from sqlalchemy import JSON, Boolean, CheckConstraint, ColumnElement, Integer, String, Text, UniqueConstraint
from sqlmodel import Session, SQLModel, col, select

from portal.catalogue import versions
from portal.db import UTCDateTime, column
from portal.language import locales
from portal.language.formats import utc
from portal.language.messages import translated

AGENCY = "agency"


class PurposeRefused(Exception):
    """A purpose that could not be shown, agreed to or read in every language of the site."""


class Purpose(SQLModel, table=True):
    """One purpose from `valid_from` on, until a later row of its code; a row that is `retired` ends it.

    `dpv` is its term in the Data Privacy Vocabulary 2.3; `basis` the article of the GDPR such as `6.1.b`, with its IRI
    and a sentence. An `opt_in` one has a `control` in the form, whose `label` is agreed to and holds `consent_months`.
    `data` is a list of {iri, text}; `recipients` of {kind, text}, where the kind `agency` means the one enquired with;
    `locations` of ISO 3166 countries; `transfers` of {country, iri, text, until}, `until` a day or empty;
    `retention` is an ISO 8601 period counted from what `retention_text` says.
    """

    __tablename__ = "purpose"
    __table_args__ = (
        UniqueConstraint("code", "valid_from"),
        CheckConstraint("opt_in = (control <> '')", name="control"),
    )
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    code: str = column(String(40), personal=None)
    valid_from: datetime = column(UTCDateTime, personal=None)
    position: int = column(Integer, personal=None)
    retired: bool = column(Boolean, personal=None, default=False)
    title: str = column(String(120), personal=None)
    text: str = column(Text, personal=None)
    dpv: str = column(String(200), personal=None)
    basis: str = column(String(20), personal=None)
    basis_iri: str = column(String(200), personal=None)
    basis_text: str = column(Text, personal=None)
    opt_in: bool = column(Boolean, personal=None, default=False)
    control: str = column(String(40), personal=None, default="")
    label: str = column(String(500), personal=None, default="")
    consent_months: int | None = column(Integer, personal=None, default=None)
    data: list[dict[str, str]] = column(JSON, personal=None)
    recipients: list[dict[str, str]] = column(JSON, personal=None)
    locations: list[str] = column(JSON, personal=None)
    transfers: list[dict[str, str]] = column(JSON, personal=None)
    retention: str = column(String(20), personal=None)
    retention_text: str = column(Text, personal=None)
    translations: dict[str, dict[str, str]] = column(JSON, personal=None, default_factory=dict)

    def says(self, message: str, locale: str) -> str:
        """One of this row's texts in one language."""
        return self.translations.get(locale, {}).get(message) or translated(locale, message)

    def messages(self) -> Iterator[str]:
        """Every text of this row that people read."""
        yield from (self.title, self.text, self.basis_text, self.retention_text)
        yield from (part["text"] for part in (*self.data, *self.recipients, *self.transfers) if part.get("text"))
        if self.opt_in:
            yield self.label


def add(session: Session, rows: Iterable[Purpose]) -> None:
    """Put new rows in, before the policy version that is in force from their `valid_from` is published.

    Raises `PurposeRefused` where one is not in every language of the site or could not be consented to.
    """
    for row in rows:
        _check(row)
        session.add(row)
    session.flush()
    versions.raise_version(session)


def read(session: Session, written: str, valid_from: datetime) -> list[Purpose]:
    """Rows as people write them: a JSON list of objects, each with its `code` and what differs from the row before it.

    A new purpose gives everything; `{"code": …, "retired": true}` ends one. Raises `PurposeRefused`.
    """
    before = {row.code: row for row in every_row(session)}
    try:
        return [_read(one, before.get(one["code"]), valid_from) for one in json.loads(written)]
    except (ValueError, TypeError, KeyError) as wrong:
        said = wrong.errors()[0] if isinstance(wrong, ValidationError) else {"loc": "", "msg": "not a list of purposes"}
        raise PurposeRefused(f"{'.'.join(map(str, said['loc']))}: {said['msg']}") from None


def in_force(session: Session, at: datetime) -> list[Purpose]:
    """The purposes in force at a moment, in the order in which they are shown."""
    return list(session.exec(select(Purpose).where(is_in_force(at)).order_by(col(Purpose.position), col(Purpose.id))))


def is_in_force(at: datetime) -> ColumnElement[bool]:
    """The condition on `purpose` that `in_force` means, for a statement that reads more than that."""
    newest = (
        sqlalchemy.select(col(Purpose.code), sqlalchemy.func.max(col(Purpose.valid_from)))
        .where(col(Purpose.valid_from) <= at)
        .group_by(col(Purpose.code))
    )
    here = sqlalchemy.tuple_(col(Purpose.code), col(Purpose.valid_from))
    return sqlalchemy.and_(here.in_(newest), col(Purpose.retired).is_(False))


def every_row(session: Session) -> list[Purpose]:
    """Every row there ever was, by code, oldest first."""
    return list(session.exec(select(Purpose).order_by(col(Purpose.code), col(Purpose.valid_from))))


def _read(one: dict[str, Any], before: Purpose | None, valid_from: datetime) -> Purpose:
    if before is not None and before.valid_from >= valid_from:
        raise PurposeRefused(f"{one['code']}: it changes at {utc(before.valid_from)} already")
    same = before.model_dump(exclude={"id", "retired"}) if before else {}
    unknown = one.keys() - Purpose.model_fields.keys() | one.keys() & {"id", "valid_from"}
    if unknown:
        raise PurposeRefused(f"{one['code']}: {', '.join(sorted(unknown))} is not for you to give")
    return Purpose.model_validate({**same, **one, "valid_from": valid_from})


def _check(row: Purpose) -> None:
    for locale in locales.SITE:
        lacking = [text for text in row.messages() if locale != "en" and row.says(text, locale) == text]
        if lacking and not row.retired:
            raise PurposeRefused(f"{row.code}: not in “{locale}”: {lacking[0]}")
    if row.opt_in and not (row.label and row.consent_months):
        raise PurposeRefused(f"{row.code}: a consent needs a label and the months it holds")
    if row.opt_in != (row.basis == "6.1.a"):
        raise PurposeRefused(f"{row.code}: a consent is Art. 6.1.a, and nothing else is")

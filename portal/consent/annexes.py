"""The annex of a policy: what its purposes are, in words, frozen in every language when the policy is published.

Owns `policy_annex`: one text for each version and language of the site, with its fingerprint, never changed. Its lines
are read like those of a policy: a title, numbered headings, lists.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy
from sqlalchemy import ForeignKey, Integer, String, Text
from sqlmodel import Session, SQLModel, col, select

from portal.consent import purposes, wording
from portal.consent.purposes import Purpose
from portal.db import column
from portal.language import formats, locales
from portal.language.messages import translations

# Policies stand above this module and call it; of theirs, only which are versions of one document is read here.
_VERSION = sqlalchemy.table("policy_version", *map(sqlalchemy.column, ("id", "document", "number")))


class PolicyAnnex(SQLModel, table=True):
    """What one policy version's purposes say in one language. `sha256` is over the UTF-8 bytes of `text`."""

    __tablename__ = "policy_annex"
    policy_version_id: int = column(Integer, ForeignKey("policy_version.id"), primary_key=True, personal=None)
    locale: str = column(String(5), primary_key=True, personal=None)
    text: str = column(Text, personal=None)
    sha256: str = column(String(64), personal=None)


def freeze(session: Session, policy_version_id: int, effective_at: datetime) -> None:
    """Write the annex of a version that takes effect then, in every language, from the purposes in force from then on.

    A translation has the annex of what it translates. What is written already stays.
    """
    if of(session, policy_version_id, locales.DEFAULT) is not None:
        return
    frozen = _twins(session, policy_version_id)
    whys = purposes.in_force(session, effective_at)
    for locale in locales.SITE:
        said = frozen.get(locale) or text(whys, effective_at, locale)
        digest = hashlib.sha256(said.encode()).hexdigest()
        session.add(PolicyAnnex(policy_version_id=policy_version_id, locale=locale, text=said, sha256=digest))
    session.flush()


def of(session: Session, policy_version_id: int, locale: str) -> PolicyAnnex | None:
    """The annex of a policy version in a language of the site; None where the version is only a draft."""
    return session.get(PolicyAnnex, (policy_version_id, locale))


def fingerprints(session: Session, policy_version_id: int) -> dict[str, str]:
    """The SHA-256 of a version's annex in each language: what the ledger records of the purposes with the policy."""
    found = session.exec(select(PolicyAnnex).where(PolicyAnnex.policy_version_id == policy_version_id))
    return {annex.locale: annex.sha256 for annex in found}


def text(whys: Sequence[Purpose], effective_at: datetime, locale: str) -> str:
    """The annex in one language: who is responsible, then each purpose with all that is true of it, then the rights."""
    _ = translations(locale).gettext
    lines = [
        _("Annex: what your data is processed for"),
        _("In force from %(day)s. Responsible: %(controller)s.") % {
            "day": formats.day(effective_at, locale), "controller": wording.controller(locale)},
    ]  # fmt: skip
    for number, why in enumerate(whys, 1):
        lines.append(f"{number}. {why.says(why.title, locale)}")
        listed = wording.particulars(why, locale)
        lines.append(
            "\n".join(f"  • {_('%(label)s: %(text)s') % {'label': name, 'text': says}}" for name, says in listed)
        )
    lines.append(f"{len(whys) + 1}. {_('Rights')}")
    lines.append(wording.rights(whys, locale))
    return "\n\n".join(lines) + "\n"


def _twins(session: Session, policy_version_id: int) -> dict[str, str]:
    own = sqlalchemy.select(_VERSION.c.document, _VERSION.c.number).where(_VERSION.c.id == policy_version_id)
    same = sqlalchemy.tuple_(_VERSION.c.document, _VERSION.c.number).in_(own)
    siblings = sqlalchemy.select(_VERSION.c.id).where(same)
    found = session.exec(select(PolicyAnnex).where(col(PolicyAnnex.policy_version_id).in_(siblings)))
    return {annex.locale: annex.text for annex in found}

"""The site version: one number that rises whenever something that public pages show has changed.

Owns `site_version`, which has one row. Whatever changes a property, a photo, an agency, a contact or a policy says so
here, in its own transaction; every serving process reads the number and drops the pages it keeps when it has risen.
"""

from typing import Any

from sqlalchemy import CheckConstraint, Integer, event, select, update
from sqlalchemy.orm import Session as AnySession
from sqlmodel import Session, SQLModel

from portal.db import column, table_of

CHANGED = "public pages changed"


class SiteVersion(SQLModel, table=True):
    """How often public pages have changed. The migration that made the table put its row in."""

    __tablename__ = "site_version"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    number: int = column(Integer, personal=None, default=0)


_version = table_of(SiteVersion)
NUMBER: Any = select(_version.c.number).scalar_subquery()  # to be read beside other things, in one statement


def raise_version(session: Session) -> None:
    """Say that this transaction changes what public pages show; however often it is said, the number rises once."""
    session.info[CHANGED] = True


@event.listens_for(AnySession, "before_commit")
def _raise(session: AnySession) -> None:
    # As the last statement: the row is locked until the commit, and everybody else who raises it waits that long.
    if session.info.pop(CHANGED, False):
        session.flush()
        session.execute(update(_version).values(number=_version.c.number + 1))

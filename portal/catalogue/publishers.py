"""Publishers: what the public pages read of agencies, as plain rows.

Never shows who receives leads, and never an agency that has no home here in a list.
"""

from typing import Any, NamedTuple

from sqlalchemy import Select, func, select
from sqlmodel import Session

from portal.catalogue import opening
from portal.catalogue.agencies import Agency, AgencyUnknown, Office
from portal.catalogue.hours import Hours
from portal.catalogue.properties import VISIBLE, Property
from portal.db import table_of

_agency, _office, _home = table_of(Agency).c, table_of(Office).c, table_of(Property).c


class Publisher(NamedTuple):
    """An agency with its first office and how many homes it shows here."""

    id: int
    slug: str
    name: str
    phone: str | None
    website: str | None
    registration: str | None
    street: str | None
    postal_code: str | None
    town: str | None
    time_zone: str | None
    opening_hours: str | None
    holidays: str | None
    local_holidays: str | None
    response_count: int
    response_seconds: int | None
    homes: int

    @property
    def address(self) -> str:
        """Street, postal code and town in one line."""
        return ", ".join(part for part in (self.street, f"{self.postal_code or ''} {self.town or ''}".strip()) if part)

    @property
    def hours(self) -> Hours | None:
        """When the office is open; None where the agency has not given it."""
        if self.opening_hours is None:
            return None
        return opening.hours(self.opening_hours, self.time_zone or "", self.holidays or "", self.local_holidays or "")


_offices = table_of(Office).alias("one")
_first_office = select(func.min(_offices.c.id)).where(_offices.c.agency_id == _agency.id).scalar_subquery()
_homes = (
    select(_home.agency_id, func.count().label("homes"))
    .where(_home.state.in_(VISIBLE))
    .group_by(_home.agency_id)
    .subquery()
)
_publishers: Select[Any] = select(
    _agency.id, _agency.slug, _agency.name, _agency.phone, _agency.website, _agency.registration, _office.street,
    _office.postal_code, _office.town, _office.time_zone, _office.opening_hours, _office.holidays,
    _office.local_holidays, _agency.response_count, _agency.response_seconds, func.coalesce(_homes.c.homes, 0),
).select_from(
    table_of(Agency)
    .outerjoin(table_of(Office), _office.id == _first_office)
    .outerjoin(_homes, _homes.c.agency_id == _agency.id)
)  # fmt: skip


def everyone(session: Session) -> list[Publisher]:
    """The agencies with homes here, by name."""
    statement = _publishers.where(_homes.c.homes > 0).order_by(func.lower(_agency.name), _agency.id)
    return [Publisher(*row) for row in session.execute(statement)]


def called(session: Session, slug: str) -> Publisher:
    """The agency with this slug, with or without homes. Raises `AgencyUnknown`."""
    row = session.execute(_publishers.where(_agency.slug == slug)).first()
    if row is None:
        raise AgencyUnknown(f"no agency has the slug “{slug}”")
    return Publisher(*row)

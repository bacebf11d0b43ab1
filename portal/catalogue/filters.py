"""Filters: what a visitor looks for, as values. Knows no address and no database."""

from dataclasses import dataclass, fields, replace
from typing import Any

SORTS = ("newest", "price_asc", "price_desc")


@dataclass(frozen=True)
class Filters:
    """What a visitor looks for. `offer` is `buy` or `rent`, prices are whole euros, places are slugs."""

    offer: str
    town: str = ""
    area: str = ""
    price_min: int | None = None
    price_max: int | None = None
    bedrooms: int | None = None
    type: str = ""
    pool: bool = False
    new_build: bool = False
    sort: str = "newest"

    def query(self) -> dict[str, object]:
        """The filters that stand in the query of an address; the usual order leaves no trace."""
        return {
            "price_min": self.price_min, "price_max": self.price_max, "bedrooms": self.bedrooms, "type": self.type,
            "pool": "yes" if self.pool else "", "new_build": "yes" if self.new_build else "",
            "sort": "" if self.sort == "newest" else self.sort,
        }  # fmt: skip

    def active(self) -> list[str]:
        """The names of the filters that narrow the search, as one would give them up."""
        names = ("bedrooms", "type", "pool", "new_build", "price_min", "price_max", "area" if self.area else "town")
        return [name for name in names if getattr(self, name)]

    def without(self, name: str) -> "Filters":
        """The same search with one filter given up; a town takes its area along."""
        given_up: dict[str, Any] = {name: _BLANK[name]}
        if name == "town":
            given_up["area"] = ""
        return replace(self, **given_up)


_BLANK = {field.name: field.default for field in fields(Filters)}

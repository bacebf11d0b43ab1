"""Costs: what buying costs on top of the price, by the law in force on a day.

Owns the dated table of tax rates and the estimate of fees. Pure functions over integers; nothing here reads a database
or a clock. It must never guess where the seller or the region decides: then there is no figure, and a reason why.

The general rates stand here. Reduced ones (large families, young buyers, homes below a price) depend on the buyer.
"""

from datetime import date
from functools import lru_cache
from typing import NamedTuple

from portal.catalogue.places import slug_of

ANDALUCIA = frozenset(
    ("almeria", "cadiz", "cordoba", "granada", "huelva", "jaen", "malaga", "sevilla", "andalucia", "andalusia")
)
HOMES = frozenset((
    "apartment", "penthouse", "duplex", "studio", "villa", "bungalow", "town_house", "country_house", "cave_house",
    "wooden_home",
))  # fmt: skip
PREMISES = frozenset(("garage", "storage", "commercial", "office", "hotel"))

# Why there is no figure; the page has the words.
REASONS = ("not_for_sale", "no_price", "not_euros", "elsewhere", "seller_decides", "no_rates")


class Rate(NamedTuple):
    """A tax rate in thousandths of the price, from a day on until the next row of the same region and tax."""

    valid_from: date
    region: str
    tax: str  # itp: transfer tax · iva_home, iva: value added tax · ajd: stamp duty
    per_mille: int
    law: str


# Oldest first. The Junta's own account of its rates: they hold without a gap since 28 April 2021, first by decree.
RATES = (
    Rate(date(2021, 4, 28), "andalucia", "itp", 70, "Decreto-ley 7/2021 de Andalucía"),
    Rate(date(2021, 4, 28), "andalucia", "ajd", 12, "Decreto-ley 7/2021 de Andalucía"),
    Rate(date(2021, 10, 27), "andalucia", "itp", 70, "Ley 5/2021 de Tributos Cedidos de Andalucía"),
    Rate(date(2021, 10, 27), "andalucia", "ajd", 12, "Ley 5/2021 de Tributos Cedidos de Andalucía"),
    Rate(date(2012, 9, 1), "spain", "iva", 210, "Ley 37/1992 del IVA, art. 90.Uno"),
    Rate(date(2013, 1, 1), "spain", "iva_home", 100, "Ley 37/1992 del IVA, art. 91.Uno.1.7.º"),
)

FEES_LAW = "RD 1426/1989, RD 1427/1989"  # the tariffs of notaries and registrars
# Deed, registration, their IVA and the paperwork: so much from a price (in euros) on, and ten-thousandths of what is
# above it. The tariffs fall with the price, and so do the bands; what they give lies rather above the bill than below.
FEES = ((0, 1_200, 98), (100_000, 2_180, 28), (2_000_000, 7_500, 10))
_HUNDRED = 100_00  # the total is told in whole hundreds of euros, in minor units


class Purchase(NamedTuple):
    """What is bought, as the catalogue tells it: minor units, and words of `portal.catalogue.properties`.

    `province` is its name in any spelling. A home not said to be new is taken for a resale.
    """

    price_minor: int | None
    new_build: bool | None
    province: str
    offer: str = "sale"
    kind: str = "villa"
    currency: str = "EUR"


class CostRow(NamedTuple):
    """One cost: its key (`itp`, `iva`, `ajd` or `fees`), rate in thousandths, minor units, the law and its first day.

    Fees have no rate and no such day: they are an estimate.
    """

    key: str
    per_mille: int | None
    amount_minor: int
    law: str
    since: date | None
    estimate: bool


class Costs(NamedTuple):
    """What comes on top of a price, row by row, and all of it with the price. Amounts in minor units."""

    price_minor: int
    rows: tuple[CostRow, ...]
    total_minor: int


@lru_cache(20_000)  # a list asks for 24, mostly the same as the list before
def purchase_costs(bought: Purchase, on: date) -> Costs | None:
    """The taxes and fees of buying on a day; None where `reason_unknown` says why.

    Taxes are rounded to whole euros, the total to whole hundreds: the estimate of fees takes up the difference.
    """
    if reason_unknown(bought, on):
        return None
    price = bought.price_minor or 0
    rows = [_tax(price, rate) for rate in _rates(bought, on)]
    with_taxes = price + sum(row.amount_minor for row in rows)
    total = _rounded(with_taxes + _fees(price), _HUNDRED)
    rows.append(CostRow("fees", None, total - with_taxes, FEES_LAW, None, estimate=True))
    return Costs(price, tuple(rows), total)


def total_minor(bought: Purchase, on: date) -> int | None:
    """The price with taxes and fees, in minor units; None where it cannot be told."""
    costs = purchase_costs(bought, on)
    return costs.total_minor if costs else None


def reason_unknown(bought: Purchase, on: date) -> str | None:
    """Why there is no figure, one of `REASONS`; None where there is one.

    `seller_decides`: land, and new buildings that may hold homes or not, pay ITP or IVA by who sells and what for.
    """
    reasons = {
        "not_for_sale": bought.offer != "sale",
        "no_price": not bought.price_minor or bought.price_minor < 0,
        "not_euros": bought.currency != "EUR",
        "elsewhere": slug_of(bought.province) not in ANDALUCIA,
        "seller_decides": _seller_decides(bought),
        "no_rates": not _rates(bought, on),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _seller_decides(bought: Purchase) -> bool:
    if bought.kind == "land":
        return True
    return bool(bought.new_build) and bought.kind not in HOMES | PREMISES


def _rates(bought: Purchase, on: date) -> list[Rate]:
    # A second sale of a building is exempt from IVA and pays ITP (Ley 37/1992, art. 20.Uno.22.º); a first one pays
    # IVA, and stamp duty on its deed.
    taxes = ["itp"] if not bought.new_build else ["iva_home" if bought.kind in HOMES else "iva", "ajd"]
    found = [_rate(tax, on) for tax in taxes]
    return [] if None in found else [rate for rate in found if rate]


def _rate(tax: str, on: date) -> Rate | None:
    return max((rate for rate in RATES if rate.tax == tax and rate.valid_from <= on), default=None)


def _tax(price_minor: int, rate: Rate) -> CostRow:
    amount = _rounded(price_minor * rate.per_mille // 1000, 100)
    key = "iva" if rate.tax == "iva_home" else rate.tax
    return CostRow(key, rate.per_mille, amount, rate.law, rate.valid_from, estimate=False)


def _fees(price_minor: int) -> int:
    start, base, rate = next(band for band in reversed(FEES) if price_minor >= band[0] * 100)
    return base * 100 + (price_minor - start * 100) * rate // 10_000


def _rounded(minor: int, step: int) -> int:
    return (minor + step // 2) // step * step

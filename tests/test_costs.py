"""What buying costs: the figures of the law by table, and the cases in which there is no figure."""

from datetime import date
from typing import Any

import pytest

from portal.catalogue import costs
from portal.catalogue.costs import Purchase
from portal.catalogue.properties import KINDS

TODAY = date(2026, 11, 23)
LAW = "Ley 5/2021 de Tributos Cedidos de Andalucía"


def purchase(euros: int | None, new_build: bool | None = False, province: str = "Málaga", **other: Any) -> Purchase:
    return Purchase(None if euros is None else euros * 100, new_build, province, **other)


def taxes(bought: Purchase) -> dict[str, int]:
    found = costs.purchase_costs(bought, TODAY)
    assert found is not None
    return {row.key: row.amount_minor // 100 for row in found.rows if not row.estimate}


@pytest.mark.parametrize(
    ("euros", "new_build", "expected"),
    [
        (750_000, False, 802_500), (750_000, True, 834_000), (750_000, None, 802_500), (1_250_000, False, 1_337_500),
        (398_000, True, 442_576), (1, False, 1),
    ],
)  # fmt: skip
def test_the_price_with_its_taxes_before_fees(euros, new_build, expected):
    bought = purchase(euros, new_build)
    assert euros + sum(taxes(bought).values()) == expected


def test_each_row_names_its_rate_and_its_law():
    found = costs.purchase_costs(purchase(750_000, True), TODAY)
    assert found is not None
    assert [(row.key, row.per_mille, row.amount_minor, row.law, row.since, row.estimate) for row in found.rows] == [
        ("iva", 100, 7_500_000, "Ley 37/1992 del IVA, art. 91.Uno.1.7.º", date(2013, 1, 1), False),
        ("ajd", 12, 900_000, LAW, date(2021, 10, 27), False),
        ("fees", None, 400_000, costs.FEES_LAW, None, True),
    ]


@pytest.mark.parametrize(
    ("euros", "new_build", "total"),
    [
        (312_000, False, 336_600), (365_000, False, 393_500), (398_000, True, 445_600), (795_000, False, 854_800),
        (1_150_000, False, 1_235_600), (1_250_000, False, 1_342_900), (1_690_000, False, 1_814_900),
        (1_975_000, False, 2_120_700), (60_000, False, 66_000), (4_000_000, False, 4_289_500),
    ],
)  # fmt: skip
def test_the_total_is_a_whole_hundred(euros, new_build, total):
    assert costs.total_minor(purchase(euros, new_build), TODAY) == total * 100


def test_the_rows_add_up_and_more_never_costs_less():
    before = 0
    for euros in range(500, 5_000_000, 6_337):
        found = costs.purchase_costs(purchase(euros), TODAY)
        assert found is not None
        assert found.price_minor + sum(row.amount_minor for row in found.rows) == found.total_minor > before
        assert all(row.amount_minor > 0 for row in found.rows)
        before = found.total_minor


def test_the_bands_of_the_fees_meet():
    for (start, base, rate), (after, next_base, _) in zip(costs.FEES, costs.FEES[1:], strict=False):
        assert base + (after - start) * rate / 10_000 == next_base


@pytest.mark.parametrize("kind", ["garage", "storage", "commercial", "office", "hotel"])
def test_new_premises_pay_the_general_iva_and_used_ones_the_transfer_tax(kind):
    assert taxes(purchase(100_000, True, kind=kind)) == {"iva": 21_000, "ajd": 1_200}
    assert taxes(purchase(100_000, kind=kind)) == {"itp": 7_000}


@pytest.mark.parametrize(
    ("reason", "bought"),
    [
        ("not_for_sale", purchase(1_500, offer="rent_long")), ("not_for_sale", purchase(900, offer="rent_short")),
        ("no_price", purchase(None)), ("no_price", purchase(0)), ("not_euros", purchase(100_000, currency="GBP")),
        ("elsewhere", purchase(100_000, province="Alicante")), ("elsewhere", purchase(100_000, province="")),
        ("seller_decides", purchase(100_000, kind="land")),
        ("seller_decides", purchase(100_000, True, kind="building")),
        ("seller_decides", purchase(100_000, True, kind="other")),
    ],
)  # fmt: skip
def test_where_there_is_no_figure_there_is_a_reason(reason, bought):
    assert reason in costs.REASONS
    assert costs.reason_unknown(bought, TODAY) == reason
    assert costs.purchase_costs(bought, TODAY) is None
    assert costs.total_minor(bought, TODAY) is None


def test_every_kind_has_a_figure_or_a_reason_and_every_used_building_a_figure():
    for kind in KINDS:
        assert (costs.total_minor(purchase(100_000, kind=kind), TODAY) is None) == (kind == "land")
        new = purchase(100_000, True, kind=kind)
        assert (costs.total_minor(new, TODAY) is None) == (costs.reason_unknown(new, TODAY) is not None)


@pytest.mark.parametrize("province", ["Málaga", "MALAGA", "cádiz", "Jaén", "Almería", "Andalucía"])
def test_a_province_is_known_in_any_spelling(province):
    assert costs.reason_unknown(purchase(100_000, province=province), TODAY) is None


@pytest.mark.parametrize(
    ("on", "law"),
    [
        (date(2021, 4, 28), "Decreto-ley 7/2021 de Andalucía"), (date(2021, 10, 26), "Decreto-ley 7/2021 de Andalucía"),
        (date(2021, 10, 27), LAW), (TODAY, LAW),
    ],
)  # fmt: skip
def test_the_law_of_the_day_is_named(on, law):
    found = costs.purchase_costs(purchase(100_000), on)
    assert found is not None and found.rows[0].law == law


def test_before_the_table_begins_there_is_no_figure():
    assert costs.reason_unknown(purchase(100_000), date(2021, 4, 27)) == "no_rates"

"""Presets: which columns an export has and under what names, for whoever is to read it.

`standard` gives every column of `rows` as it is. `excel-es` and `excel-de` are CSV as Excel reads it where the comma
stands in numbers: semicolons between the cells, and times it knows as such. `optima-crm` has the names under which
Optima-CRM takes leads, so that a file imports without mapping; what the portal does not know has no column.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from portal.consent.choices import HOLDING
from portal.consent.notices import MARKETING
from portal.exporting import rows

Row = Sequence[Any]

OPTIMA = {
    "external_reference": "the lead's reference at ImmoMarket",
    "forename": "the first word of the visitor's name",
    "surname": "the other words of the name: both together are the name as it was given",
    "email": "the visitor's e-mail address",
    "phone": "the phone number in E.164, else as it was typed",
    "language": "the language the answer is wanted in",
    "source": "ImmoMarket",
    "lead_status": "1001: new",
    "message": "what the visitor wrote",
    "comments": "when received (UTC), question, viewing or papers, timing, means of paying, company",
    "property": "the agency's reference of the property",
    "listing_agency_id": "the agency's name in addresses",
    "gdpr_status": "the policy in force, of which the visitor was shown the notice: document/number/language",
    "newsletter": "whether the visitor consents to marketing by ImmoMarket now",
}


FORMATS = {
    "standard": ("csv", "jsonl", "xlsx"),
    "optima-crm": ("csv", "jsonl", "xlsx"),
    "excel-es": ("csv",),
    "excel-de": ("csv",),
}


@dataclass(frozen=True)
class Preset:
    """Columns with what each says, in their order, and what makes a row of them from one of the SELECT."""

    columns: Mapping[str, str]
    flags: Collection[str]
    times: Collection[str]
    row: Callable[[Row], Row] | None = None
    delimiter: str = ","

    def rows(self, batch: Sequence[Row]) -> Sequence[Row]:
        """Rows of this preset from rows of the SELECT."""
        return batch if self.row is None else [self.row(row) for row in batch]


def preset(name: str, asked: Sequence[str]) -> Preset:
    """The preset of this name, where the form asks, or ever asked, for these purposes."""
    if name == "optima-crm":
        return Preset(OPTIMA, {"newsletter"}, (), partial(_for_optima, list(rows.columns(asked))))
    times = rows.TIMES | {f"choice_{purpose}_at" for purpose in asked}
    standard = Preset(rows.columns(asked), rows.FLAGS, times)
    if name == "standard":
        return standard
    positions = [position for position, column in enumerate(standard.columns) if column in times]
    return replace(standard, row=partial(_for_excel, positions), delimiter=";")


def _for_excel(times: Sequence[int], row: Row) -> Row:
    cells = list(row)
    for position in times:
        if cells[position]:
            cells[position] = cells[position][:19].replace("T", " ")
    return cells


def _for_optima(columns: Sequence[str], row: Row) -> Row:
    lead = dict(zip(columns, row, strict=True))
    forename, _, surname = (lead["name"] or "").partition(" ")
    comments = (lead[name] for name in ("received_at", "intent", "timing", "funding", "company"))
    return (
        lead["reference"], forename, surname, lead["email"], lead["phone"] or lead["phone_raw"],
        lead["answer_language"], "ImmoMarket", "1001", lead["words"], " · ".join(filter(None, comments)),
        lead["property_reference"], lead["agency"], lead["policy"],
        lead.get(f"choice_{MARKETING}") in HOLDING,
    )  # fmt: skip

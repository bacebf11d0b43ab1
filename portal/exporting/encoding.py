"""How exported rows become bytes: CSV for spreadsheets, JSON Lines for machines. Must never change a phone number.

CSV: UTF-8 with a byte order mark and CRLF (RFC 4180), so that spreadsheets read it without asking. A cell that a
spreadsheet could take for a formula gets a leading apostrophe (OWASP, CSV injection); a phone number in E.164 begins
with a plus and keeps it. JSON Lines: one object a line with `schema_version`, ASCII, so that no character inside a
text can end a line.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from portal.exporting.rows import CHOICES, COLUMNS, PURPOSES

SCHEMA_VERSION = 1
FORMULA = ("=", "+", "-", "@", "\t", "\r")
E164 = re.compile(r"\+[0-9]{7,15}")
CHOICE_PARTS = {"": "state", "_label": "label", "_at": "at"}
CHOICE_COLUMNS = [f"choice_{purpose}{suffix}" for purpose in PURPOSES for suffix in CHOICE_PARTS]


@dataclass(frozen=True)
class Encoding:
    """One format: the bytes before the first row, and how a row is written."""

    head: bytes
    line: Callable[[Mapping[str, Any]], bytes]


def guarded(cell: str) -> str:
    """A cell no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) and not E164.fullmatch(cell) else cell


def csv_columns() -> list[str]:
    """The header of a CSV export: the columns, with each purpose's choice in three cells of its own."""
    return [name for column in COLUMNS for name in (CHOICE_COLUMNS if column == CHOICES else [column])]


def _csv_line(record: Mapping[str, Any]) -> bytes:
    cells = {name: value for name, value in record.items() if name != CHOICES}
    for choice in record[CHOICES]:  # oldest first: the newest of a purpose is the one that holds
        for suffix, part in CHOICE_PARTS.items():
            cells[f"choice_{choice['purpose']}{suffix}"] = choice[part]
    line = io.StringIO(newline="")
    csv.DictWriter(line, csv_columns()).writerow({name: guarded(_cell(value)) for name, value in cells.items()})
    return line.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _jsonl_line(record: Mapping[str, Any]) -> bytes:
    return json.dumps({"schema_version": SCHEMA_VERSION, **record}).encode() + b"\n"


ENCODINGS = {
    "csv": Encoding("\N{ZERO WIDTH NO-BREAK SPACE}".encode() + ",".join(csv_columns()).encode() + b"\r\n", _csv_line),
    "jsonl": Encoding(b"", _jsonl_line),
}

"""How exported rows become files: CSV for spreadsheets, JSON Lines for machines, workbooks. Must never change a phone.

CSV: UTF-8 with a byte order mark and CRLF (RFC 4180), so that spreadsheets read it without asking. A cell that a
spreadsheet could take for a formula gets a leading apostrophe (OWASP, CSV injection); a phone number in E.164 begins
with a plus and keeps it. JSON Lines: one object a line with `schema_version`; no character inside a text ends a line
for any reader. A workbook has typed cells, in which text never is a formula, as many sheets as the rows need, and the
dictionary at its end.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import IO, Any, Protocol

import msgspec
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from portal.exporting.presets import Preset, Row

SCHEMA_VERSION = 3
FORMULA = frozenset("=+-@\t\r")
E164 = re.compile(r"\+[0-9]{7,15}")
SHEET_ROWS = 1_048_576
LINE_ENDS = {"\u2028": rb"\u2028", "\u2029": rb"\u2029", "\x85": rb"\u0085"}  # for readers that know more than LF


class CellTooLong(Exception):
    """A text has more than the 32,767 characters a cell of a workbook holds."""


class File(Protocol):
    """An export being written. What `add` gives back are its rows as bytes: what their hashes are over."""

    def add(self, batch: Sequence[Row]) -> Sequence[bytes]:
        """Write rows."""

    def close(self) -> None:
        """Write what stands behind the last row."""


class CsvFile:
    """One heading, then a line a row."""

    def __init__(self, output: IO[bytes], preset: Preset) -> None:
        self._output, self._flags = output, _flags(preset)
        self._lines = _Lines()
        self._writer = csv.writer(self._lines, delimiter=preset.delimiter)
        self._writer.writerow(preset.columns)
        output.write("\N{ZERO WIDTH NO-BREAK SPACE}".encode() + self._lines.taken()[0])

    def add(self, batch: Sequence[Row]) -> Sequence[bytes]:
        """Write rows, guarded."""
        self._writer.writerows(map(self._cells, batch))
        lines = self._lines.taken()
        self._output.write(b"".join(lines))
        return lines

    def close(self) -> None:
        """Nothing stands behind the last row."""

    def _cells(self, row: Row) -> Row:
        cells = [guarded(cell) if type(cell) is str and cell[:1] in FORMULA else cell for cell in row]
        for position in self._flags:
            if cells[position] is not None:
                cells[position] = "true" if cells[position] else "false"
        return cells


class JsonLinesFile:
    """An object a line."""

    def __init__(self, output: IO[bytes], preset: Preset) -> None:
        self._output, self._flags = output, [name for name in preset.columns if name in preset.flags]
        self._record = msgspec.defstruct("Record", ["schema_version", *preset.columns], gc=False)
        self._encoder = msgspec.json.Encoder()

    def add(self, batch: Sequence[Row]) -> Sequence[bytes]:
        """Write rows."""
        records = [self._record(SCHEMA_VERSION, *row) for row in batch]
        for name in self._flags:
            for record in records:
                flag = getattr(record, name)
                if flag is not None:
                    setattr(record, name, bool(flag))
        lines = self._encoder.encode_lines(records)
        for character, escaped in LINE_ENDS.items():
            lines = lines.replace(character.encode(), escaped)
        self._output.write(lines)
        return lines.splitlines(keepends=True)

    def close(self) -> None:
        """Nothing stands behind the last row."""


class Workbook:
    """As many sheets as the rows need, then the dictionary and what was asked for.

    Rows stand in the folder `scratch` until the end: whoever gives it clears it, also where the export ends early.
    """

    def __init__(
        self, output: IO[bytes], preset: Preset, query: Mapping[str, str], scratch: str, sheet_rows: int = SHEET_ROWS
    ) -> None:
        options = {"constant_memory": True, "tmpdir": scratch, "default_date_format": "yyyy-mm-dd hh:mm:ss"}
        self._book = xlsxwriter.Workbook(output, options)
        self._bold, self._plain = self._book.add_format({"bold": True}), self._book.add_format()
        self._preset, self._query, self._sheet_rows = preset, query, sheet_rows
        self._writers = [
            self._flag if name in preset.flags else self._time if name in preset.times else self._cell
            for name in preset.columns
        ]
        self._sheets, self._flags = 0, _flags(preset)
        self._next_sheet()

    def add(self, batch: Sequence[Row]) -> Sequence[bytes]:
        """Write rows as typed cells. Raises `CellTooLong`."""
        for row in batch:
            if self._at == self._sheet_rows:
                self._next_sheet()
            for column, (write, cell) in enumerate(zip(self._writers, row, strict=True)):
                if cell is not None and cell != "":
                    write(self._sheet, self._at, column, cell)
            self._at += 1
        return [msgspec.json.encode(_with_flags(row, self._flags)) for row in batch]

    def close(self) -> None:
        """Write the dictionary, and the file."""
        told = self._book.add_worksheet("Dictionary")
        pairs = [*self._preset.columns.items(), ("", ""), *(self._query.items() or [("query", "all leads")])]
        for at, pair in enumerate(pairs):
            for column, cell in enumerate(pair):
                self._cell(told, at, column, cell)
        self._book.close()

    def _next_sheet(self) -> None:
        self._sheets += 1
        self._sheet = self._book.add_worksheet("Leads" if self._sheets == 1 else f"Leads {self._sheets}")
        self._sheet.freeze_panes(1, 0)
        for column, name in enumerate(self._preset.columns):
            self._sheet.write_string(0, column, name, self._bold)
        self._at = 1

    def _flag(self, sheet: Worksheet, at: int, column: int, cell: Any) -> None:
        sheet.write_boolean(at, column, bool(cell))

    def _time(self, sheet: Worksheet, at: int, column: int, cell: str) -> None:
        sheet.write_datetime(at, column, datetime.fromisoformat(cell).replace(tzinfo=None))

    def _cell(self, sheet: Worksheet, at: int, column: int, cell: Any) -> None:
        if isinstance(cell, int):
            sheet.write_number(at, column, cell)
        elif cell.startswith("<r>"):  # in constant memory the library would take it for markup of its own
            sheet.write_rich_string(at, column, self._plain, cell[:1], self._plain, cell[1:])
        elif sheet.write_string(at, column, cell):
            raise CellTooLong("a text has more characters than a cell of a workbook holds")


class _Lines:
    """Takes the lines of a CSV writer, one by one."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self.write = self._texts.append

    def taken(self) -> list[bytes]:
        """The lines since the last time."""
        lines = [line.encode() for line in self._texts]
        self._texts.clear()
        return lines


def guarded(cell: str) -> str:
    """A cell no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in FORMULA and not E164.fullmatch(cell) else cell


def _flags(preset: Preset) -> list[int]:
    return [position for position, name in enumerate(preset.columns) if name in preset.flags]


def _with_flags(row: Row, flags: Sequence[int]) -> list[Any]:
    cells = list(row)
    for position in flags:
        if cells[position] is not None:
            cells[position] = bool(cells[position])
    return cells

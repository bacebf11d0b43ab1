"""Reads the workbooks of exports back, with the standard library alone: what stands in each cell, with its type."""

import re
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 (a workbook's times have no zone)
ESCAPED = re.compile(r"_x([0-9A-F]{4})_")


def read(file: Path | IO[bytes]) -> dict[str, list[list[Any]]]:
    """Every sheet by its name: rows of text, numbers, booleans, times, and None where nothing stands."""
    with zipfile.ZipFile(file) as archive:
        names = [sheet.get("name", "") for sheet in _parsed(archive, "xl/workbook.xml").iter(f"{MAIN}sheet")]
        times = _time_formats(_parsed(archive, "xl/styles.xml"))
        return {
            name: [_row(row, times) for row in _parsed(archive, f"xl/worksheets/sheet{number}.xml").iter(f"{MAIN}row")]
            for number, name in enumerate(names, start=1)
        }


def _parsed(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    return ElementTree.fromstring(archive.read(name))


def _time_formats(styles: ElementTree.Element) -> set[str]:
    formats = styles.find(f"{MAIN}cellXfs")
    assert formats is not None
    return {str(number) for number, style in enumerate(formats) if style.get("numFmtId") != "0"}


def _row(row: ElementTree.Element, times: set[str]) -> list[Any]:
    cells: list[Any] = []
    for cell in row.iter(f"{MAIN}c"):
        assert cell.find(f"{MAIN}f") is None, "a formula"
        cells += [None] * (_column(cell.get("r", "")) - len(cells)) + [_cell(cell, times)]
    return cells


def _cell(cell: ElementTree.Element, times: set[str]) -> Any:
    if cell.get("t") == "inlineStr":
        shown = "".join(text.text or "" for text in cell.iter(f"{MAIN}t"))
        return ESCAPED.sub(lambda found: chr(int(found[1], 16)), shown)
    value = cell.findtext(f"{MAIN}v", "")
    if cell.get("t") == "b":
        return value == "1"
    return EPOCH + timedelta(days=float(value)) if cell.get("s") in times else float(value)


def _column(reference: str) -> int:
    number = 0
    for letter in reference.rstrip("0123456789"):
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1

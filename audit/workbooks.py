"""A workbook of an export opened by LibreOffice and read back: each cell must say what the lead said.

The hostile cells of the tests, on several sheets; LibreOffice saves every sheet as CSV, with text in quotation marks
and all else without, so that a text that was taken for a number or a formula shows.
"""

import csv
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from portal.exporting.encoding import Workbook
from tests.test_exporting_files import COLUMNS, HOSTILE, PHONES, STANDARD, row

# Comma, quotation marks, UTF-8, from line 1, no formats, no language; text quoted, cells as stored; every sheet.
FILTER = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,false,false,false,false,-1"
SHEET_ROWS = 20


def check(folder: Path) -> list[str]:
    """What LibreOffice read otherwise than it was written; nothing, with a word why, where there is no LibreOffice."""
    office = shutil.which("soffice")
    if office is None:
        print("workbooks: skipped, LibreOffice is not installed (Debian: libreoffice-calc-nogui)")
        return []
    leads = [row(words=text, name=f"Lead {number}") for number, text in enumerate([*HOSTILE, *PHONES])]
    sheets = _sheets(office, folder, leads)
    found = [cells for sheet in sheets for cells in sheet[1:]]
    wrong = [f"{len(found)} rows of {len(leads)}"] if len(found) != len(leads) else []
    for lead, cells in zip(leads, found, strict=False):
        wrong += [
            f"{name}: {cell!r} was read as {read!r}"
            for name, cell, read in zip(COLUMNS, lead, cells, strict=True)
            if read != _expected(name, cell)
        ]
    print(f"workbooks: LibreOffice read {len(found)} rows on {len(sheets)} sheets, {len(wrong)} cells not as written")
    for line in wrong:
        print(f"  {line}")
    return wrong


def _sheets(office: str, folder: Path, leads: Sequence[Sequence[Any]]) -> list[list[list[str]]]:
    place = folder / "workbook"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    with (place / "leads.xlsx").open("wb") as output:
        book = Workbook(output, STANDARD, {}, str(place), SHEET_ROWS)
        book.add(leads)
        book.close()
    profile = f"-env:UserInstallation={(place / 'profile').as_uri()}"
    command = [office, profile, "--headless", "--convert-to", FILTER, "--outdir", str(place), str(place / "leads.xlsx")]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    names = ["Leads", *(f"Leads {number}" for number in range(2, 9))]
    paths = [path for name in names if (path := place / f"leads-{name}.csv").exists()]
    return [list(csv.reader(path.open(encoding="utf-8", newline=""))) for path in paths]


def _expected(name: str, cell: Any) -> str:
    if isinstance(cell, bool):
        return str(cell).upper()
    if name in STANDARD.times:
        return str(cell)[:19].replace("T", " ")
    return str(cell).replace("\r\n", "\n")  # LibreOffice has one kind of line break in a cell

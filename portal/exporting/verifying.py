"""Whether a file is an export of this installation: its rows, its manifest, and what was recorded of it.

What needs no database, `static/immomarket_verify.py` checks; here the rows are counted and hashed again, and the
database must have recorded the same. Reads only.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from sqlmodel import Session, col, select

from portal.exporting import Export, manifest
from portal.exporting.manifest import RowTree
from portal.ledger.keys import LedgerKey

RECORDED = ("sha256", "root", "rows", "format", "preset")


class ExportWrong(Exception):
    """The file, its manifest and what was recorded do not agree."""


def verify(session: Session, path: Path) -> Export:
    """The export that this file is, row by row. Raises `ExportWrong`, and OSError where a file is missing."""
    part = _part(path)
    export = session.get(Export, part["export"])
    if export is None or any(getattr(export, name) != part[name] for name in RECORDED):
        raise ExportWrong("this installation recorded no such export")
    if export.format != "xlsx":  # the rows of a workbook stand in its SHA-256 alone
        _check_rows(path, part)
    return export


def known_keys(session: Session) -> list[str]:
    """Every key that ever sealed this ledger, the first one first."""
    found = select(LedgerKey.vkey).where(LedgerKey.purpose == "sealing").order_by(col(LedgerKey.created_at))
    return list(session.exec(found))


def lines(file: IO[bytes]) -> Iterator[bytes]:
    """The records of a CSV file, each with its line ending: a line ends where the quotation marks are in pairs."""
    record = b""
    for line in file:
        record += line
        if record.count(b'"') % 2 == 0:
            yield record
            record = b""
    if record:
        yield record


def _part(path: Path) -> dict[str, Any]:
    try:
        part = json.loads(manifest.place(path).read_text(encoding="utf-8"))["export"]
        return {name: part[name] for name in ("export", *RECORDED)}
    except (ValueError, LookupError, TypeError):
        raise ExportWrong("this is no manifest of an export") from None


def _check_rows(path: Path, part: dict[str, Any]) -> None:
    hashes, count = RowTree(), 0
    with path.open("rb") as file:
        records = lines(file) if part["format"] == "csv" else iter(file)
        if part["format"] == "csv":
            next(records, b"")  # the heading
        for record in records:
            hashes.add([record])
            count += 1
    if (count, hashes.root().hex()) != (part["rows"], part["root"]):
        raise ExportWrong(f"the {count} rows of the file are not the {part['rows']} that were exported")

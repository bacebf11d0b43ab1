"""Exports of the lead ledger. Owns `export`: who took which leads out, when and why.

An export is written down before its first byte leaves, and completed with its rows and fingerprint after the last
one. So one that was interrupted stands in the list too, and none goes out unrecorded.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from sqlalchemy import JSON, CheckConstraint, Integer, String
from sqlmodel import Session, SQLModel, col, select

from portal import ledger
from portal.db import Database, UTCDateTime, column
from portal.exporting import rows
from portal.exporting.encoding import ENCODINGS
from portal.leads import Selection

Progress = Callable[[int], None]


class Export(SQLModel, table=True):
    """One export: by whom, why, of what. `rows` and the SHA-256 of the bytes are null until it is complete."""

    __tablename__ = "export"
    __table_args__ = (CheckConstraint("format IN ('csv', 'jsonl')", name="format"),)
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    at: datetime = column(UTCDateTime, personal=None)
    by: str = column(String(120), personal="operator")
    reason: str = column(String(500), personal="operator")
    format: str = column(String(8), personal=None)
    filters: dict[str, Any] = column(JSON, personal=None, default_factory=dict)
    rows: int | None = column(Integer, personal=None, default=None)
    sha256: str | None = column(String(64), personal=None, default=None)


@dataclass(frozen=True)
class Order:
    """What is to be exported, in which format (`csv` or `jsonl`), who asks for it and why."""

    format: str
    by: str
    reason: str
    selection: Selection = field(default_factory=Selection)


def to_stream(database: Database, order: Order, output: IO[bytes], now: datetime, progress: Progress) -> Export:
    """Write the leads ordered, oldest first, a batch at a time; `progress` hears the rows so far.

    Raises what `output` raises; the export then stays recorded as begun.
    """
    export_id = database.write(lambda session: _begin(session, order, now))
    encoding, digest, count = ENCODINGS[order.format], hashlib.sha256(), 0
    digest.update(encoding.head)
    output.write(encoding.head)
    for count, record in enumerate(rows.records(database, order.selection), start=1):
        line = encoding.line(record)
        digest.update(line)
        output.write(line)
        progress(count)
    output.flush()
    return database.write(lambda session: _complete(session, export_id, count, digest.hexdigest(), now))


def to_file(database: Database, order: Order, path: Path, now: datetime, progress: Progress) -> Export:
    """As `to_stream`, into a file for its owner's eyes alone, which appears whole and recorded, or not at all."""
    with NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            export = to_stream(database, order, file, now, progress)
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink()
            raise
    return export


def history(session: Session) -> list[Export]:
    """Every export, newest first."""
    return list(session.exec(select(Export).order_by(col(Export.id).desc())))


def _begin(session: Session, order: Order, now: datetime) -> int:
    filters = order.selection.as_filters()
    export = Export(at=now, by=order.by, reason=order.reason, format=order.format, filters=filters)
    session.add(export)
    session.flush()
    ledger.record(session, "export_begun", now, business={**_about(export), "filters": filters})
    assert export.id is not None
    return export.id


def _complete(session: Session, export_id: int, count: int, sha256: str, now: datetime) -> Export:
    export = session.get_one(Export, export_id)
    export.rows, export.sha256 = count, sha256
    ledger.record(session, "exported", now, business={**_about(export), "rows": count, "sha256": sha256})
    return export


def _about(export: Export) -> dict[str, Any]:
    return {"export": export.id, "by": export.by, "reason": export.reason, "format": export.format}

"""Exports of the lead ledger. Owns `export`: who took which leads out, when and why.

An export is written down before its first byte leaves, and completed with its rows and fingerprint after the last
one. So one that was interrupted stands in the list too, and none goes out unrecorded. Its rows are of one moment; they
go to a file first, so that nobody who reads slowly holds that view of the database open.
"""

import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory, TemporaryFile
from typing import IO, Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Integer, String
from sqlmodel import Session, SQLModel, col, select

from portal import ledger
from portal.db import Database, UTCDateTime, column
from portal.exporting import manifest, rows
from portal.exporting.encoding import CsvFile, File, JsonLinesFile, Workbook
from portal.exporting.manifest import Earlier, RowTree, Seen
from portal.exporting.presets import FORMATS, Preset, preset
from portal.language.formats import utc
from portal.leads import Selection
from portal.ledger import keys, mirror
from portal.ledger.sealing import LedgerCheckpoint
from portal.settings import ROOT, Settings

Progress = Callable[[int], None]
VERIFIER = ROOT / "static" / "immomarket_verify.py"


class Export(SQLModel, table=True):
    """One export: by whom, why, of what.

    What is known only at the end is null until it is complete: how many rows, the SHA-256 of the bytes, the root over
    the rows, the ledger's head that it is a view of, and the event that says so.
    """

    __tablename__ = "export"
    __table_args__ = (CheckConstraint("format IN ('csv', 'jsonl', 'xlsx')", name="format"),)
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    at: datetime = column(UTCDateTime, personal=None)
    by: str = column(String(120), personal="operator")
    reason: str = column(String(500), personal="operator")
    format: str = column(String(8), personal=None)
    filters: dict[str, Any] = column(JSON, personal=None, default_factory=dict)
    rows: int | None = column(Integer, personal=None, default=None)
    sha256: str | None = column(String(64), personal=None, default=None)
    preset: str = column(String(20), personal=None, default="standard")
    root: str | None = column(String(64), personal=None, default=None)
    checkpoint_id: int | None = column(Integer, ForeignKey("ledger_checkpoint.id"), personal=None, default=None)
    ledger_event_id: str | None = column(String(36), ForeignKey("ledger_event.id"), personal=None, default=None)


class PresetUnfit(Exception):
    """The preset is not for this format."""


@dataclass(frozen=True)
class Order:
    """What is to be exported, in which format (`csv`, `jsonl` or `xlsx`) and preset, who asks for it and why."""

    format: str
    by: str
    reason: str
    selection: Selection = field(default_factory=Selection)
    preset: str = "standard"

    def __post_init__(self) -> None:
        if self.format not in FORMATS[self.preset]:
            raise PresetUnfit(f"{self.preset} is for {' and '.join(FORMATS[self.preset])} only")


@dataclass(frozen=True)
class Written:
    """What was written: the columns, how many rows, SHA-256 of the bytes, the root over the rows, what was seen."""

    columns: list[str]
    rows: int
    sha256: str
    root: str
    seen: Seen


def to_stream(
    database: Database, order: Order, output: IO[bytes], settings: Settings, now: datetime, progress: Progress
) -> Export:  # fmt: skip
    """Write the leads ordered, oldest first, through a nameless file of ours; `progress` hears the rows so far.

    Raises what `output` raises, and as `mirror.sealed`; the export then stays recorded as begun. There is no manifest.
    """
    export_id, folder = _begun(database, order, settings, now), settings.data_directory
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=folder) as file:
        written = _write(database, order, file, folder, progress)
        file.seek(0)
        shutil.copyfileobj(file, output, 1 << 20)
        output.flush()
    return database.write(lambda session: _complete(session, export_id, written, "-", now))


def to_file(
    database: Database, order: Order, path: Path, settings: Settings, now: datetime, progress: Progress
) -> Export:  # fmt: skip
    """Write the leads into a file for its owner's eyes alone, which appears whole and recorded, or not at all.

    Its manifest stands beside it, and so does the program that verifies both without the portal. Raises as `to_stream`.
    """
    export_id, folder = _begun(database, order, settings, now), path.parent
    with NamedTemporaryFile("w+b", dir=folder, prefix=f".{path.name}.", delete=False) as file:
        try:
            written = _write(database, order, file, folder, progress)
            os.fsync(file.fileno())
            export = database.write(lambda session: _complete(session, export_id, written, path.name, now))
            manifest.write(path, _manifest(database, export, written, path.name, settings, now))
            shutil.copyfile(VERIFIER, path.with_name(VERIFIER.name))
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    return export


def history(session: Session) -> list[Export]:
    """Every export, newest first."""
    return list(session.exec(select(Export).order_by(col(Export.id).desc())))


def _begun(database: Database, order: Order, settings: Settings, now: datetime) -> int:
    export_id = database.write(lambda session: _begin(session, order, now))
    mirror.sealed(settings, database, now, everything=True)  # on a host with the key; else another one does it
    return export_id


def _begin(session: Session, order: Order, now: datetime) -> int:
    filters = order.selection.as_filters()
    export = Export(
        at=now, by=order.by, reason=order.reason, format=order.format, filters=filters, preset=order.preset
    )  # fmt: skip
    session.add(export)
    session.flush()
    ledger.record(session, "export_begun", now, business={**_about(export), "filters": filters})
    assert export.id is not None
    return export.id


def _write(database: Database, order: Order, output: IO[bytes], folder: Path, progress: Progress) -> Written:
    hashes, count = RowTree(), 0
    with database.view() as session, TemporaryDirectory(dir=folder, prefix=".export.") as scratch:
        seen, asked = manifest.seen(session, _earlier(session, order)), rows.asked_for(session)
        made = preset(order.preset, asked)
        with closing(_file(order, output, made, scratch)) as file:
            for batch in rows.batches(session, order.selection, asked):
                hashes.add(file.add(made.rows(batch)))
                count += len(batch)
                progress(count)
    return Written(list(made.columns), count, _sha256(output), hashes.root().hex(), seen)


def _sha256(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _file(order: Order, output: IO[bytes], made: Preset, scratch: str) -> File:
    if order.format == "xlsx":
        return Workbook(output, made, order.selection.as_filters(), scratch)
    return CsvFile(output, made) if order.format == "csv" else JsonLinesFile(output, made)


def _earlier(session: Session, order: Order) -> Earlier | None:
    """The newest complete export of the same preset and filters, times apart: what a reader follows."""
    complete = select(Export).where(col(Export.sha256).is_not(None), Export.preset == order.preset)
    for export in session.exec(complete.order_by(col(Export.id).desc())):
        if _without_times(export.filters) == _without_times(order.selection.as_filters()):
            return Earlier(export.id or 0, session.get(LedgerCheckpoint, export.checkpoint_id or 0))
    return None


def _complete(session: Session, export_id: int, written: Written, name: str, now: datetime) -> Export:
    export = session.get_one(Export, export_id)
    export.rows, export.sha256, export.root = written.rows, written.sha256, written.root
    export.checkpoint_id = written.seen.checkpoint.id if written.seen.checkpoint else None
    says = {"rows": written.rows, "sha256": written.sha256, "root": written.root}
    committed = manifest.fingerprint(_part(export, written, name))
    event = ledger.record(session, "exported", now, business={**_about(export), **says, "manifest": committed})
    export.ledger_event_id = event.id
    return export


def _manifest(
    database: Database, export: Export, written: Written, name: str, settings: Settings, now: datetime
) -> dict[str, Any]:  # fmt: skip
    mirror.sealed(settings, database, now, everything=True)
    with database.view() as session:
        assert export.ledger_event_id is not None
        part = _part(export, written, name)
        return manifest.of(session, part, export.ledger_event_id, written.seen, keys.promise(settings))


def _part(export: Export, written: Written, name: str) -> dict[str, Any]:
    checkpoint, earlier = written.seen.checkpoint, written.seen.earlier
    return {
        "schema": manifest.SCHEMA, "export": export.id, "at": utc(export.at), "file": name, "format": export.format,
        "preset": export.preset, "query": export.filters, "columns": written.columns,
        "rows": written.rows, "sha256": written.sha256, "root": written.root,
        "checkpoint": checkpoint and checkpoint.note,
        "previous": earlier and {
            "export": earlier.export, "checkpoint": earlier.checkpoint and earlier.checkpoint.note,
        },
        "erased": written.seen.erased, "changes": written.seen.changes,
    }  # fmt: skip


def _about(export: Export) -> dict[str, Any]:
    return {"export": export.id, "by": export.by, "reason": export.reason, "format": export.format}


def _without_times(filters: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in filters.items() if name not in {"since", "until"}}

"""The mirror: what the ledger must still be held to when its database is set back to an older copy.

Owns the folder `ledger` of the data directory, on the host that seals: `leaves` (32 bytes a leaf), `checkpoints.jsonl`,
`erasures.jsonl` and `keys.json`. Only ever appends, but for the last, and holds no person and no salt. Each file is
synced before the next; a line or leaf torn by a crash is written again.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from portal.db import Database
from portal.language.formats import utc
from portal.ledger import LedgerEvent, keys, payloads_of, sealing
from portal.ledger.keys import LedgerKey
from portal.ledger.locking import alone
from portal.ledger.sealing import LedgerLeaf, Sealed
from portal.ledger.shredding import LedgerTombstone
from portal.ledger.tree import HASH_BYTES
from portal.settings import Settings

AT_ONCE = 10_000  # leaves


class CopyRefused(Exception):
    """The database is not what the mirror follows: an older copy, or one that went another way."""


@dataclass(frozen=True)
class Erasure:
    """One half of an event that was erased: whose lead, by which tombstone, when and why."""

    event: str
    half: str
    tombstone: str
    at: str
    lead: str
    reason: str
    request: str


def folder(settings: Settings) -> Path:
    """Where the mirror stands."""
    return settings.data_directory / "ledger"


def sealed(settings: Settings, database: Database, now: datetime, everything: bool = False) -> Sealed | None:
    """Seal what waits and mirror it; None on a host that has no sealing key.

    Raises `CopyRefused` before anything is sealed onto an older copy, and `keys.KeyRefused`.
    """
    key = keys.sealing(settings)
    if key is None:
        return None
    catch_up(database, folder(settings))
    done = sealing.seal(database, key, now, everything)
    catch_up(database, folder(settings))
    return done


def behind(database: Database, folder: Path) -> str:
    """Why this database must not be used as it is, for the operator; empty where it may be, or nothing is mirrored."""
    if not folder.is_dir():
        return ""
    try:
        with database.read() as session:
            _require_same(session, _mirrored(folder), folder)
    except CopyRefused as refused:
        return str(refused)
    return ""


def catch_up(database: Database, folder: Path) -> int:
    """Append what the mirror lacks, and sync it; how many leaves that were. Raises `CopyRefused`."""
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder), database.read() as session:
        _keep_keys(session, folder)
        mirrored, head = _mirrored(folder), sealing.latest(session)
        _require_same(session, mirrored, folder)
        if head is None or head.size == mirrored:
            return 0
        _append(folder / "erasures.jsonl", _lines(vars(erasure) for erasure in _erasures(session, mirrored)))
        for first in range(mirrored, head.size, AT_ONCE):
            _append(folder / "leaves", b"".join(leaves(session, first, min(first + AT_ONCE, head.size))))
        _append(folder / "checkpoints.jsonl", _lines([{"size": head.size, "note": head.note}]))
        return head.size - mirrored


def leaves(session: Session, first: int, end: int) -> list[bytes]:
    """The hashes of the leaves from `first` up to, not including, `end`, as the database holds them."""
    found = select(LedgerLeaf.hash).where(LedgerLeaf.idx >= first, LedgerLeaf.idx < end).order_by(col(LedgerLeaf.idx))
    return [bytes(digest) for digest in session.exec(found)]


def mirrored_leaves(folder: Path) -> Iterator[list[bytes]]:
    """The hashes of all mirrored leaves, some at a time."""
    left = _mirrored(folder)
    with (folder / "leaves").open("rb") as file:
        while left:
            taken = min(left, AT_ONCE)
            read = file.read(taken * HASH_BYTES)
            yield [read[at : at + HASH_BYTES] for at in range(0, len(read), HASH_BYTES)]
            left -= taken


def every_leaf(folder: Path) -> Iterator[bytes]:
    """The hashes of all mirrored leaves, one by one; none where nothing is mirrored."""
    if (folder / "leaves").exists():
        for hashes in mirrored_leaves(folder):
            yield from hashes


def newest_note(folder: Path) -> str | None:
    """The newest mirrored checkpoint; None where there is none."""
    *_, last = ["", *(str(line["note"]) for line in _read(folder / "checkpoints.jsonl"))]
    return last or None


def erasures(folder: Path) -> list[Erasure]:
    """Everything that was erased, oldest first, each once."""
    return list(dict.fromkeys(Erasure(**line) for line in _read(folder / "erasures.jsonl")))


def mirrored_keys(folder: Path) -> list[dict[str, Any]]:
    """The keys the database knew, as `LedgerKey` has them, times as text."""
    path = folder / "keys.json"
    return list(json.loads(path.read_bytes())) if path.exists() else []


def _mirrored(folder: Path) -> int:
    path = folder / "leaves"
    return path.stat().st_size // HASH_BYTES if path.exists() else 0


def _require_same(session: Session, mirrored: int, folder: Path) -> None:
    head = sealing.latest(session)
    size = head.size if head else 0
    if size < mirrored:
        raise CopyRefused(f"the database is an older copy: it holds {size} sealed events, its mirror {mirrored}")
    if mirrored and leaves(session, mirrored - 1, mirrored) != [_last(folder, mirrored)]:
        raise CopyRefused(f"the database and its mirror differ, at sealed event {mirrored - 1} at the latest")


def _last(folder: Path, mirrored: int) -> bytes:
    with (folder / "leaves").open("rb") as file:
        file.seek((mirrored - 1) * HASH_BYTES)
        return file.read(HASH_BYTES)


def _erasures(session: Session, first: int) -> Iterator[Erasure]:
    """What the tombstones say that were sealed from leaf `first` on."""
    found = (
        select(LedgerTombstone, LedgerEvent.about)
        .join(LedgerLeaf, col(LedgerLeaf.event_id) == LedgerTombstone.tombstone_event_id)
        .join(LedgerEvent, col(LedgerEvent.id) == LedgerTombstone.event_id)
        .where(LedgerLeaf.idx >= first)
        .order_by(col(LedgerLeaf.idx))
    )
    for tombstone, lead in session.exec(found).all():
        said = {row.half: json.loads(row.payload) for row in payloads_of(session, tombstone.tombstone_event_id)}
        why = said.get("business", {})
        yield Erasure(
            tombstone.event_id, tombstone.half, tombstone.tombstone_event_id, utc(tombstone.at), lead,
            str(why.get("reason", "")), str(why.get("request", "")),
        )  # fmt: skip


def _keep_keys(session: Session, folder: Path) -> None:
    known = [
        {"vkey": key.vkey, "purpose": key.purpose, "certificate": key.certificate, "created_at": utc(key.created_at),
         "retired_at": key.retired_at and utc(key.retired_at)}
        for key in session.exec(select(LedgerKey).order_by(col(LedgerKey.created_at), col(LedgerKey.vkey)))
    ]  # fmt: skip
    before = {key["vkey"]: key for key in mirrored_keys(folder)}
    now = before | {str(key["vkey"]): key for key in known if _is_newer(key, before.get(str(key["vkey"])))}
    if now != before:
        draft = folder / "keys.json.new"
        draft.unlink(missing_ok=True)
        _append(draft, json.dumps(list(now.values())).encode())
        draft.replace(folder / "keys.json")


def _is_newer(key: dict[str, Any], before: dict[str, Any] | None) -> bool:
    return before is None or (before["retired_at"] is None and key["retired_at"] is not None)


def _read(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"}\n"):  # else torn by a crash, and written again after it
                    yield json.loads(line)


def _lines(rows: Any) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def _append(path: Path, written: bytes) -> None:
    """Write at the end and sync; what a crash left torn there is cut off first."""
    with path.open("r+b" if path.exists() else "x+b") as file:
        end = file.seek(0, os.SEEK_END)
        if path.name == "leaves":
            end -= end % HASH_BYTES
        elif path.suffix == ".jsonl" and end:
            end = _after_last_line(file, end)
        file.truncate(end)
        file.seek(end)
        file.write(written)
        file.flush()
        os.fsync(file.fileno())


def _after_last_line(file: Any, end: int) -> int:
    start = max(0, end - 65_536)  # no line is longer
    file.seek(start)
    return start + int(file.read().rfind(b"\n")) + 1

"""The manifest beside an export: `FILE.manifest.json`, by which whoever holds both can check the file offline.

One JSON object of three parts. No part holds a person.

`export`: what is true of the file; the event `exported` commits to it.
    `schema`       "immomarket/export/1"
    `export`       number of the export; `at` when it was asked for (UTC, ISO 8601)
    `file`         the file's name; `format` csv, jsonl or xlsx; `preset` standard, optima-crm, excel-es or excel-de
    `query`        the filters asked for, as strings by name: since, until, agency, state, purpose
    `columns`      the names of the columns in their order
    `rows`         how many rows, without the heading
    `sha256`       SHA-256 of the file's bytes, hex
    `root`         RFC 6962 root over the rows in their order, hex; of no rows: SHA-256 of nothing. A row's hash is
                   SHA-256(0x00 + row). The row of a CSV or JSON Lines file is the exact bytes of its line with its line
                   ending (CR LF, LF); a line of CSV ends at the first LF behind an even number of quotation marks, and
                   the heading (the first line, with the byte order mark) is no row. The row of a workbook is the
                   RFC 8785 JSON of the array of its cells: text, whole numbers, true, false, null; times as text.
    `checkpoint`   signed note of the ledger's head that the export is a view of; null where nothing was ever sealed
    `previous`     number of the last complete export of the same preset and filters (times apart), and its
                   `checkpoint`: {"export": n, "checkpoint": note or null}; null where this is the first
    `erased`       halves of events erased since `previous`: [{"event": id, "half": "person", "index": n}, …]
    `changes`      what a copy made at `previous` must follow, oldest first: [{"lead": reference, "what": "withdrawn",
                   "expired", "erased" or "rectified", "purpose": code or null, "at": …}, …]

`proof`: the proof part of the one event `exported` (`portal.ledger.bundles`). Its business payload has `export`, `by`,
    `reason`, `format`, `rows`, `sha256`, `root` as above, and `manifest`: SHA-256 (hex) of the RFC 8785 JSON of the
    part `export` (`json.dumps(part, sort_keys=True, separators=(",", ":"), ensure_ascii=False)` gives the same bytes).

`consistency`: that the ledger of now still holds the ledger of the export before:
    {"from": `previous.checkpoint`, "hashes": [base64, …]}, an RFC 6962 consistency proof from that head to
    `proof.checkpoint`; null where there is no earlier head.
"""

import base64
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import rfc8785
import sqlalchemy
from sqlmodel import Session

from portal.db import table_of
from portal.language.formats import utc
from portal.leads import Lead, LeadPerson
from portal.ledger import LedgerEvent, LedgerPayload, bundles, sealing, tree
from portal.ledger.notes import SigningKey
from portal.ledger.sealing import LedgerCheckpoint, LedgerLeaf
from portal.ledger.shredding import LedgerTombstone

SCHEMA = "immomarket/export/1"
FOLLOWED = {
    "consent_withdrawn": "withdrawn",
    "consent_expired": "expired",
    "lead_rectified": "rectified",
    "payload_shredded": "erased",
}
TREE_LEVEL = 10


class RowTree:
    """The RFC 6962 tree over an export's rows, which keeps as little of them as it can."""

    def __init__(self) -> None:
        self._frontier = tree.Frontier()
        self._waiting: list[bytes] = []  # leaf hashes that do not fill a subtree yet

    def add(self, rows: Iterable[bytes]) -> None:
        """Add rows behind those added before."""
        self._waiting += map(tree.leaf_hash, rows)
        whole = len(self._waiting) >> TREE_LEVEL << TREE_LEVEL
        for start in range(0, whole, 1 << TREE_LEVEL):
            self._frontier.append(tree.root(self._waiting[start : start + (1 << TREE_LEVEL)]), TREE_LEVEL)
        del self._waiting[:whole]

    def root(self) -> bytes:
        """The root, once every row is there."""
        for leaf in self._waiting:
            self._frontier.append(leaf)
        self._waiting.clear()
        return self._frontier.root()


@dataclass(frozen=True)
class Earlier:
    """The export before this one: its number, and the ledger's head that it was a view of."""

    export: int
    checkpoint: LedgerCheckpoint | None


@dataclass(frozen=True)
class Seen:
    """What the ledger says in the view that the rows are read from, and what it said in the export before."""

    earlier: Earlier | None
    checkpoint: LedgerCheckpoint | None
    erased: list[dict[str, Any]]
    changes: list[dict[str, Any]]


def seen(session: Session, earlier: Earlier | None) -> Seen:
    """What stands in the ledger now, and what happened in it since the export before."""
    checkpoint = sealing.latest(session)
    known = _same_tree(earlier, checkpoint)
    window = (known.size if known else 0, checkpoint.size if checkpoint else 0)
    return Seen(earlier, checkpoint, _erased(session, *window), _changes(session, *window))


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Write the manifest of the file at `path`, whole or not at all, for its owner's eyes alone."""
    beside = place(path)
    with NamedTemporaryFile("w", dir=path.parent, prefix=f".{beside.name}.", delete=False, encoding="utf-8") as file:
        try:
            json.dump(content, file, indent=1, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(beside)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def place(path: Path) -> Path:
    """Where the manifest of a file stands."""
    return path.with_name(f"{path.name}.manifest.json")


def of(
    session: Session, part: Mapping[str, Any], event_id: str, seen: Seen, promise: SigningKey | None
) -> dict[str, Any]:
    """The whole manifest: the part `export`, the proof of the event that commits to it, the ledger's consistency."""
    document = {"export": part, "consistency": _consistency(session, seen.earlier)}
    return bundles.attached(document, bundles.of_event(session, event_id, promise), promise)


def fingerprint(part: Mapping[str, Any]) -> str:
    """SHA-256 of the part `export` of a manifest, to which the event commits."""
    return hashlib.sha256(rfc8785.dumps(dict(part))).hexdigest()


def _consistency(session: Session, earlier: Earlier | None) -> dict[str, Any] | None:
    head = sealing.latest(session)
    known = _same_tree(earlier, head)
    if head is None or known is None or not known.size:
        return None
    hashes = tree.consistency(known.size, head.size, sealing.reader(session))
    return {"from": known.note, "hashes": [base64.b64encode(each).decode() for each in hashes]}


def _same_tree(earlier: Earlier | None, head: LedgerCheckpoint | None) -> LedgerCheckpoint | None:
    """The head of the export before, where the tree of now grew from it: a new epoch is a new tree."""
    known = earlier.checkpoint if earlier else None
    return known if known and head and known.origin == head.origin else None


def _erased(session: Session, since: int, size: int) -> list[dict[str, Any]]:
    tombstone, erased = table_of(LedgerTombstone), table_of(LedgerLeaf)
    said = erased.alias("said")
    statement = (
        sqlalchemy.select(tombstone.c.event_id, tombstone.c.half, erased.c.idx)
        .join_from(tombstone, said, said.c.event_id == tombstone.c.tombstone_event_id)
        .join(erased, erased.c.event_id == tombstone.c.event_id)
        .where(said.c.idx >= since, said.c.idx < size)
        .order_by(erased.c.idx, tombstone.c.half)
    )
    return [{"event": event, "half": half, "index": index} for event, half, index in session.execute(statement)]


def _changes(session: Session, since: int, size: int) -> list[dict[str, Any]]:
    event, leaf, payload, lead, person = (
        table_of(model) for model in (LedgerEvent, LedgerLeaf, LedgerPayload, Lead, LeadPerson)
    )
    statement = (
        sqlalchemy.select(event.c.type, event.c.at, event.c.about, payload.c.payload, person.c.lead_id)
        .join_from(leaf, event, event.c.id == leaf.c.event_id)
        .join(payload, (payload.c.event_id == event.c.id) & (payload.c.half == "business"))
        .join(lead, lead.c.reference == event.c.about)
        .outerjoin(person, person.c.lead_id == lead.c.id)
        .where(leaf.c.idx >= since, leaf.c.idx < size, event.c.type.in_(FOLLOWED))
        .order_by(leaf.c.idx)
    )
    return [
        {"lead": lead, "what": FOLLOWED[kind], "purpose": json.loads(payload).get("purpose"), "at": utc(at)}
        for kind, at, lead, payload, person in session.execute(statement)
        if kind != "payload_shredded" or person is None  # what a rectification shreds is no erasure
    ]

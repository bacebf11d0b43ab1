"""Recovering: a database set back to an older copy is brought to where its mirror says the ledger was.

Re-appends the leaves that were sealed since, keys and all; erases again what was erased since; and where the copy went
a way of its own, opens a new epoch that names the last head of the old. Owns no table; rewrites nothing, ever.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Literal

from sqlmodel import Session, select

from portal import ledger
from portal.db import Database
from portal.ledger import LedgerEvent, LedgerPayload, mirror, sealing, tree
from portal.ledger.keys import LedgerKey
from portal.ledger.mirror import Erasure
from portal.ledger.notes import SigningKey, sign
from portal.ledger.sealing import Growing

Erase = Callable[[Session, list[Erasure]], int]


@dataclass(frozen=True)
class Recovered:
    """What was done: how, leaves put back, those among them whose event is lost, erasures done again."""

    how: Literal["nothing was amiss", "re-appended", "new epoch"]
    appended: int = 0
    lost: int = 0
    erased: int = 0


def recover(
    database: Database, folder: Path, key: SigningKey, now: datetime, erase: Erase, by: str, new_epoch: bool = False
) -> Recovered:
    """Bring the database to where its mirror was; a new epoch where that cannot be, or where it is asked for.

    `erase` does again, in one transaction each, what was erased of one lead, and says how many halves that were. Run
    again after an interruption it goes on. Raises `keys.KeyRefused` where the key does not seal this ledger.
    """
    database.write(lambda session: _restore_keys(session, folder))
    appended = lost = 0
    if new_epoch or not _leads_here(database, folder):
        _open_epoch(database, folder, key, now, by)
        how: Literal["nothing was amiss", "re-appended", "new epoch"] = "new epoch"
    else:
        for added, missing in _append_mirrored(database, folder, key, now, by):
            appended, lost = appended + added, lost + missing
        if lost:  # what tells of them must stand in the tree before it is believed
            sealing.seal(database, key, now, everything=True)
        how = "re-appended" if appended else "nothing was amiss"
    erased = _erase_again(database, mirror.erasures(folder), erase)
    if how == "new epoch":
        _begin_mirror_again(database, folder)
    return Recovered("re-appended" if erased and how == "nothing was amiss" else how, appended, lost, erased)


def _leads_here(database: Database, folder: Path) -> bool:
    """Whether the mirrored leaves and those of the database are the same, as far as both go."""
    if not (folder / "leaves").exists():
        return True
    first = 0
    with database.read() as session:
        for hashes in mirror.mirrored_leaves(folder):
            held = mirror.leaves(session, first, first + len(hashes))
            if held != hashes[: len(held)]:
                return False
            first += len(hashes)
    return True


def _append_mirrored(
    database: Database, folder: Path, key: SigningKey, now: datetime, by: str
) -> Iterator[tuple[int, int]]:
    if not (folder / "leaves").exists():
        return
    with database.read() as session:
        size = Growing(session).size
        events = session.exec(select(LedgerEvent.id, LedgerEvent.leaf).where(sealing.not_sealed()))
        waiting = {tree.leaf_hash(leaf): identifier for identifier, leaf in events}
    first = 0
    for hashes in mirror.mirrored_leaves(folder):
        missing, first = hashes[max(0, size - first) :], first + len(hashes)
        if missing:
            found = [(digest, waiting.get(digest)) for digest in missing]

            def put_back(session: Session, found: list[tuple[bytes, str | None]] = found) -> None:
                growing = Growing(session)
                _tell_lost(session, growing.size, found, key, now, by)
                sealing.append(session, growing, found, key, now)

            database.write(put_back)
            yield len(found), sum(event is None for _, event in found)


def _tell_lost(
    session: Session, first: int, found: list[tuple[bytes, str | None]], key: SigningKey, now: datetime, by: str
) -> None:  # fmt: skip
    """Record which of the leaves just put back lost their event: those alone, in the same transaction, and signed, so
    that nobody who has the database and not the key can hide what he deleted among them."""
    ranges: list[list[int]] = []
    for index in (first + place for place, (_, event) in enumerate(found) if event is None):
        if ranges and ranges[-1][1] == index - 1:
            ranges[-1][1] = index
        else:
            ranges.append([index, index])
    if ranges:
        lines = "".join(f"{begin} {end}\n" for begin, end in ranges)
        ledger.record(session, "events_lost", now, {"leaves": sign(f"{key.name}/lost\n{lines}", key), "operator": by})


def _open_epoch(database: Database, folder: Path, key: SigningKey, now: datetime, by: str) -> None:
    def write(session: Session) -> None:
        growing = Growing(session)
        head = sealing.latest(session)
        old = mirror.newest_note(folder) or (head.note if head else "")
        name, _, number = growing.origin.rpartition("/ledger/")
        growing.origin = f"{name}/ledger/{int(number) + 1}" if name else f"{growing.origin or key.name}/2"
        said = {"origin": growing.origin, "checkpoint": old, "operator": by}
        event = ledger.record(session, "epoch_opened", now, said)
        sealing.append(session, growing, [(tree.leaf_hash(event.leaf), event.id)], key, now)

    database.write(write)


def _begin_mirror_again(database: Database, folder: Path) -> None:
    # What was mirrored of the old epoch is kept beside, with the heads that were signed: it is evidence.
    if folder.exists():
        number = 1
        while (aside := folder.with_name(f"{folder.name}.old-{number}")).exists():
            number += 1
        folder.rename(aside)
    mirror.catch_up(database, folder)


def _restore_keys(session: Session, folder: Path) -> None:
    for row in mirror.mirrored_keys(folder):
        times = {name: row[name] and datetime.fromisoformat(row[name]) for name in ("created_at", "retired_at")}
        known = session.get(LedgerKey, row["vkey"])
        if known is None:
            session.add(LedgerKey(**{**row, **times}))
        elif known.retired_at is None:
            known.retired_at = times["retired_at"]
    session.flush()


def _erase_again(database: Database, erasures: list[Erasure], erase: Erase) -> int:
    erased = 0
    # All of one lead together: the copy may hold what was rectified first, and not know what was erased in the end.
    for _, group in groupby(sorted(erasures, key=_lead), key=_lead):
        of_lead = list(group)
        with database.read() as session:
            left = any(session.get(LedgerPayload, (each.event, each.half)) is not None for each in of_lead)
        if left:
            erased += database.write(lambda session, of_lead=of_lead: erase(session, of_lead))  # type: ignore[misc]
    return erased


def _lead(erasure: Erasure) -> str:
    return erasure.lead or erasure.tombstone

"""The ledger's keys: who signs checkpoints and promises, since when, until when, and how it is known.

Owns `ledger_key`, which holds public keys and their certificates only. A signing key stands in a file outside the
database, readable by its owner alone, and is never printed, logged or stored anywhere else. One host holds the sealing
key; each host that serves or works has a promise key of its own, certified by the sealing key.
"""

import os
from datetime import datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from sqlalchemy import CheckConstraint, String, Text
from sqlmodel import Session, SQLModel, col, select

from portal import ledger
from portal.db import Database, UTCDateTime, column
from portal.ledger import promises
from portal.ledger.locking import alone
from portal.ledger.notes import NoteWrong, SigningKey, VerifierKey
from portal.settings import Settings

Purpose = Literal["sealing", "promise"]


class LedgerKey(SQLModel, table=True):
    """A public key that signs, or once signed: what for, the note that certifies it, from when and until when."""

    __tablename__ = "ledger_key"
    __table_args__ = (CheckConstraint("purpose IN ('sealing', 'promise')", name="purpose"),)
    vkey: str = column(String(400), primary_key=True, personal=None)
    purpose: str = column(String(7), personal=None)
    certificate: str = column(Text, personal=None)
    created_at: datetime = column(UTCDateTime, personal=None)
    retired_at: datetime | None = column(UTCDateTime, personal=None, default=None)


class KeyRefused(Exception):
    """A key cannot be made, read or used; the message says which and what to do, never the key."""


def origin(settings: Settings) -> str:
    """The name that a new log is known by: the host of PORTAL_ORIGIN, then `/ledger`."""
    return f"{urlsplit(settings.origin).netloc}/ledger"


def path(settings: Settings, purpose: Purpose) -> Path:
    """Where a signing key is kept on this host."""
    given = settings.sealing_key if purpose == "sealing" else settings.promise_key
    return given or settings.data_directory / "keys" / f"{purpose}.key"


def sealing(settings: Settings) -> SigningKey | None:
    """The key this host seals with; None on a host that does not seal. Raises `KeyRefused`."""
    return _read(path(settings, "sealing"))


def promise(settings: Settings) -> SigningKey | None:
    """The key this host signs promises with; None where it has none. Raises `KeyRefused`."""
    return _read(path(settings, "promise"))


def in_use(session: Session, purpose: Purpose) -> list[LedgerKey]:
    """The keys of one purpose that are not retired, oldest first."""
    found = select(LedgerKey).where(LedgerKey.purpose == purpose, col(LedgerKey.retired_at).is_(None))
    return list(session.exec(found.order_by(col(LedgerKey.created_at))))


def require_in_use(session: Session, key: SigningKey, purpose: Purpose) -> None:
    """Raises `KeyRefused` where the database knows the key not at all, for something else, or as retired."""
    known = session.get(LedgerKey, key.vkey)
    if known is None or known.purpose != purpose:
        raise KeyRefused(f"the {purpose} key on this host is not known to the database; run `portal keys new`")
    if known.retired_at is not None:
        raise KeyRefused(f"the {purpose} key on this host is retired; run `portal keys rotate` again to end its change")


def new(settings: Settings, database: Database, now: datetime) -> list[str]:
    """Make and certify the keys this host lacks; the public lines of the keys that are new to the database.

    A sealing key is made only where the database knows none in use. Without one on this host its promise key cannot
    be certified here: `certify` does it where the sealing key is. Run again it changes nothing. Raises `KeyRefused`.
    """
    with database.read() as session:
        first = not in_use(session, "sealing")
    sealer = sealing(settings) or (_make(settings, "sealing") if first else None)
    promiser = promise(settings) or _make(settings, "promise")
    if sealer is None:
        return [] if _is_known(database, promiser.vkey) else [promiser.vkey]
    made = [] if _is_known(database, sealer.vkey) else [sealer.vkey]
    if made and not first:
        raise KeyRefused("another sealing key is in use; take the one on this host away")
    if made:
        note = promises.certificate("sealing", sealer.vkey, now, sealer)
        database.write(lambda session: _add(session, sealer.vkey, "sealing", note, now))
    return made + ([] if _is_known(database, promiser.vkey) else [certify(settings, database, promiser.vkey, now)])


def certify(settings: Settings, database: Database, vkey: str, now: datetime) -> str:
    """Certify the promise key of a host, its public line given, by the sealing key of this one; the line.

    Raises `KeyRefused` where this host has no sealing key in use, or the line is none.
    """
    sealer = sealing(settings)
    if sealer is None:
        raise KeyRefused("this host has no sealing key; certify where it is")
    try:
        given = VerifierKey.parse(vkey).vkey
    except NoteWrong as wrong:
        raise KeyRefused(str(wrong)) from None
    note = promises.certificate("promise", given, now, sealer)

    def write(session: Session) -> str:
        require_in_use(session, sealer, "sealing")
        if session.get(LedgerKey, given) is not None:
            raise KeyRefused("this key is known already")
        _add(session, given, "promise", note, now)
        return given

    return database.write(write)


def rotate(settings: Settings, database: Database, purpose: Purpose, now: datetime, by: str) -> str:
    """Retire a key of this host for a new one, which the old sealing key certifies; the new public line.

    Interrupted at any point, it is ended by running it again. Raises `KeyRefused` where there is no key to retire, or
    no sealing key on this host.
    """
    place = path(settings, purpose)
    lacking = next((each for each in (purpose, "sealing") if not path(settings, each).exists()), None)
    if lacking is not None:
        raise KeyRefused(f"this host has no {lacking} key; run `portal keys new`")
    # Two at once would each put the other's draft in place: a key nobody certified, over the one that is in use.
    with alone(place.parent):
        return _rotate(settings, database, purpose, now, by)


def _rotate(settings: Settings, database: Database, purpose: Purpose, now: datetime, by: str) -> str:
    place = path(settings, purpose)
    waiting = place.with_name(place.name + ".new")
    old, sealer = _read(place), sealing(settings)
    assert old is not None and sealer is not None
    fresh = _read(waiting) or _write(waiting, SigningKey.new(old.name))
    if not _is_known(database, fresh.vkey):
        signers = (old, fresh) if purpose == "sealing" else (sealer,)
        note = promises.certificate(purpose, fresh.vkey, now, *signers)

        def write(session: Session) -> None:
            require_in_use(session, sealer, "sealing")
            _change(session, old, fresh.vkey, purpose, note, now, by)

        database.write(write)
    waiting.replace(place)
    _sync_folder(place.parent)
    return fresh.vkey


def _change(
    session: Session, old: SigningKey, fresh: str, purpose: Purpose, note: str, now: datetime, by: str
) -> None:  # fmt: skip
    require_in_use(session, old, purpose)
    _add(session, fresh, purpose, note, now)
    session.get_one(LedgerKey, old.vkey).retired_at = now
    facts = {"purpose": purpose, "old": old.vkey, "new": fresh, "certificate": note, "operator": by}
    ledger.record(session, "key_rotated", now, facts)


def _add(session: Session, vkey: str, purpose: Purpose, note: str, now: datetime) -> None:
    session.add(LedgerKey(vkey=vkey, purpose=purpose, certificate=note, created_at=now))
    session.flush()


def _is_known(database: Database, vkey: str) -> bool:
    with database.read() as session:
        return session.get(LedgerKey, vkey) is not None


def _make(settings: Settings, purpose: Purpose) -> SigningKey:
    return _write(path(settings, purpose), SigningKey.new(origin(settings)))


def _read(place: Path) -> SigningKey | None:
    try:
        return SigningKey.parse(place.read_text(encoding="ascii"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, NoteWrong) as wrong:
        reason = wrong.strerror if isinstance(wrong, OSError) else "it holds no key"
        raise KeyRefused(f"cannot read {place}: {reason}") from None


def _write(place: Path, key: SigningKey) -> SigningKey:
    """The key as it stands in the file afterwards: another process may have been first."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = place.with_name(f"{place.name}.{os.getpid()}")
    with open(draft, "x", encoding="ascii", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(key.encode() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, place)  # unlike a rename it replaces nothing
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    _sync_folder(place.parent)
    kept = _read(place)
    assert kept is not None
    return kept


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":  # elsewhere a folder cannot be opened
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

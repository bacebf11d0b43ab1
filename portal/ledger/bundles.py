"""Bundles: the proof part of receipts and exports, which `static/immomarket_verify.py` checks without us.

Owns the shape of that part, one JSON object:

    `origin`       name of the log
    `sealing_key`  the ledger's first sealing key; every other is certified from there on; null where there is none
    `keys`         certificate notes, oldest first (`portal.ledger.promises`)
    `checkpoint`   the newest signed head, null where nothing was sealed yet
    `events`       for each event its canonical `leaf`, a `promise` (note or null), a `proof` that it stands in the
                   checkpoint (text after C2SP `tlog-proof`, or null), and the `halves` that open its commitments:
                   {"business": {"salt": hex, "payload": canonical text}, …}; an erased half is absent
    `document`     a note over the SHA-256 of the document that the part stands in, null where no host key signed

Reads only. Must never contain a half that was not asked for.
"""

import base64
import hashlib
from collections.abc import Collection, Mapping
from typing import Any

import rfc8785
from sqlmodel import Session, col, select

from portal.ledger import Half, LedgerEvent, LedgerPayload, notes, promises, sealing, tree
from portal.ledger.keys import LedgerKey
from portal.ledger.notes import SigningKey
from portal.ledger.sealing import LedgerCheckpoint, LedgerLeaf

MEMBER = "proof"
BOTH: tuple[Half, ...] = ("business", "person")


def of_lead(
    session: Session, reference: str, promise_key: SigningKey | None, halves: Collection[Half] = BOTH,
    without: Collection[str] = (),
) -> dict[str, Any]:  # fmt: skip
    """The proof part of every event about one lead, oldest first, but for those of the types in `without`."""
    events = select(LedgerEvent).where(LedgerEvent.about == reference, col(LedgerEvent.type).not_in(without))
    ordered = session.exec(events.order_by(col(LedgerEvent.at), col(LedgerEvent.id)))
    return _part(session, list(ordered), promise_key, halves)


def of_event(session: Session, event_id: str, promise_key: SigningKey | None) -> dict[str, Any]:
    """The proof part of one event. Raises NoResultFound where there is none."""
    return _part(session, [session.get_one(LedgerEvent, event_id)], promise_key, BOTH)


def attached(document: Mapping[str, Any], part: Mapping[str, Any], promise_key: SigningKey | None) -> dict[str, Any]:
    """The document with its proof part, signed as a whole: no fact of it can be changed without the host's key."""
    signed = statement(document, promise_key) if promise_key else None
    return {**document, MEMBER: {**part, "document": signed}}


def statement(document: Mapping[str, Any], key: SigningKey) -> str:
    """The note by which a host signs a JSON document: over its RFC 8785 bytes without the member `proof`."""
    content = {name: value for name, value in document.items() if name != MEMBER}
    digest = base64.b64encode(hashlib.sha256(rfc8785.dumps(content)).digest()).decode()
    return notes.sign(f"{key.name}/document\n{digest}\n", key)


def proof_text(index: int, hashes: Collection[bytes], checkpoint: str) -> str:
    """An inclusion proof as a file of its own (C2SP `tlog-proof`)."""
    lines = [f"index {index}", *(base64.b64encode(each).decode() for each in hashes)]
    return "c2sp.org/tlog-proof@v1\n" + "".join(line + "\n" for line in lines) + "\n" + checkpoint


def _part(
    session: Session, events: list[LedgerEvent], promise_key: SigningKey | None, halves: Collection[Half]
) -> dict[str, Any]:
    keys = list(session.exec(select(LedgerKey).order_by(col(LedgerKey.created_at), col(LedgerKey.purpose).desc())))
    head = sealing.latest(session)
    proofs = _proofs(session, [event.id for event in events], head) if head else {}
    opening = _halves(session, [event.id for event in events], halves)
    return {
        "origin": head.origin if head else promise_key.name if promise_key else None,
        "sealing_key": next((key.vkey for key in keys if key.purpose == "sealing"), None),
        "keys": [key.certificate for key in keys],
        "checkpoint": head.note if head else None,
        "events": [
            {
                "leaf": event.leaf.decode(),
                "promise": promises.promise(promise_key, event) if promise_key else None,
                "proof": proofs.get(event.id),
                "halves": opening.get(event.id, {}),
            }
            for event in events
        ],
    }


def _proofs(session: Session, events: list[str], head: LedgerCheckpoint) -> dict[str, str]:
    node = sealing.reader(session)
    sealed = select(LedgerLeaf).where(col(LedgerLeaf.event_id).in_(events), LedgerLeaf.idx < head.size)
    return {
        str(leaf.event_id): proof_text(leaf.idx, tree.inclusion(leaf.idx, head.size, node), head.note)
        for leaf in session.exec(sealed)
    }


def _halves(session: Session, events: list[str], halves: Collection[Half]) -> dict[str, dict[str, dict[str, str]]]:
    found: dict[str, dict[str, dict[str, str]]] = {}
    asked = col(LedgerPayload.event_id).in_(events), col(LedgerPayload.half).in_(halves)
    for row in session.exec(select(LedgerPayload).where(*asked)):
        found.setdefault(row.event_id, {})[row.half] = {"salt": row.salt.hex(), "payload": row.payload.decode()}
    return found

"""Promises and certificates: what a host signs at once, and why its signature counts.

A promise says that an event will stand in the ledger under this leaf hash: whoever holds one can show that an event
was dropped before it was sealed. The sealing key certifies the hosts' promise keys and, on a rotation, the key that
follows it. All are signed notes; the name of the key that signs is the origin in the first line. Pure: knows no
database and no file.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from portal.language.formats import utc
from portal.ledger import LedgerEvent, tree
from portal.ledger.notes import NoteWrong, SigningKey, VerifierKey, opened, sign


@dataclass(frozen=True)
class Certified:
    """What a certificate says: which key may do what (`promise` or `sealing`), and since when."""

    purpose: str
    key: VerifierKey
    at: datetime


def promise(key: SigningKey, event: LedgerEvent) -> str:
    """The note by which a host promises that this event will be sealed."""
    digest = base64.b64encode(tree.leaf_hash(event.leaf)).decode()
    return sign(f"{key.name}/promise\n{event.id}\n{digest}\n", key)


def certificate(purpose: str, vkey: str, at: datetime, *signers: SigningKey) -> str:
    """The note that lets a key act from `at` on: `promise` for a host, `sealing` for the ledger.

    A promise key is signed for by the sealing key; a sealing key by the one before it and by itself, the first by
    itself alone. The first signer names the log.
    """
    return sign(f"{signers[0].name}/certificate\n{purpose} {vkey}\n{utc(at)}\n", *signers)


def certified(note: str, sealing: Iterable[VerifierKey]) -> Certified:
    """What a certificate says that one of these sealing keys signed. Raises `NoteWrong`.

    A sealing key must have signed its own certificate too: nobody is made the successor of a key without holding it.
    """
    lines = opened(note, sealing).split("\n")
    if len(lines) != 4 or not lines[0].endswith("/certificate"):
        raise NoteWrong("this is no certificate")
    purpose, _, vkey = lines[1].partition(" ")
    if purpose not in {"promise", "sealing"}:
        raise NoteWrong(f"a certificate is not for {purpose!r}")
    key = VerifierKey.parse(vkey)
    if purpose == "sealing":
        opened(note, [key])
    return Certified(purpose, key, _time(lines[2]))


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise NoteWrong("a certificate says since when it holds") from None

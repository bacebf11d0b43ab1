"""Attacks on a sealed ledger, by somebody who has the database file, and past every trigger.

Each changes one copy of the same history and says what must be found: the first wrong index, or from where on it may be
told where only a head shows it. `None` where no index is wrong, for what was signed twice cannot tell.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import rfc8785
from sqlmodel import col, select

from portal import forwarding
from portal.db import SQLITE, Database
from portal.enquiries import receiving, releasing
from portal.leads import Lead, by_reference
from portal.ledger import keys, mirror, sealing
from portal.ledger.keys import LedgerKey
from portal.ledger.notes import Checkpoint, SigningKey, sign
from portal.ledger.promises import certificate
from portal.ledger.tree import Frontier, leaf_hash
from portal.mail.mails import Mail
from portal.rights import erasure, rectification
from portal.settings import Settings
from tests import cast

LEADS = 9
AT = cast.NOW
LEAD_FIELDS = (
    "reference", "received_at", "agency_id", "property_id", "property_reference", "property_title", "property_price",
    "property_withdrawn", "intent", "locale", "page", "form_version", "screening", "screening_score",
    "screening_reasons", "released_by",
)  # fmt: skip
PERSON_FIELDS = ("name", "email", "phone", "phone_e164", "reach", "company", "words", "answer_locale", "funding")
TRUTH = {"received_at": "2020-01-01 00:00:00.000000", "intent": "papers", "screening": "spam", "reach": "email",
         "screening_reasons": '[["said", 9]]', "intended_at": "2020-01-01 00:00:00.000000",
         "passed_at": "2020-01-01 00:00:00.000000", "state": "withdrawn", "at": "2020-01-01 00:00:00.000000",
         "reference": "IM-0000-0000"}  # fmt: skip


@dataclass(frozen=True)
class Wrong:
    """What must be found: the first wrong index; without the mirror it may be told as early as `since`."""

    first: int | None
    since: int | None = None


@dataclass(frozen=True)
class History:
    """A sealed history: its file, copies made on the way with their sizes, and what others know of it: its anchor, the
    public lines of its keys, its leaves. `key` is the one that seals now.
    """

    path: Path
    copies: list[tuple[int, Path]]
    anchor: str
    trusted: list[str]
    key: SigningKey
    leaves: list[bytes]


def history(folder: Path, template: Path) -> History:
    """Leads held, released, passed on, erased and rectified, a key rotated, sealed in many small batches."""
    path = folder / "portal.sqlite"
    shutil.copy(template, path)
    database = Database(f"sqlite:///{path}")
    settings = Settings.from_environment({}, data_directory=folder)
    keys.new(settings, database, AT)
    home = database.write(lambda s: (cast.policy(s), cast.home(s, cast.agency(s)))[1])
    copies, now = [], AT

    def seal() -> None:
        done = mirror.sealed(settings, database, now, everything=True)
        assert done is not None
        copies.append((done.size, folder / f"at-{done.size}.sqlite"))
        _copy(database, copies[-1][1])

    references = []
    for number in range(LEADS):
        now = AT + timedelta(minutes=number + 1)
        references.append(enquire(database, home, number, now))
        seal()
        if number == 3:
            keys.rotate(settings, database, "sealing", now, "ops")
        if number in (2, 5):
            pass_all(database, now + timedelta(seconds=9))
            seal()
    erasure.forget(database, settings, references[1], "asked", "ops", now)
    database.write(
        lambda s: rectification.rectify(s, by_reference(s, references[2]), {"name": "Jean"}, cast.SIGNER, "ops", now)
    )
    seal()
    key = keys.sealing(settings)
    assert key is not None
    with database.read() as session:
        head = sealing.latest(session)
        assert head is not None
        leaves = mirror.leaves(session, 0, head.size)
        trusted = list(session.exec(select(LedgerKey.vkey).where(LedgerKey.purpose == "sealing")))
    database.close()
    return History(path, copies[:-1], head.note, trusted, key, leaves)


def enquire(database: Database, home: Any, number: int, now: Any) -> str:
    """One more lead; every fourth held and then released. Its reference."""
    enquiry = cast.enquiry(database, home, now, words=f"Question {number}", email=f"v{number}@example.com",
                           marketing=number % 2 == 0)  # fmt: skip
    held = cast.SETTINGS.model_copy(update={"screening_held": 0})
    settings = held if number % 4 == 0 else cast.SETTINGS
    lead = database.write(lambda s: receiving.receive(s, enquiry, cast.SENDING, cast.SIGNER, settings, now)).lead
    if number % 4 == 0:
        link = cast.SIGNER.sign("release", lead.release_nonce)
        database.write(lambda s: releasing.release_by_link(s, cast.SIGNER, link, "portal.example", now))
    return str(lead.reference)


def pass_all(database: Database, now: Any) -> None:
    """The relay took every lead mail there is."""
    database.write(lambda s: forwarding.passed(s, s.exec(select(Mail).where(Mail.kind == forwarding.KIND)).all(), now))


class Attacker:
    """Somebody with a copy of the database file, no key, and a seeded mind."""

    def __init__(self, path: Path, past: History, chance: Random) -> None:
        self.past, self.chance, self.path = past, chance, path
        self.file = SQLITE.connect(path, isolation_level=None)
        self.file.execute("PRAGMA foreign_keys=OFF")
        for (trigger,) in self.all("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            self.run(f"DROP TRIGGER {trigger}")
        self.run("PRAGMA ignore_check_constraints=ON")

    def all(self, statement: str, *values: Any) -> list[Any]:
        return self.file.execute(statement, values).fetchall()

    def run(self, statement: str, *values: Any) -> None:
        self.file.execute(statement, values)

    def any(self, statement: str, *values: Any) -> Any:
        return self.chance.choice(self.all(statement, *values))

    def head_before(self, index: int) -> int:
        """From where on the entries are vouched for by the head that vouches for this one."""
        return int(self.all("SELECT coalesce(max(size), 0) FROM ledger_checkpoint WHERE size <= ?", index)[0][0])

    def change(self, table: str, field: str, where: str, *values: Any) -> None:
        """Another value in one field."""
        ((old,),) = self.all(f"SELECT {field} FROM {table} WHERE {where}", *values)
        new = TRUTH.get(field, old + 1 if isinstance(old, int) else f"{old or ''}x")
        self.run(f"UPDATE {table} SET {field} = ? WHERE {where}", {True: "x"}.get(new == old, new), *values)


def payload_field(by: Attacker) -> Wrong:
    index, event, half, payload = by.any(
        "SELECT l.idx, p.event_id, p.half, p.payload FROM ledger_payload p JOIN ledger_leaf l USING (event_id)"
    )
    said = json.loads(payload)
    name = by.chance.choice(sorted(said))
    said[name] = f"{said[name]}!"
    by.run("UPDATE ledger_payload SET payload = ? WHERE event_id = ? AND half = ?", rfc8785.dumps(said), event, half)
    return Wrong(index)


def salt(by: Attacker) -> Wrong:
    index, event, half, salted, payload = by.any(
        "SELECT l.idx, p.event_id, p.half, p.salt, p.payload FROM ledger_payload p JOIN ledger_leaf l USING (event_id)"
    )
    by.run(
        "UPDATE ledger_payload SET salt = ?, payload = ? WHERE event_id = ? AND half = ?",
        *((salted[:-1], salted[-1:] + payload) if by.chance.random() < 0.5 else (bytes(32), payload)), event, half,
    )  # fmt: skip
    return Wrong(index)


def event_field(by: Attacker) -> Wrong:
    index, event = by.any("SELECT idx, event_id FROM ledger_leaf")
    by.change("ledger_event", by.chance.choice(["type", "at", "about"]), "id = ?", event)
    return Wrong(index)


def leaf_hash_changed(by: Attacker) -> Wrong:
    (index,) = by.any("SELECT idx FROM ledger_leaf")
    by.run("UPDATE ledger_leaf SET hash = ? WHERE idx = ?", by.chance.randbytes(32), index)
    return Wrong(index)


def head_field(by: Attacker) -> Wrong:
    (identifier, _size) = by.any(
        "SELECT id, size FROM ledger_checkpoint WHERE id < (SELECT max(id) FROM ledger_checkpoint)"
    )
    field = by.chance.choice(["root", "note", "frontier", "origin"])
    value = {"root": bytes(32), "frontier": bytes(8)}.get(field, "x")
    by.run(f"UPDATE ledger_checkpoint SET {field} = ? WHERE id = ?", value, identifier)
    return Wrong(None)


def lead_field(by: Attacker) -> Wrong:
    field = by.chance.choice(LEAD_FIELDS)
    identifier, index, released, _reference = by.any(
        "SELECT lead.id, l.idx, (SELECT max(m.idx) FROM ledger_leaf m JOIN ledger_event e ON e.id = m.event_id"
        " WHERE e.about = reference AND e.type = 'lead_released'), reference"
        " FROM lead JOIN ledger_leaf l ON l.event_id = ledger_event_id"
    )
    by.change("lead", field, "id = ?", identifier)
    late = field in ("screening", "released_by") and released is not None
    return Wrong(released if late else index)


def person_field(by: Attacker) -> Wrong:
    identifier, reference = by.any("SELECT lead_id, reference FROM lead_person JOIN lead ON lead.id = lead_id")
    by.change("lead_person", by.chance.choice(PERSON_FIELDS), "lead_id = ?", identifier)
    return Wrong(person_index(by, reference))


def person_index(by: Attacker, reference: str) -> int:
    """The entry that says who the person of a lead is by now."""
    ((index,),) = by.all(
        "SELECT max(l.idx) FROM ledger_leaf l JOIN ledger_event e ON e.id = l.event_id"
        " WHERE e.about = ? AND e.type IN ('lead_recorded', 'lead_rectified')", reference,
    )  # fmt: skip
    return int(index)


def disclosure_field(by: Attacker) -> Wrong:
    field = by.chance.choice(["contact_id", "agency_id", "intended_at", "passed_at", "mail_id", "lead_id"])
    kind = "disclosure_passed" if field == "passed_at" else "disclosure_intended"
    identifier, index = disclosure(by, kind)
    if field == "lead_id":
        by.run("UPDATE disclosure SET lead_id = (SELECT max(id) + 9 FROM lead) WHERE id = ?", identifier)
    elif field == "passed_at" and by.chance.random() < 0.5:
        by.run("UPDATE disclosure SET passed_at = NULL WHERE id = ?", identifier)
    else:
        by.change("disclosure", field, "id = ?", identifier)
    return Wrong(index)


def disclosure(by: Attacker, kind: str) -> tuple[int, int]:
    """Any disclosure, and the entry that tells of it."""
    found: tuple[int, int] = by.any(
        "SELECT d.id, l.idx FROM disclosure d JOIN mail m ON m.id = d.mail_id JOIN ledger_event e ON e.type = ?"
        " JOIN ledger_payload p ON p.event_id = e.id AND json_extract(CAST(p.payload AS TEXT), '$.mail') = m.message_id"
        " JOIN ledger_leaf l ON l.event_id = e.id", kind,
    )  # fmt: skip
    return found


def choice_field(by: Attacker) -> Wrong:
    identifier, index = by.any("SELECT c.id, l.idx FROM choice c JOIN ledger_leaf l ON l.event_id = c.ledger_event_id")
    by.change("choice", by.chance.choice(["purpose", "state", "label", "page", "at", "control"]), "id = ?", identifier)
    return Wrong(index)


def live_row_removed(by: Attacker) -> Wrong:
    which = by.chance.choice(["lead", "lead_person", "disclosure", "choice"])
    if which == "disclosure":
        identifier, index = disclosure(by, "disclosure_intended")
        by.run("DELETE FROM disclosure WHERE id = ?", identifier)
    elif which == "choice":
        identifier, index = by.any(
            "SELECT c.id, l.idx FROM choice c JOIN ledger_leaf l ON l.event_id = ledger_event_id"
        )
        by.run("DELETE FROM choice WHERE id = ?", identifier)
    elif which == "lead_person":
        identifier, reference = by.any("SELECT lead_id, reference FROM lead_person JOIN lead ON lead.id = lead_id")
        by.run("DELETE FROM lead_person WHERE lead_id = ?", identifier)
        index = person_index(by, reference)
    else:
        identifier, index = by.any("SELECT d.id, l.idx FROM lead d JOIN ledger_leaf l ON l.event_id = ledger_event_id")
        by.run("DELETE FROM lead WHERE id = ?", identifier)
    return Wrong(index)


def ledger_row_removed(by: Attacker) -> Wrong:
    which = by.chance.choice(["ledger_event", "ledger_payload", "ledger_leaf", "ledger_tombstone"])
    if which == "ledger_tombstone":
        index, event = by.any("SELECT l.idx, event_id FROM ledger_tombstone JOIN ledger_leaf l USING (event_id)")
    else:
        index, event = by.any("SELECT idx, event_id FROM ledger_leaf")
    by.run(f"DELETE FROM {which} WHERE {'id' if which == 'ledger_event' else 'event_id'} = ?", event)
    return Wrong(index)


def hidden_event(by: Attacker) -> Wrong:
    """An event is gone, and its leaf says it never had one."""
    index, event = by.any("SELECT idx, event_id FROM ledger_leaf")
    by.run("DELETE FROM ledger_payload WHERE event_id = ?", event)
    by.run("DELETE FROM ledger_event WHERE id = ?", event)
    by.run("UPDATE ledger_leaf SET event_id = NULL WHERE idx = ?", index)
    return Wrong(index)


def false_erasure(by: Attacker) -> Wrong:
    """A half is deleted under a tombstone that no event speaks of."""
    index, event, half = by.any(
        "SELECT l.idx, event_id, p.half FROM ledger_payload p JOIN ledger_leaf l USING (event_id)"
    )
    by.run("DELETE FROM ledger_payload WHERE event_id = ? AND half = ?", event, half)
    other, at = by.any("SELECT id, at FROM ledger_event")
    by.run("INSERT INTO ledger_tombstone VALUES (?, ?, ?, ?)", event, half, other, at)
    return Wrong(index)


def rows_swapped(by: Attacker) -> Wrong:
    (a, *first), (b, *second) = sorted(by.chance.sample(by.all("SELECT idx, event_id, hash FROM ledger_leaf"), 2))
    what = by.chance.choice(["leaves", "events", "payloads", "persons"])
    if what == "persons":
        (one, who), (two, other) = by.chance.sample(
            by.all("SELECT lead_id, reference FROM lead_person JOIN lead ON lead.id = lead_id"), 2
        )
        for new, old in ((-1, one), (one, two), (two, -1)):
            by.run("UPDATE lead_person SET lead_id = ? WHERE lead_id = ?", new, old)
        return Wrong(min(person_index(by, who), person_index(by, other)))
    if what == "payloads":
        contents = dict(by.all("SELECT event_id, payload FROM ledger_payload WHERE half = 'business'"))
        for event, other in ((first[0], second[0]), (second[0], first[0])):
            by.run(
                "UPDATE ledger_payload SET payload = ? WHERE event_id = ? AND half = 'business'", contents[other], event
            )
        return Wrong(a)
    by.run("UPDATE ledger_leaf SET event_id = NULL WHERE idx IN (?, ?)", a, b)
    for index, row in ((a, second), (b, first)):
        by.run("UPDATE ledger_leaf SET event_id = ? WHERE idx = ?", row[0], index)
        if what == "leaves":
            by.run("UPDATE ledger_leaf SET hash = ? WHERE idx = ?", row[1], index)
    return Wrong(a, by.head_before(a) if what == "leaves" else None)


def tail_cut(by: Attacker) -> Wrong:
    (size,) = by.any("SELECT size FROM ledger_checkpoint WHERE size < (SELECT max(size) FROM ledger_checkpoint)")
    gone = "(SELECT event_id FROM ledger_leaf WHERE idx >= ?)"
    by.run(f"DELETE FROM ledger_payload WHERE event_id IN {gone}", size)
    by.run(f"DELETE FROM ledger_event WHERE id IN {gone}", size)
    by.run("DELETE FROM ledger_leaf WHERE idx >= ?", size)
    by.run("DELETE FROM ledger_checkpoint WHERE size > ?", size)
    return Wrong(size, 0)


def rollback(by: Attacker) -> Wrong:
    size, copy = by.chance.choice(by.past.copies)
    by.file.close()
    shutil.copy(copy, by.path)
    return Wrong(size)


def fork(by: Attacker) -> Wrong:
    """Back to a copy, and on from there with the true key, to as many entries or not."""
    size, copy = by.chance.choice(by.past.copies[-6:])
    by.file.close()
    shutil.copy(copy, by.path)
    database = Database(f"sqlite:///{by.path}")
    with database.read() as session:
        home = session.exec(select(cast.Property)).first()
        key = keys.in_use(session, "sealing")[-1]
        last = session.exec(select(Lead.received_at).order_by(col(Lead.id).desc())).first()
    if key.vkey != by.past.key.vkey:  # of before the rotation, which is retired by now
        database.close()
        return Wrong(size)
    for number in range(20, 20 + by.chance.randint(1, 14)):
        enquire(database, home, number, last + timedelta(seconds=number))
    sealing.seal(database, by.past.key, last + timedelta(minutes=1), everything=True)
    database.close()
    return Wrong(size, -1)


def rehashed(by: Attacker) -> Wrong:
    """Everything is made anew over a false entry; the heads are signed by another key, or left as they were."""
    index, event, _kind, _at = by.any("SELECT idx, id, type, at FROM ledger_leaf JOIN ledger_event ON id = event_id")
    wrong = payload_of(by, event)
    commitments = {half: wrong[half] for half in sorted(wrong)}
    ((old,),) = by.all("SELECT leaf FROM ledger_event WHERE id = ?", event)
    leaf = rfc8785.dumps({**json.loads(old), "commitments": {**json.loads(old)["commitments"], **commitments}})
    by.run("UPDATE ledger_event SET leaf = ? WHERE id = ?", leaf, event)
    by.run("UPDATE ledger_leaf SET hash = ? WHERE idx = ?", leaf_hash(leaf), index)
    since = by.head_before(index)
    sign_again(by, index, by.chance.random() < 0.5)
    return Wrong(index, since)


def payload_of(by: Attacker, event: str) -> dict[str, str]:
    """False halves for an event; their commitments."""
    from portal.ledger import commitment

    made = {}
    for half, salted, payload in by.all("SELECT half, salt, payload FROM ledger_payload WHERE event_id = ?", event):
        false = payload[:-1] + b',"zzz":"false"}'
        by.run("UPDATE ledger_payload SET payload = ? WHERE event_id = ? AND half = ?", false, event, half)
        made[half] = commitment(half, salted, false).hex()
    return made


def sign_again(by: Attacker, index: int, with_key: bool) -> None:
    """Roots and frontiers made anew from an entry on, and notes too, under a key of the attacker's own."""
    forged = SigningKey.new(by.past.key.name)
    if with_key:
        note = certificate("sealing", forged.vkey, AT, forged)
        by.run(
            "INSERT INTO ledger_key VALUES (?, 'sealing', ?, ?, NULL)", forged.vkey, note, "2026-11-23 13:12:07.000000"
        )
    frontier, heads = Frontier(), by.all("SELECT size, id, origin FROM ledger_checkpoint ORDER BY size")
    for (digest,) in by.all("SELECT hash FROM ledger_leaf ORDER BY idx"):
        frontier.append(digest)
        for size, identifier, origin in heads:
            if size == frontier.size and size > index:
                head = Checkpoint(origin, size, frontier.root())
                by.run(
                    "UPDATE ledger_checkpoint SET root = ?, frontier = ? WHERE id = ?",
                    head.root,
                    frontier.encode(),
                    identifier,
                )
                if with_key:
                    by.run("UPDATE ledger_checkpoint SET note = ? WHERE id = ?", sign(head.text, forged), identifier)


def _copy(database: Database, target: Path) -> None:
    connection = database.engine.raw_connection()
    try:
        connection.cursor().execute("VACUUM INTO ?", (str(target),))
    finally:
        connection.close()


ATTACKS: tuple[Callable[[Attacker], Wrong], ...] = (
    payload_field, salt, event_field, leaf_hash_changed, head_field, lead_field, person_field, disclosure_field,
    choice_field, live_row_removed, ledger_row_removed, hidden_event, false_erasure, rows_swapped, tail_cut, rollback,
    fork, rehashed,
)  # fmt: skip

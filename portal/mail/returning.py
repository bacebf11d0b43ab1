"""Returning: a mail that came back is kept first, then read, and moves the mail it is about; the rest is a person's.

Which mail it is about is believed only by what we made ourselves: the keyed tag in the address it was sent to or in the
envelope id, else the Message-ID, whose twelve random bytes only the mail itself holds.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from portal.db import Database, affected, insert_ignore, table_of
from portal.mail import causes, outbox, returns, tags
from portal.mail.delivery import Kind
from portal.mail.mails import UNPROVED, Mail, ReturnedMail, Tried
from portal.mail.returns import Returned
from portal.observing import log
from portal.signing import Signer

EARLY = timedelta(minutes=5)  # a report may come before the worker has written down that the relay took the mail
AT_ONCE = 50  # files of a maildir
DELIVERED_TO = (b"delivered-to:", b"x-original-to:", b"envelope-to:")


class ReturnUnknown(Exception):
    """No returned mail has this number."""


def receive(session: Session, raw: bytes, recipient: str, now: datetime) -> bool:
    """Keep a mail that came back to `recipient`, as far as it is read; False where the same bytes are kept already."""
    raw = raw[: returns.LIMIT]
    kept = {
        "received_at": now, "sha256": hashlib.sha256(raw).hexdigest(), "recipient": _storable(recipient)[:254],
        "raw": raw, "kind": "", "outcome": "", "state": "waiting",
    }  # fmt: skip
    return insert_ignore(session, table_of(ReturnedMail), kept)


def collect(database: Database, maildir: Path, now: datetime) -> int:
    """Take in what lies in a maildir's `new`, then move it to `cur`; how many mails that were.

    A file that somebody else moved meanwhile, or that cannot be read, holds up no other.
    """
    taken = 0
    for path in sorted((maildir / "new").glob("*")) if (maildir / "new").is_dir() else []:
        try:
            with path.open("rb") as file:
                raw = file.read(returns.LIMIT)
            database.write(lambda session, raw=raw: receive(session, raw, _delivered_to(raw), now))  # type: ignore[misc]
            # Committed before it is moved: a crash in between takes it in again, which the same bytes do once.
            (maildir / "cur").mkdir(exist_ok=True)
            path.rename(maildir / "cur" / f"{path.name.partition(':')[0]}:2,S")
        except FileNotFoundError:
            continue
        except OSError as trouble:
            log.error("returned mail not taken in", exc_info=trouble)
            continue
        taken += 1
        if taken == AT_ONCE:
            break
    return taken


def apply_waiting(database: Database, signer: Signer, kinds: Mapping[str, Kind], now: datetime) -> int:
    """Read what waits and move the mails it is about; how many were read to the end.

    Each in a transaction of its own. One at which we fail waits for a person and holds up no other.
    """
    with database.read() as session:
        waiting = session.exec(select(ReturnedMail.id).where(ReturnedMail.state == "waiting")).all()
    done = 0
    for number in sorted(number for number in waiting if number is not None):
        try:
            done += database.write(lambda session, number=number: _apply(session, number, signer, kinds, now))  # type: ignore[misc]
        except OperationalError:
            raise  # the database is to blame: away, or two workers in each other's way
        except Exception as mistake:
            log.error("returned mail not applied", exc_info=mistake)
            database.write(lambda session, number=number: _leave(session, number))  # type: ignore[misc]
            done += 1
    return done


def for_a_person(session: Session) -> Sequence[ReturnedMail]:
    """What came back and nobody could match or read, and no person has seen, oldest first."""
    asked = select(ReturnedMail).where(ReturnedMail.state == "person").order_by(col(ReturnedMail.id))
    return session.exec(asked).all()


def by_number(session: Session, number: int) -> ReturnedMail:
    """The returned mail with this number. Raises `ReturnUnknown`."""
    row = session.get(ReturnedMail, number)
    if row is None:
        raise ReturnUnknown(f"no returned mail has the number {number}; `portal mail list` shows them")
    return row


def note_seen(session: Session, number: int, by: str, now: datetime) -> None:
    """A person has looked at it. Raises `ReturnUnknown`."""
    row = by_number(session, number)
    row.state, row.seen_at, row.seen_by = "seen", now, by


def blank_naming(session: Session, addresses: Sequence[str]) -> int:
    """Delete the bytes of what came back unmatched and holds one of these addresses; how many there were."""
    unmatched = (col(ReturnedMail.mail_id).is_(None), col(ReturnedMail.raw).is_not(None))
    needles = [address.encode().lower() for address in addresses if address]
    found = [
        row.id for row in session.exec(select(ReturnedMail).where(*unmatched))
        if any(needle in (row.raw or b"").lower() for needle in needles)
    ]  # fmt: skip
    return affected(session, update(ReturnedMail).where(col(ReturnedMail.id).in_(found)).values(raw=None))


def blank_old(session: Session, settled: datetime, at_most: datetime) -> int:
    """Delete the bytes of what came back before `settled` and was dealt with, and of all before `at_most`."""
    dealt_with = col(ReturnedMail.state).in_(("applied", "seen")) & (col(ReturnedMail.received_at) < settled)
    old = col(ReturnedMail.raw).is_not(None) & (dealt_with | (col(ReturnedMail.received_at) < at_most))
    return affected(session, update(ReturnedMail).where(old).values(raw=None))


def _apply(session: Session, number: int, signer: Signer, kinds: Mapping[str, Kind], now: datetime) -> bool:
    row = _waiting(session, number)
    if row is None:
        return False
    returned = returns.read(row.raw or b"")
    row.kind, row.outcome = returned.kind, returned.outcome
    mail = _about(session, row.recipient, returned, signer) if returned.kind != "other" else None
    if mail is not None and mail.state == "sending" and now - row.received_at < EARLY:
        return False
    if mail is None or mail.state == "sending":
        row.state = "person"
        log.warning("returned mail for a person", kind=returned.kind)
        return True
    row.mail_id, row.state = mail.id, "applied"
    if mail.raw is None:  # erased, or its time is over: then neither what came back nor its words stay
        row.raw, returned = None, replace(returned, text="")
    if returned.outcome:
        _move(session, mail, returned, row.sha256, kinds, now)
    return True


def _waiting(session: Session, number: int) -> ReturnedMail | None:
    # Whoever has it already is left to it.
    asked = select(ReturnedMail).where(ReturnedMail.id == number, ReturnedMail.state == "waiting")
    return session.exec(asked.with_for_update(skip_locked=True)).one_or_none()


def _leave(session: Session, number: int) -> None:
    row = _waiting(session, number)
    if row is not None:
        row.state = "person"


def _move(
    session: Session, mail: Mail, returned: Returned, report: str, kinds: Mapping[str, Kind], now: datetime
) -> None:
    was = mail.state
    cause = causes.of_status(returned.status) if returned.outcome == "bounced" else "later"
    said = Tried(cause, "done", text=returned.text, enhanced=returned.status or None)
    if not outbox.move(session, mail, returned.outcome, returned.kind, report, now, said):
        return
    log.info("mail moved by a report", mail=mail.id, kind=mail.kind, state=returned.outcome)
    kind = kinds[mail.kind]
    if was in UNPROVED and returned.outcome in outbox.REACHED:
        kind.accepted(session, [mail], now)
    if returned.outcome == "delivered":
        kind.arrived(session, mail, now)
    if returned.outcome == "delayed" or (returned.outcome == "bounced" and cause in ("refused", "full", "later")):
        kind.failing(session, mail, said, now)


def _about(session: Session, recipient: str, returned: Returned, signer: Signer) -> Mail | None:
    tagged = [tags.from_recipient(signer, recipient), tags.read(signer, returned.envelope_id)]
    tagged += [tags.from_recipient(signer, sender) for sender in returned.senders]
    number = next((number for number in tagged if number is not None), None)
    by = Mail.id == number if number is not None else Mail.message_id == returned.message_id
    return session.exec(select(Mail).where(by).with_for_update()).one_or_none()


def _delivered_to(raw: bytes) -> str:
    for line in raw[:65_536].splitlines():
        if not line.strip():
            break
        if line.lower().startswith(DELIVERED_TO):
            return line.partition(b":")[2].decode("ascii", "replace").strip()
    return ""


def _storable(text: str) -> str:
    # Half characters of an argument that is in no charset, and the NUL that PostgreSQL does not store.
    return text.encode("utf-8", "replace").decode().replace("\0", "")

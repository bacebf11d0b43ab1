"""The outbox: every outgoing mail is a row, queued in the transaction of what it tells, never lost, never dropped.

Owns `mail`, `mail_attempt` and `mail_event`; `mails` has the tables and the states. A claim is one conditional UPDATE
with a lease and a token; whoever comes back after its lease ran out finds its token stale and overwrites nothing.
Delivery is at least once, with the same bytes each time. Of a mail's life the ledger learns only how it ended:
accepted, delivered, bounced, complained, refused, parked, cancelled.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, insert, or_, update
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from portal import ledger
from portal.db import affected, one_at_a_time, table_of
from portal.mail.mails import IS_OPEN, MOVES, OPEN, REACHED, STATES, Mail, MailAttempt, MailEvent, ReturnedMail, Tried
from portal.mail.retrying import GIVE_UP, TROUBLES, Patience

LEASE = timedelta(seconds=90)
UNDER_WAY = (*OPEN, "sending")  # it will still be tried, by itself

__all__ = ["LEASE", "MOVES", "OPEN", "REACHED", "STATES", "Mail", "MailAttempt", "MailEvent", "ReturnedMail", "Tried"]


class MailUnknown(Exception):
    """No mail has this number."""


class MailIsUnderWay(Exception):
    """What was asked for would take a mail out of a worker's hands or send it twice."""


def queue(
    session: Session, kind: str, about: str, recipient: str, locale: str, now: datetime, domain: str,
    role: str = "primary", generation: int = 1,
) -> Mail:  # fmt: skip
    """Add one mail to the outbox, inside the caller's transaction. `about` is opaque here; nothing is rendered yet."""
    mail = Mail(
        kind=kind, about=about, role=role, generation=generation, recipient=recipient, locale=locale,
        message_id=f"<{kind}.{secrets.token_hex(12)}.{generation}@{domain}>", queued_at=now, due_at=now,
    )  # fmt: skip
    session.add(mail)
    session.flush()
    session.info["mail_queued"] = True
    return mail


def claim(
    session: Session, now: datetime, limit: int = 1, lease: timedelta = LEASE, newest: bool = False
) -> list[Mail]:  # fmt: skip
    """Take up to `limit` due mails for this worker, those due longest, or with `newest` those due last."""
    return _claimed(session, _take(session, now, limit, lease, newest), now)


def claim_both_ends(
    session: Session, now: datetime, limit: int, lease: timedelta = LEASE, few: int | None = None
) -> list[Mail]:  # fmt: skip
    """Take up to `limit` due mails for this worker: those due longest and those due last, in turn.

    So neither does a backlog hold up what comes in, nor what comes in the backlog. Of those of one kind about one thing
    only the first is taken: what becomes of it may end the other. Where more than `few` are due, it is noted at once of
    those that are frozen that their texts are sent (`enter_data`). Of a few that is noted of each when its recipient is
    accepted: so little becomes uncertain by a crash, and an erasure may take a mail back until its text is sent.
    """
    oldest = _take(session, now, (limit + 1) // 2, lease, few=few)
    is_full = len(oldest) == (limit + 1) // 2
    newest = set(_take(session, now, limit // 2, lease, newest=True, few=few)) if is_full else set()
    ordered = sorted(_claimed(session, [*oldest, *newest], now), key=lambda mail: (mail.due_at, mail.id))
    last = [mail for mail in reversed(ordered) if mail.id in newest]
    pairs = zip_longest([mail for mail in ordered if mail.id not in newest], last)
    claimed = [mail for pair in pairs for mail in pair if mail is not None]
    first = {(mail.kind, mail.about): mail for mail in reversed(claimed)}
    release(session, [mail for mail in claimed if first[mail.kind, mail.about] is not mail], now)
    return [mail for mail in claimed if first[mail.kind, mail.about] is mail]


def renew(session: Session, mails: Sequence[Mail], until: datetime) -> int:
    """Keep claimed mails for longer; how many of them are still held."""
    return affected(session, update(Mail).where(*held(mails)).values(lease_until=until))


def freeze(session: Session, mail: Mail, raw: bytes) -> bool:
    """Keep the bytes of the first rendering, which every try sends unchanged; False where the lease was lost."""
    return _change(session, mail, raw=raw, raw_sha256=hashlib.sha256(raw).hexdigest())


def enter_data(session: Session, mails: Sequence[Mail]) -> set[int]:
    """Note that final dots are about to be sent: from here on the relay may have the mails, whatever we hear of it.

    The numbers of those that are still held; no other may be sent.
    """
    entered = update(Mail).where(*held(mails)).values(phase="data").returning(col(Mail.id))
    return {number for (number,) in session.execute(entered.execution_options(synchronize_session=False)) if number}


def settle(
    session: Session, mail: Mail, tried: Tried, relay: str, started: datetime, now: datetime, patience: Patience,
    earlier: int | None = None,
) -> str | None:  # fmt: skip
    """Write down one try and what follows from it; the new state, or None where the lease was lost meanwhile.

    A worker that lost its lease changes nothing of the mail; its try is still written down, as evidence, but without
    the relay's words, which may name somebody who was erased meanwhile. But where the mail is uncertain since then and
    nobody took it, what the relay said ends that. `earlier` says how often the same outcome came before, where the
    mail's own tries do not (the relay's troubles).
    """
    before = _tries(session, mail, tried.outcome) if earlier is None else earlier
    failing = now - failing_since(session, mail, started) if tried.outcome == "later" else timedelta()
    following = patience.after(tried.outcome, before, now - mail.queued_at, failing)
    values: dict[str, Any] = {
        "state": following.state, "due_at": now + following.wait, "phase": tried.phase, "last_code": tried.code,
        "last_enhanced": tried.enhanced, "last_text": tried.text[:1000], "lease_token": None, "lease_until": None,
        "attempts": Mail.attempts + (0 if tried.outcome in TROUBLES else 1),
    }  # fmt: skip
    if following.state == "accepted":
        values |= {"accepted_at": now, "relay_queue_id": tried.queue_id}
    if following.state not in OPEN:
        values["settled_at"] = now
    held = _change(session, mail, **values)
    if not held and tried.outcome != "uncertain":
        held = _change(session, mail, among="uncertain", **values)
    _note_try(session, mail, tried if held else replace(tried, text=""), relay, started, now)
    if not held:
        return None
    _step(session, [mail.id], following.state, "worker", now)
    if following.state not in OPEN:
        _tell_ledger(session, following.state, mail, now, reason(tried))
    return following.state


def release(session: Session, mails: Sequence[Mail], now: datetime) -> int:
    """Give back claimed mails that were not sent; how many of them were still held."""
    if not mails:
        return 0
    back: dict[str, Any] = {"state": "queued", "phase": None, "lease_token": None, "lease_until": None}
    given = update(Mail).where(*held(mails)).values(**back).returning(col(Mail.id))
    numbers = [number for (number,) in session.execute(given.execution_options(synchronize_session=False))]
    if numbers:
        _step(session, numbers, "queued", "worker", now)
    return len(numbers)


def next_relay(session: Session, mail: Mail, tried: Tried, relay: str, started: datetime, now: datetime) -> bool:
    """Write down a try that one relay's own trouble ended, and keep the mail for another; False without the lease."""
    held = _change(session, mail, phase="connect")
    _note_try(session, mail, tried if held else replace(tried, text=""), relay, started, now)
    return held


def move(session: Session, mail: Mail, state: str, source: str, report: str, now: datetime, said: Tried) -> bool:
    """Take a mail forward by a report that came back (`MOVES`); False where it stands further already.

    `report` names the report, so that it counts once; `said` is the reporting server's code and words.
    """
    values: dict[str, Any] = {
        "state": state, "last_enhanced": said.enhanced, "last_text": said.text[:1000],
        "settled_at": func.coalesce(Mail.settled_at, now), "lease_token": None, "lease_until": None,
    }  # fmt: skip
    if state in REACHED:
        values["accepted_at"] = func.coalesce(Mail.accepted_at, now)
    forward = (col(Mail.id) == mail.id, col(Mail.state).in_(MOVES[state]))
    if not affected(session, update(Mail).where(*forward).values(**values)):
        return False
    _step(session, [mail.id], state, source, now, report)
    if state != "delayed":
        _tell_ledger(session, state, mail, now, {"enhanced": said.enhanced} if said.enhanced else {})
    session.expire(mail)
    return True


def failing_since(session: Session, mail: Mail, now: datetime) -> datetime:
    """When this mail's recipient first could not take it; `now` where it never said so."""
    said = (MailAttempt.mail_id == mail.id, MailAttempt.outcome == "later")
    return session.exec(select(func.min(MailAttempt.started_at)).where(*said)).one() or now


def has_overdue(session: Session, now: datetime) -> bool:
    """Whether any mail that would still be tried is too old for it: a relay may have been away all the time."""
    return session.exec(_overdue(now).limit(1)).first() is not None


def park_overdue(session: Session, now: datetime, limit: int) -> int:
    """Put up to `limit` mails that are too old to be tried before a person; how many there were."""
    found = session.exec(_overdue(now).limit(limit).with_for_update(skip_locked=True)).all()
    for mail in found:
        mail.state, mail.settled_at = "parked", now
        _step(session, [mail.id], "parked", "portal", now)
        _tell_ledger(session, "parked", mail, now, {"outcome": "too_old", "code": mail.last_code, "phase": mail.phase})
    return len(found)


def resend(session: Session, mail: Mail, by: str, reason: str, now: datetime, domain: str) -> Mail:
    """A new mail in place of this one: rendered anew, with a Message-ID of its own, so that no server drops it.

    Raises `MailIsUnderWay` while the old one, or another that already goes in its place, will still be tried: so of two
    who ask at once one is refused. A parked one is cancelled, because the new one stands for it.
    """
    one_at_a_time(session, f"resend {mail.kind} {mail.about} {mail.role}")
    session.refresh(mail)  # somebody else may have done it, or a report moved it, while we waited
    alike = (Mail.kind == mail.kind, Mail.about == mail.about, Mail.role == mail.role)
    newest = session.exec(select(Mail).where(*alike).order_by(col(Mail.generation).desc()).limit(1)).one()
    if mail.state in UNDER_WAY:
        raise MailIsUnderWay(f"mail {mail.id} is {mail.state}: it will be tried again by itself")
    if newest.state in UNDER_WAY:
        raise MailIsUnderWay(f"mail {newest.id} is {newest.state}: it already goes in place of mail {mail.id}")
    made = queue(
        session, mail.kind, mail.about, mail.recipient, mail.locale, now, domain, mail.role, newest.generation + 1
    )  # fmt: skip
    said = {"by": by, "reason": reason, "as": made.message_id}
    _tell_ledger(session, "resent", mail, now, said)
    parked = (col(Mail.id) == mail.id, col(Mail.state) == "parked")
    if affected(session, update(Mail).where(*parked).values(state="cancelled", settled_at=now)):
        _step(session, [mail.id], "cancelled", "ops", now)
        _tell_ledger(session, "cancelled", mail, now, said)
        session.expire(mail)
    return made


def cancel(session: Session, mail: Mail, by: str, reason: str, now: datetime) -> None:
    """Take a mail out of the outbox for good. Raises `MailIsUnderWay` where a worker holds it or it is settled."""
    if not affected(
        session,
        update(Mail)
        .where(col(Mail.id) == mail.id, col(Mail.state).in_((*OPEN, "parked")))
        .values(state="cancelled", settled_at=now, lease_token=None, lease_until=None),
    ):
        raise MailIsUnderWay(f"mail {mail.id} is {mail.state}: only one that waits or is parked can be cancelled")
    _step(session, [mail.id], "cancelled", "ops", now)
    _tell_ledger(session, "cancelled", mail, now, {"by": by, "reason": reason})
    session.expire(mail)


def take_back(session: Session, mail: Mail, now: datetime) -> None:
    """Take a mail out of a worker's hands before its text is sent: the worker finds its lease lost and sends nothing.

    Raises `MailIsUnderWay` while the text may be on its way to the relay, which is over with the lease at the latest.
    """
    text_is_sent = col(Mail.phase) == "data"
    free = or_(~text_is_sent, col(Mail.lease_until) < now)
    taken = (
        update(Mail)
        .where(col(Mail.id) == mail.id, col(Mail.state) == "sending", free)
        .values(state=case((text_is_sent, "uncertain"), else_="queued"), lease_token=None, lease_until=None)
    )
    if affected(session, taken):
        session.refresh(mail)
        _step(session, [mail.id], mail.state, "portal", now)
    session.refresh(mail)
    if mail.state == "sending":
        raise MailIsUnderWay(f"mail {mail.id} is just being handed over; try again in a minute")


def counts(session: Session) -> dict[str, int]:
    """How many mails stand in each state."""
    found = dict(session.exec(select(Mail.state, func.count()).group_by(Mail.state)).all())
    return {state: found.get(state, 0) for state in STATES}


def oldest_waiting(session: Session) -> datetime | None:
    """When the oldest mail was queued that the relay has not accepted and that will still be tried."""
    return session.exec(select(func.min(Mail.queued_at)).where(col(Mail.state).in_(UNDER_WAY))).one()


def oldest_unanswered(session: Session) -> datetime | None:
    """When the oldest mail was queued that no relay has answered for yet: not one that waits for its recipient."""
    waiting = (col(Mail.state).in_(("queued", "sending")), Mail.attempts == 0)
    return session.exec(select(func.min(Mail.queued_at)).where(*waiting)).one()


def listed(session: Session, state: str | None, limit: int) -> Sequence[Mail]:
    """The newest mails, in one state or all, newest first."""
    asked = [Mail.state == state] if state else []
    return session.exec(select(Mail).where(*asked).order_by(col(Mail.id).desc()).limit(limit)).all()


def by_number(session: Session, number: int) -> Mail:
    """The mail with this number. Raises `MailUnknown`."""
    mail = session.get(Mail, number)
    if mail is None:
        raise MailUnknown(f"no mail has the number {number}; `portal outbox list` shows them")
    return mail


def about(session: Session, subject: str) -> Sequence[Mail]:
    """Every mail about one thing, oldest first."""
    return session.exec(select(Mail).where(Mail.about == subject).order_by(col(Mail.id))).all()


def tries(session: Session, mail: Mail) -> Sequence[MailAttempt]:
    """Every try to hand a mail over, oldest first."""
    return session.exec(select(MailAttempt).where(MailAttempt.mail_id == mail.id).order_by(col(MailAttempt.id))).all()


def steps(session: Session, mail: Mail) -> Sequence[MailEvent]:
    """Every step of a mail from state to state, oldest first."""
    return session.exec(select(MailEvent).where(MailEvent.mail_id == mail.id).order_by(col(MailEvent.id))).all()


def _take(
    session: Session, now: datetime, limit: int, lease: timedelta, newest: bool = False, few: int | None = None
) -> list[int]:  # fmt: skip
    # One statement, safe among any number of workers.
    order = (col(Mail.due_at).desc(), col(Mail.id).desc()) if newest else (col(Mail.due_at), col(Mail.id))
    due = (
        select(Mail.id)
        .where(IS_OPEN, Mail.due_at <= now)
        .order_by(*order)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
        # PostgreSQL may run a plain subselect more than once, and then takes more than the limit.
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    phase: Any = "connect"
    if few is not None:
        is_backlog = select(func.count()).select_from(due).scalar_subquery() > few
        phase = case((and_(col(Mail.raw).is_not(None), is_backlog), "data"), else_="connect")
    statement = (
        update(Mail)
        .where(col(Mail.id).in_(select(due.c.id)))
        .values(state="sending", phase=phase, lease_token=secrets.token_hex(16), lease_until=now + lease)
        .returning(col(Mail.id))
        .execution_options(synchronize_session=False)
    )
    return [row[0] for row in session.execute(statement)]


def _claimed(session: Session, numbers: Sequence[int], now: datetime) -> list[Mail]:
    if not numbers:
        return []
    _step(session, numbers, "sending", "worker", now)
    return list(session.exec(select(Mail).where(col(Mail.id).in_(numbers)).order_by(col(Mail.id))))


def _step(
    session: Session, numbers: Sequence[int | None], state: str, source: str, now: datetime, report: str | None = None
) -> None:  # fmt: skip
    said = {"at": now, "state": state, "source": source, "external_id": report}
    session.execute(insert(table_of(MailEvent)), [{"mail_id": number, **said} for number in numbers])


def _change(session: Session, mail: Mail, among: str = "sending", **values: Any) -> bool:
    # The token fences: whoever lost the lease finds no row here, however late it comes back.
    held = (col(Mail.id) == mail.id, col(Mail.state) == among, col(Mail.lease_token) == mail.lease_token)
    return affected(session, update(Mail).where(*held).values(**values)) == 1


def held(mails: Sequence[Mail]) -> tuple[ColumnElement[bool], ...]:
    """The conditions that find those of these mails that their worker still holds."""
    # A token is of one claim alone, so that number and token need not be paired.
    numbers, tokens = {mail.id for mail in mails}, {mail.lease_token for mail in mails}
    return col(Mail.id).in_(numbers), col(Mail.state) == "sending", col(Mail.lease_token).in_(tokens)


def _overdue(now: datetime) -> SelectOfScalar[Mail]:
    return select(Mail).where(col(Mail.state).in_(OPEN), Mail.queued_at < now - GIVE_UP).order_by(col(Mail.id))


def _tries(session: Session, mail: Mail, outcome: str) -> int:
    same = (MailAttempt.mail_id == mail.id, MailAttempt.outcome == outcome)
    return session.exec(select(func.count()).select_from(MailAttempt).where(*same)).one()


def _note_try(session: Session, mail: Mail, tried: Tried, relay: str, started: datetime, now: datetime) -> None:
    assert mail.id is not None
    session.add(
        MailAttempt(
            mail_id=mail.id, started_at=started, ended_at=now, relay=relay, phase=tried.phase, outcome=tried.outcome,
            code=tried.code, enhanced=tried.enhanced, text=tried.text[:1000],
        )
    )  # fmt: skip


def reason(tried: Tried) -> dict[str, Any]:
    """Why a try ended as it did, as the ledger is told it."""
    enhanced = {"enhanced": tried.enhanced} if tried.enhanced else {}
    return {"outcome": tried.outcome, "code": tried.code, "phase": tried.phase, **enhanced}


def told(mail: Mail, more: dict[str, Any]) -> dict[str, Any]:
    """What the ledger is told of a mail, with `more` of what became of it."""
    # `about` is a noun and which one: the ledger finds its events about a lead by that.
    noun, _, which = mail.about.partition(":")
    return {"mail": mail.message_id, "kind": mail.kind, noun: which, **more}


def _tell_ledger(session: Session, what: str, mail: Mail, now: datetime, more: dict[str, Any]) -> None:
    ledger.record(session, f"mail_{what}", now, told(mail, more))

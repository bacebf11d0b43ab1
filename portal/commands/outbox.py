"""`portal outbox`: what waits, what went, what was refused; send a mail anew, or take one out."""

import email
import email.policy
from datetime import datetime
from typing import Annotated, Any

import typer
from sqlmodel import Session

from portal import db
from portal.catalogue.agencies import ContactUnknown
from portal.commands import context
from portal.commands.context import AsJson, By
from portal.forwarding import reckoning
from portal.forwarding.stopping import Stopped
from portal.language import formats
from portal.leads import Erased
from portal.mail import causes, outbox
from portal.mail.outbox import Mail, MailAttempt, MailIsUnderWay, MailUnknown
from portal.message_kinds import KINDS

app = typer.Typer(no_args_is_help=True)
Number = Annotated[int, typer.Argument(help="The mail's number, from `portal outbox list`.")]
Reason = Annotated[str, typer.Option(help="Why; kept in the ledger.")]


@app.command()
def status(as_json: AsJson = False) -> None:
    """How many mails stand in each state, how old the oldest waiting one is, and what became of every lead."""
    with context.database().read() as session:
        oldest = outbox.oldest_waiting(session)
        found: dict[str, Any] = {"mails": outbox.counts(session), "leads": reckoning.by_fate(session)}
    found["oldest_waiting_seconds"] = int((db.utcnow() - oldest).total_seconds()) if oldest else None
    if as_json:
        context.print_json(found)
        return
    for name in ("mails", "leads"):
        print(f"{name}: " + ", ".join(f"{count} {state}" for state, count in found[name].items()))
    print(f"oldest waiting: {'none' if oldest is None else str(found['oldest_waiting_seconds']) + ' s'}")


@app.command("list")
def list_(
    state: Annotated[str, typer.Option(help=f"Only those that are {', '.join(outbox.STATES)}.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """The newest mails, newest first."""
    if state and state not in outbox.STATES:
        context.refuse(f"A mail is never “{state}”; its states are {', '.join(outbox.STATES)}.", code=2)
    with context.database().read() as session:
        rows = [_row(mail) for mail in outbox.listed(session, state or None, limit)]
    if as_json:
        context.print_json(rows)
        return
    for row in rows:
        said = f"{row['last_code'] or ''} {row['last_text'] or ''}".strip()
        print(f"{row['mail']}\t{row['state']}\t{row['kind']}\t{row['about']}\t{row['recipient']}\t{row['due']}\t{said}")


@app.command()
def show(number: Number, as_json: AsJson = False) -> None:
    """One mail: its headers and text as frozen, and every try to hand it over."""
    with context.database().read() as session:
        mail = _mail(session, number)
        tries = [_try(attempt) for attempt in outbox.tries(session, mail)]
        steps = [
            {"at": _at(step.at), "state": step.state, "source": step.source} for step in outbox.steps(session, mail)
        ]
    headers, text = _frozen(mail)
    if as_json:
        context.print_json({**_row(mail), "headers": headers, "text": text, "attempts": tries, "steps": steps})
        return
    for name, value in (*_row(mail).items(), *headers):
        print(f"{name}: {value}")
    for tried in tries:
        print("try: " + " · ".join(str(value) for value in tried.values() if value not in (None, "")))
    for step in steps:
        print("step: " + " · ".join(str(value) for value in step.values()))
    print(f"\n{text}")


@app.command()
def resend(number: Number, reason: Reason, by: By = "") -> None:
    """Send a mail anew: rendered again, with a Message-ID of its own."""
    settings, database, name = context.settings(), context.database(), context.operator(by)

    def send(session: Session) -> int | None:
        mail, now = _mail(session, number), db.utcnow()
        made = outbox.resend(session, mail, name, reason, now, settings.mail_domain)
        KINDS[mail.kind].resent(session, mail, made, now)
        return made.id

    try:
        context.say(f"Mail {database.write(send)} goes in place of mail {number}.")
    except (MailIsUnderWay, ContactUnknown, Erased, Stopped) as refused:
        context.refuse(f"{refused}.")


@app.command()
def cancel(number: Number, reason: Reason, by: By = "") -> None:
    """Take a waiting or parked mail out of the outbox for good."""
    name = context.operator(by)

    def drop(session: Session) -> None:
        outbox.cancel(session, _mail(session, number), name, reason, db.utcnow())

    try:
        context.database().write(drop)
    except MailIsUnderWay as refused:
        context.refuse(f"{refused}.")
    context.say(f"Mail {number} is cancelled.")


def _mail(session: Session, number: int) -> Mail:
    try:
        return outbox.by_number(session, number)
    except MailUnknown as unknown:
        context.refuse(f"{unknown}.")


def _row(mail: Mail) -> dict[str, Any]:
    return {
        "mail": mail.id, "kind": mail.kind, "about": mail.about, "generation": mail.generation, "state": mail.state,
        "recipient": mail.recipient, "message_id": mail.message_id, "queued": _at(mail.queued_at),
        "due": _at(mail.due_at) if mail.state in outbox.OPEN else None, "attempts": mail.attempts,
        "last_code": mail.last_code, "last_enhanced": mail.last_enhanced, "last_text": mail.last_text,
        "accepted": _at(mail.accepted_at), "relay_queue_id": mail.relay_queue_id, "sha256": mail.raw_sha256,
    }  # fmt: skip


def _try(attempt: MailAttempt) -> dict[str, Any]:
    return {
        "at": _at(attempt.started_at), "relay": attempt.relay, "phase": attempt.phase, "outcome": attempt.outcome,
        "blame": causes.BLAME[attempt.outcome], "code": attempt.code, "enhanced": attempt.enhanced,
        "text": attempt.text,
    }  # fmt: skip


def _at(moment: datetime | None) -> str | None:
    return formats.utc(moment) if moment else None


def _frozen(mail: Mail) -> tuple[list[tuple[str, str]], str]:
    if mail.raw is None:
        return [], "Not rendered yet."
    message = email.message_from_bytes(mail.raw, policy=email.policy.default)
    body = message.get_body(("plain",))
    return [(name, str(value)) for name, value in message.items()], body.get_content() if body else ""

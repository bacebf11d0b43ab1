"""The lead ledger: what came in, what became of it, and copies of it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from sqlmodel import Session

from portal import exporting, forwarding, leads
from portal.catalogue import agencies
from portal.catalogue.agencies import Agency, AgencyUnknown
from portal.commands import context
from portal.commands.context import AsJson, By
from portal.consent import choices
from portal.db import utcnow
from portal.enquiries import releasing, screening
from portal.enquiries.releasing import NotHeld
from portal.exporting import Order, PresetUnfit, presets, rows, verifying
from portal.exporting.encoding import CellTooLong
from portal.exporting.verifying import ExportWrong
from portal.forwarding import answering
from portal.leads import PARKED, Lead, LeadUnknown, Selection
from portal.ledger import keys
from portal.ledger.keys import KeyRefused
from portal.ledger.mirror import CopyRefused
from portal.mail import outbox

Result = TypeVar("Result")

app = typer.Typer(no_args_is_help=True)


class Format(StrEnum):
    """The formats of an export."""

    csv = "csv"
    xlsx = "xlsx"
    jsonl = "jsonl"


class PresetName(StrEnum):
    """For whom an export is made."""

    standard = "standard"
    optima_crm = "optima-crm"
    excel_es = "excel-es"
    excel_de = "excel-de"


class State(StrEnum):
    """Where a lead stands."""

    forward = "forward"
    held = "held"
    spam = "spam"
    parked = "parked"


class Screening(StrEnum):
    """What the screening of an enquiry decided."""

    forward = "forward"
    held = "held"
    spam = "spam"


Since = Annotated[
    datetime | None, typer.Option(parser=context.moment, metavar="TIME", help="Only leads received from this time on.")
]
Until = Annotated[
    datetime | None, typer.Option(parser=context.moment, metavar="TIME", help="Only leads received before this time.")
]
Reference = Annotated[str, typer.Argument(help="The lead's reference, such as IM-7K4Q-2MXD.")]
Reason = Annotated[str, typer.Option(help="Why; kept in the ledger.")]
OfPreset = Annotated[PresetName, typer.Option("--preset", help="Whose columns and names.")]
OfAgency = Annotated[str | None, typer.Option("--agency", help="Only leads of this agency.")]


@app.command("list")
def list_(
    since: Since = None,
    agency: OfAgency = None,
    screening: Annotated[Screening | None, typer.Option(help="Only leads screened like this.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """The newest leads: where they stand, without the people in them."""
    selection = Selection(since=since, agency=agency, state=screening)
    with context.refusing(AgencyUnknown), context.database().read() as session:
        _known(session, agency)
        found = [_summary(session, lead) for lead in leads.selected(session, selection, limit)]
    if as_json:
        context.print_json(found)
        return
    columns = ("reference", "received_at", "agency", "property_reference", "intent", "screening", "parked_reason")
    rows = [[*(lead[column] for column in columns), _delivery(lead)] for lead in found]
    context.print_table([column.upper() for column in (*columns, "mail")], rows)


@app.command()
def show(
    reference: Reference,
    by: Annotated[str, typer.Option("--by", help="Who looks at a held lead; else PORTAL_OPERATOR.")] = "",
    as_json: AsJson = False,
) -> None:
    """Everything recorded of one lead: the person, the choices, the mails with every try, to whom it was passed.

    A held lead is looked at by this, where whoever looks is named: the daily reminder then leaves it out.
    """
    database, who = context.database(), by or context.settings().operator
    with context.refusing(LeadUnknown):
        if who:
            database.write(lambda session: releasing.mark_seen(leads.by_reference(session, reference), who, utcnow()))
        with database.read() as session:
            lead = leads.by_reference(session, reference)
            found = {**_summary(session, lead), **_evidence(session, lead)}
    if not who and lead.screening != "forward":
        context.say("Not noted as looked at: say who you are with --by, or set PORTAL_OPERATOR.")
    if as_json:
        context.print_json(found)
        return
    for line in _lines(found):
        print(line)


@app.command()
def release(reference: Reference, reason: Reason, by: By = "") -> None:
    """Pass on a lead that is held or taken for spam, like any other."""
    domain = context.settings().mail_domain

    def work(session: Session, lead: Lead, who: str) -> str | None:
        releasing.release(session, lead, who, reason, domain, utcnow())
        return lead.parked_reason

    lead, parked = _act(reference, by, work)
    waits = " It waits there: " + PARKED[parked] if parked else ""
    context.say(f"{lead.reference} is released to its agency.{waits}")


@app.command()
def spam(reference: Reference, reason: Reason, by: By = "") -> None:
    """Take a lead for spam that has not been passed on; it stays recorded, and can be released again."""

    def work(session: Session, lead: Lead, who: str) -> None:
        releasing.mark_spam(session, lead, who, reason, utcnow())

    lead, _ = _act(reference, by, work)
    context.say(f"{lead.reference} is taken for spam.")


@app.command()
def export(
    form: Annotated[
        Format, typer.Option("--format", help="CSV and workbooks (XLSX) for spreadsheets, JSON Lines for machines.")
    ],
    reason: Annotated[str, typer.Option(help="Why; it is recorded with who and what.")],
    preset: OfPreset = PresetName.standard,
    since: Since = None,
    until: Until = None,
    agency: OfAgency = None,
    state: Annotated[State | None, typer.Option(help="Only leads in this state.")] = None,
    purpose: Annotated[str | None, typer.Option(help="Only leads whose visitor consents to this purpose.")] = None,
    output: Annotated[Path, typer.Option(help="A file, which appears once it is whole; - is stdout.")] = Path("-"),
    by: By = "",
) -> None:
    """A copy of the ledger. It is recorded before its first byte and completed after its last one."""
    who, database, now = context.operator(by), context.database(), utcnow()
    selection = Selection(since, until, agency, state, purpose)
    with context.refusing(AgencyUnknown, PresetUnfit), database.read() as session:
        _known(session, agency)
        order = Order(form.value, who, reason, selection, preset.value)
    settings = context.settings()
    try:
        with context.refusing(KeyRefused, CopyRefused, CellTooLong), _progress() as progress:
            if output == Path("-"):
                done = exporting.to_stream(database, order, sys.stdout.buffer, settings, now, progress)
            else:
                done = exporting.to_file(database, order, output, settings, now, progress)
    except OSError as error:
        _close_stdout()
        context.refuse(f"The export ended early and is recorded as incomplete: {error.strerror}.")
    if keys.promise(settings) is None:
        context.say("This host has no key: nobody can verify this export. `portal keys new` makes one.")
    context.say(f"{done.rows} leads exported, recorded as export {done.id}. SHA-256 {done.sha256}")


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="An export, with its manifest beside it.")],
    key: Annotated[list[str] | None, typer.Option(help="A key of the ledger you trust; else those known here.")] = None,
) -> None:
    """Whether a file is an export of this installation, and stands in the ledger as it is."""
    with context.refusing(ExportWrong), context.database().read() as session:
        trusted = key or verifying.known_keys(session)
        try:
            export = verifying.verify(session, file)
        except OSError as error:
            context.refuse(f"Refused: {error.filename} cannot be read: {error.strerror}.")
    given = [f"--key={each}" for each in trusted]
    done = subprocess.run([sys.executable, str(exporting.VERIFIER), str(file), *given], check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(1)
    context.say(f"Export {export.id}, asked for by {export.by} at {context.shown(export.at)}, {export.rows} leads.")


@app.command()
def dictionary(preset: OfPreset = PresetName.standard, as_json: AsJson = False) -> None:
    """What each column of an export says."""
    with context.database().read() as session:
        columns = presets.preset(preset.value, rows.asked_for(session)).columns
    if as_json:
        context.print_json(columns)
        return
    context.print_table(["COLUMN", "SAYS"], list(columns.items()))


def _act(reference: str, by: str, work: Callable[[Session, Lead, str], Result]) -> tuple[Lead, Result]:
    who, database = context.operator(by), context.database()

    def act(session: Session) -> tuple[Lead, Result]:
        lead = leads.by_reference(session, reference)
        return lead, work(session, lead, who)

    with context.refusing(LeadUnknown, NotHeld):
        return database.write(act)


def _known(session: Session, slug: str | None) -> None:
    if slug is not None:
        agencies.by_slug(session, slug)


@contextmanager
def _progress() -> Iterator[exporting.Progress]:
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.completed} leads"))
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as shown:
        task = shown.add_task("")
        yield lambda rows: shown.update(task, completed=rows)


def _close_stdout() -> None:
    # The reader of a pipe may be gone: Python's own flush at the end would fail on it a second time.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _summary(session: Session, lead: Lead) -> dict[str, Any]:
    mails = outbox.about(session, forwarding.about(lead))
    return {
        "reference": lead.reference, "received_at": lead.received_at,
        "agency": session.get_one(Agency, lead.agency_id).slug, "property_reference": lead.property_reference,
        "property_title": lead.property_title, "property_price": lead.property_price,
        "property_withdrawn": lead.property_withdrawn, "intent": lead.intent, "locale": lead.locale,
        "page": lead.page, "screening": lead.screening, "screening_score": lead.screening_score,
        "parked_reason": lead.parked_reason,
        "mails": [
            {
                "number": mail.id, "kind": mail.kind, "role": mail.role, "state": mail.state,
                "queued_at": mail.queued_at, "due_at": mail.due_at, "attempts": mail.attempts,
                "last_code": mail.last_code, "accepted_at": mail.accepted_at, "message_id": mail.message_id,
            }
            for mail in mails
        ],
    }  # fmt: skip


def _evidence(session: Session, lead: Lead) -> dict[str, Any]:
    assert lead.id is not None
    person = leads.person_of(session, lead)
    about = outbox.about(session, forwarding.about(lead))
    return {
        "screening_reasons": [
            {"code": code, "points": points, "says": screening.explained(code)}
            for code, points in lead.screening_reasons
        ],
        "screening_seen_at": lead.screening_seen_at, "screening_seen_by": lead.screening_seen_by,
        "released_at": lead.released_at, "released_by": lead.released_by, "release_reason": lead.release_reason,
        "ledger_event": lead.ledger_event_id,
        "person": None if person is None else person.model_dump(exclude={"lead_id"}),
        "choices": [
            {"purpose": choice.purpose, "state": choice.state, "label": choice.label, "at": choice.at}
            for choice in choices.of_lead(session, lead.id)
        ],
        "disclosures": [
            {"contact": passed.contact_id, "intended_at": passed.intended_at, "passed_at": passed.passed_at}
            for passed in leads.disclosures_of(session, lead)
        ],
        "answers": [
            {"contact": given.contact_id, "answer": given.answer, "at": given.answered_at}
            for given in answering.of_lead(session, lead)
        ],
        "attempts": [
            {
                "mail": mail.id, "started_at": tried.started_at, "ended_at": tried.ended_at, "relay": tried.relay,
                "phase": tried.phase, "outcome": tried.outcome, "code": tried.code, "text": tried.text,
            }
            for mail in about
            for tried in outbox.tries(session, mail)
        ],
    }  # fmt: skip


def _delivery(lead: dict[str, Any]) -> str | None:
    states = [mail["state"] for mail in lead["mails"] if mail["kind"] == forwarding.KIND]
    return states[-1] if states else None


def _lines(found: dict[str, Any]) -> Iterator[str]:
    for name, value in found.items():
        if isinstance(value, dict):
            value = [value]
        if not isinstance(value, list):
            yield f"{name}: {context.shown(value)}"
            continue
        yield f"{name}:"
        for item in value:
            yield "  - " + ", ".join(f"{key}: {context.shown(cell)}" for key, cell in item.items())

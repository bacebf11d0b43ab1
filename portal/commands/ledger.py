"""The ledger: sealed, shown to be what it was, and brought back after a restore."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from sqlmodel import col, select

from portal import auditing
from portal.commands import context
from portal.commands.context import AsJson, By
from portal.db import utcnow
from portal.ledger import Half, LedgerEvent, bundles, keys, mirror, recovering, sealing, verifying
from portal.ledger.keys import KeyRefused
from portal.ledger.mirror import CopyRefused
from portal.ledger.notes import NoteWrong
from portal.mail.outbox import MailIsUnderWay
from portal.rights import erasure

app = typer.Typer(no_args_is_help=True)
BUSINESS: tuple[Half, ...] = ("business",)
SEALS_NOT = "This host has no sealing key: run this where it is, or `portal keys new` for the first."


@app.callback()
def group() -> None:
    """The ledger: sealed, shown to be what it was, and brought back after a restore."""


@app.command()
def seal(as_json: AsJson = False) -> None:
    """Seal every event that waits, and mirror what was sealed; the worker does so each second."""
    with context.refusing(KeyRefused, CopyRefused):
        sealed = mirror.sealed(context.settings(), context.database(), utcnow(), everything=True)
    if sealed is None:
        context.refuse(SEALS_NOT)
    if as_json:
        context.print_json({"added": sealed.added, "size": sealed.size})
    else:
        context.say(f"Sealed {sealed.added} events; the ledger holds {sealed.size}.")


@app.command()
def verify(
    anchor: Annotated[
        Path | None,
        typer.Option("--anchor", help="A checkpoint that somebody kept.", exists=True, dir_okay=False, readable=True),
    ] = None,
    key: Annotated[list[str] | None, typer.Option("--key", help="A trusted sealing key; else this host's.")] = None,
    as_json: AsJson = False,
) -> None:
    """Verify every entry, head and key of the ledger, and the live rows against it; names the first wrong index."""
    settings, database = context.settings(), context.database()
    with context.refusing(KeyRefused, NoteWrong):
        held = keys.sealing(settings)
        trusted = key or ([held.vkey] if held else [])
        if not trusted:
            context.say(
                "No key is known but those the database names: whoever forged it chose them. Give one by --key."
            )
        kept = anchor.read_text() if anchor else None
        mirrored = mirror.every_leaf(mirror.folder(settings))
        with _progress("entries") as shown:
            found = verifying.verify(database, trusted, kept, utcnow(), shown, mirrored)
    with _progress("leads") as shown:
        problems = found.problems + auditing.audit(database, shown)
    if as_json:
        first = next((problem.index for problem in problems if problem.index is not None), None)
        told = {"ok": not problems, "size": found.size, "lost": found.lost, "first_wrong_index": first}
        context.print_json({**told, "problems": [asdict(problem) for problem in problems]})
    else:
        for problem in problems:
            print(problem.what if problem.index is None else f"{problem.index}: {problem.what}")
        if found.lost:
            context.say(f"The events of {found.lost} entries were lost in a restore, as its recovery recorded.")
        context.say(f"{found.size} entries verified; " + ("the ledger is wrong." if problems else "all is as signed."))
    raise SystemExit(1 if problems else 0)


@app.command()
def checkpoint(as_json: AsJson = False) -> None:
    """Print the newest signed head of the ledger, to be kept by somebody else."""
    with context.database().read() as session:
        head = sealing.latest(session)
    if head is None:
        context.refuse("Nothing is sealed yet.")
    if as_json:
        context.print_json({"origin": head.origin, "size": head.size, "root": head.root.hex(), "note": head.note})
    else:
        print(head.note, end="")


@app.command()
def proof(reference: Annotated[str, typer.Argument(metavar="REF", help="The lead, such as IM-7K4Q-2MXD.")]) -> None:
    """Print, as JSON, what shows that the events of one lead stand in the ledger; nothing of the person is in it."""
    with context.refusing(KeyRefused):
        promiser = keys.promise(context.settings())
    with context.database().read() as session:
        if session.exec(select(LedgerEvent.id).where(col(LedgerEvent.about) == reference).limit(1)).first() is None:
            context.refuse(f"The ledger knows no lead {reference}.")
        found = bundles.of_lead(session, reference, promiser, BUSINESS)
    context.print_json(found)


@app.command()
def recover(
    by: By = "",
    new_epoch: Annotated[
        bool, typer.Option("--new-epoch", help="Open a new epoch even where the mirror could be followed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring a database set back to an older copy to where its mirror was: re-append, erase again, or a new epoch."""
    operator, settings, database = context.operator(by), context.settings(), context.database()
    with context.refusing(KeyRefused, CopyRefused, MailIsUnderWay):
        key = keys.sealing(settings)
        if key is None:
            context.refuse(SEALS_NOT)
        done = recovering.recover(
            database, mirror.folder(settings), key, utcnow(),
            lambda session, erasures: erasure.erase_again(session, erasures, operator, utcnow()), operator, new_epoch,
        )  # fmt: skip
        mirror.sealed(settings, database, utcnow(), everything=True)
    database.forget_deleted()
    if as_json:
        context.print_json(asdict(done))
    else:
        context.say(
            f"Recovered ({done.how}): {done.appended} sealed events put back, {done.lost} of them without their event;"
            f" {done.erased} halves erased again."
        )


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int], None]]:
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn(f"{{task.completed}} {what}"))
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as shown:
        task = shown.add_task("")
        yield lambda done: shown.update(task, completed=done)

"""Mail that comes back: take it in from the mail server, and look at what is left for a person."""

import os
import sys
from typing import Annotated

import typer

from portal import db
from portal.commands import context
from portal.commands.context import AsJson, By
from portal.language.formats import utc
from portal.mail import returning, returns
from portal.mail.composing import clean
from portal.mail.returning import ReturnUnknown

app = typer.Typer(no_args_is_help=True)
TEMPORARY_FAILURE = 75  # sysexits.h EX_TEMPFAIL: the mail server keeps the mail and tries again
Number = Annotated[int, typer.Argument(help="Its number, from `portal mail list`.")]


@app.command()
def receive(
    recipient: Annotated[str, typer.Option(help="To whom it was sent; else ORIGINAL_RECIPIENT or RECIPIENT.")] = "",
) -> None:
    """Take in one mail that came back, from standard input: the pipe of a mail server. The worker reads it then."""
    to = recipient or os.environ.get("ORIGINAL_RECIPIENT") or os.environ.get("RECIPIENT") or ""
    raw = sys.stdin.buffer.read(returns.LIMIT)
    while sys.stdin.buffer.read(returns.LIMIT):  # a mail server that cannot write to the end would send it again
        pass
    try:
        context.database().write(lambda session: returning.receive(session, raw, to, db.utcnow()))
    except (Exception, SystemExit) as away:  # whatever it is: a mail server gives a mail up at any other exit code
        print(f"Not taken in ({type(away).__name__}); try again.", file=sys.stderr)
        raise SystemExit(TEMPORARY_FAILURE) from None


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """What came back, could not be matched or read, and no person has seen."""
    with context.database().read() as session:
        rows = [
            {"number": row.id, "received": utc(row.received_at), "kind": row.kind, "to": row.recipient}
            for row in returning.for_a_person(session)
        ]
    if as_json:
        context.print_json(rows)
    else:
        context.print_table(("NUMBER", "RECEIVED", "KIND", "TO"), [tuple(row.values()) for row in rows])


@app.command()
def show(number: Number) -> None:
    """One mail that came back, as it came, but for control characters."""
    with context.refusing(ReturnUnknown), context.database().read() as session:
        row = returning.by_number(session, number)
    # Cleaned: a stranger's control characters would command the terminal.
    print(clean(row.raw.decode("utf-8", "replace")) if row.raw is not None else "Its time is over.")


@app.command()
def seen(number: Number, by: By = "") -> None:
    """Note that a person has looked at it."""
    name = context.operator(by)
    with context.refusing(ReturnUnknown):
        context.database().write(lambda session: returning.note_seen(session, number, name, db.utcnow()))
    context.say(f"Returned mail {number} is seen.")

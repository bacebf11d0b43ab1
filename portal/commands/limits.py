"""How many posts are counted, and what the ceilings stopped."""

import typer

from portal import limits
from portal.commands import context
from portal.commands.context import AsJson
from portal.db import utcnow
from portal.limits import Tally

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """How many posts are counted, and what the ceilings stopped."""


@app.command()
def show(as_json: AsJson = False) -> None:
    """By kind and period: ceiling, subjects and highest count now, then the highest and the stopped of a day."""
    with context.database().read() as session:
        found = limits.tallies(session, utcnow(), context.settings())
    if as_json:
        context.print_json([tally._asdict() for tally in found])
    else:
        context.print_table([name.upper().replace("_", " ") for name in Tally._fields], found)

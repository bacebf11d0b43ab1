"""The ledger's keys on this host: made, certified, changed."""

from typing import Annotated

import typer

from portal.commands import context
from portal.commands.context import By
from portal.db import utcnow
from portal.ledger import keys, mirror
from portal.ledger.keys import KeyRefused

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """The ledger's keys on this host: made, certified, changed."""


@app.command()
def new(
    certify: Annotated[
        str, typer.Option(metavar="KEY", help="The public line another host printed: certify it by the key of this.")
    ] = "",
) -> None:
    """Make the keys this host lacks and print their public lines; run again it changes nothing."""
    settings, database, now = context.settings(), context.database(), utcnow()
    with context.refusing(KeyRefused):
        made = [keys.certify(settings, database, certify, now)] if certify else keys.new(settings, database, now)
        sealing = keys.sealing(settings)
    for vkey in made:
        print(vkey)
    if not made:
        context.say("This host has its keys; `portal keys rotate` changes one.")
    elif sealing is None:
        context.say("Not certified yet: run `portal keys new --certify KEY` with this line on the host that seals.")


@app.command()
def rotate(
    by: By = "",
    promise: Annotated[
        bool, typer.Option("--promise", help="Change the promise key instead of the sealing key.")
    ] = False,
) -> None:
    """Retire the key this host seals with for a new one, and print its public line."""
    operator = context.operator(by)
    purpose: keys.Purpose = "promise" if promise else "sealing"
    settings, database = context.settings(), context.database()
    with context.refusing(KeyRefused):
        print(keys.rotate(settings, database, purpose, utcnow(), operator))
        # At once, so that the new key vouches for the heads before it: whoever trusts it alone accepts them then.
        mirror.sealed(settings, database, utcnow(), everything=True)

"""Properties taken off the site by ops and put back, and what visitors report about them."""

from typing import Annotated

import typer
from sqlmodel import Session

from portal.catalogue import properties, reports
from portal.catalogue.properties import PropertyAmbiguous, PropertyNotBlocked, PropertyUnknown
from portal.commands import context
from portal.commands.context import AsJson, By
from portal.db import utcnow

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The property's public id, or its reference.")]
Reason = Annotated[str, typer.Option(help="Why; it is recorded.")]


@app.command()
def block(name: Name, reason: Reason, by: By = "") -> None:
    """Take a property off the site, whatever its feed says."""
    who = context.operator(by)

    def work(session: Session) -> str:
        home = properties.named(session, name)
        properties.block(session, home, who, reason, utcnow())
        return home.public_id

    with context.refusing(PropertyUnknown, PropertyAmbiguous):
        public_id = context.database().write(work)
    context.say(f"{public_id} is blocked.")


@app.command()
def unblock(name: Name, reason: Reason, by: By = "") -> None:
    """Give a blocked property back to its feed."""
    who = context.operator(by)

    def work(session: Session) -> tuple[str, str]:
        home = properties.named(session, name)
        properties.unblock(session, home, who, reason, utcnow())
        return home.public_id, home.state

    with context.refusing(PropertyUnknown, PropertyAmbiguous, PropertyNotBlocked):
        public_id, state = context.database().write(work)
    context.say(f"{public_id} is unblocked and {state}.")


@app.command("reports")
def list_reports(json: AsJson = False) -> None:
    """What visitors, and agencies in answer to leads, reported about listings, newest first."""
    with context.database().read() as session:
        found = reports.latest(session)
    if json:
        context.print_json([row._asdict() for row in found])
    else:
        lines = [row._replace(words=" ".join(row.words.split())) for row in found]
        context.print_table([name.upper() for name in reports.Row._fields], lines)

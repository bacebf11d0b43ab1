"""`portal demo`: everything embedded, with invented agencies, a thousand homes, and mail that is captured."""

import signal
from typing import Annotated, Never

import typer

from portal import addresses, db
from portal.commands import context
from portal.demo import running
from portal.demo.running import DemoRefused, Processes
from portal.settings import Settings


def demo(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="The port of the site; else the first free one from 8000 on.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw away what an earlier demo left.")] = False,
) -> None:
    """Run the portal with sample agencies and homes, everything embedded, until told to end."""
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, _end)
    try:
        settings = running.settings(context.settings().data_directory, port)
        context.say(f"Preparing the demo in {settings.data_directory} …")
        if not running.prepare(settings, db.utcnow(), fresh):
            context.say("What an earlier demo left is kept; --fresh throws it away.")
        with Processes(settings) as processes:
            processes.wait_ready()
            print(_block(settings), flush=True)
            processes.watch()
    except DemoRefused as refused:
        context.refuse(f"The demo ends: {refused}.")


def _end(number: int, frame: object) -> Never:
    # Once is enough: a second Ctrl-C must not interrupt the ending of the children.
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, signal.SIG_IGN)
    raise SystemExit(0)


def _block(settings: Settings) -> str:
    mails = f"http://{settings.ops_bind}{addresses.OPS}"
    rows = ("ImmoMarket is ready.", "", f"  The site            {settings.origin}/",
            f"  The captured mails  {mails}",
            f"  The style guide     http://{settings.ops_bind}{addresses.STYLE}", "", "Ctrl-C ends it.")  # fmt: skip
    rule = "─" * max(map(len, rows))
    return "\n".join(("", rule, *rows, rule, ""))

"""Policies as immutable versions."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

from portal.commands import context
from portal.commands.context import AsJson
from portal.consent import policies
from portal.consent.policies import PolicyVersion
from portal.language import locales

app = typer.Typer(no_args_is_help=True)

FIELDS = ("document", "number", "locale", "title", "revised_on", "effective_at", "approved_by", "body_sha256")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Every version of every policy, newest first."""
    with context.database().read() as session:
        found = policies.everything(session)
    rows = [[getattr(version, field) for field in FIELDS] for version in found]
    if as_json:
        context.print_json([dict(zip(FIELDS, row, strict=True)) for row in rows])
        return
    context.print_table([field.upper() for field in FIELDS], rows)


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise typer.BadParameter(f"“{text}” is not a day; write 2021-08-12") from None


@app.command()
def add(
    document: Annotated[str, typer.Argument(help="Which policy, such as data-policy.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Its text, UTF-8, kept byte by byte.")],
    locale: Annotated[str, typer.Option(help="The language of the text.")],
    title: Annotated[str, typer.Option(help="The title people read.")],
    revised_on: Annotated[
        str, typer.Option(parser=_day, metavar="DAY", help="The day it was revised, such as 2021-08-12.")
    ],
    effective_at: Annotated[
        datetime, typer.Option(parser=context.moment, metavar="TIME", help="From when on it is in force.")
    ],
    approved_by: Annotated[str, typer.Option(help="Who approved it.")],
) -> None:
    """Publish a text as the next version, or as a translation of the newest one (same day of revision)."""
    if locale not in locales.SITE:
        context.refuse(f"The site is not written in “{locale}”.", code=2)
    try:
        body = file.read_bytes().decode()
    except UnicodeDecodeError:
        context.refuse(f"Refused: {file} is not UTF-8.")

    def work(session: Session) -> PolicyVersion:
        return policies.add(session, document, locale, title, body, revised_on, effective_at, approved_by)

    version = context.database().write(work)
    context.say(
        f"{document} {version.number} ({locale}) is in force from {effective_at}; SHA-256 {version.body_sha256}"
    )

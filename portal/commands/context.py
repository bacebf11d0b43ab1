"""What every command needs: the settings, the database, who acts, and how to refuse.

Exit codes: 0 done, 1 refused or found wrong, 2 used wrongly.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Annotated, Any, NoReturn

import rfc8785
import typer

from portal import db
from portal.db import Database
from portal.language.formats import ZONE, utc
from portal.mail import waking
from portal.settings import Settings, SettingsRefused
from portal.signing import Signer

By = Annotated[str, typer.Option("--by", help="Who acts; else PORTAL_OPERATOR.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@cache
def settings() -> Settings:
    """The settings of this process. Ends with exit code 2 and one line a fault where they are wrong."""
    try:
        return Settings.from_environment()
    except SettingsRefused as refused:
        print(refused, file=sys.stderr)
        raise SystemExit(2) from None


@cache
def database() -> Database:
    """The database of this process, at the newest schema; mails queued in it wake the worker. Else exit code 1."""
    found = Database(settings().database)
    if not found.is_reachable():
        refuse("The database does not answer; `portal check` says more.")
    if not db.schema_is_current(found):
        refuse("The database is not at the newest schema: run `portal migrate` first.")
    waking.attach(found, settings().data_directory)
    return found


def signer() -> Signer:
    """The signer of this installation's tokens."""
    return Signer(settings().key)


def operator(by: str) -> str:
    """Who acts: `--by`, else `PORTAL_OPERATOR`. Ends with exit code 2 where nobody is named."""
    name = by or settings().operator
    if not name:
        refuse("Say who acts: --by NAME, or set PORTAL_OPERATOR.", code=2)
    return name


def moment(text: str) -> datetime:
    """A date or time as an option gives it (ISO 8601); one without a zone is on the clock of Spain."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"“{text}” is not a date or time; write 2026-11-23 or 2026-11-23T14:12") from None
    return given if given.tzinfo else given.replace(tzinfo=ZONE)


@contextmanager
def refusing(*kinds: type[Exception]) -> Iterator[None]:
    """End with exit code 1 and the refusal's own words where the business refuses."""
    try:
        yield
    except kinds as refused:
        refuse(f"Refused: {refused}.")


def say(message: str) -> None:
    """A message to the person at the terminal, on stderr."""
    print(message, file=sys.stderr)


def print_json(value: Any) -> None:
    """Data on stdout, as one line of canonical JSON; times in UTC."""
    print(rfc8785.dumps(_plain(value)).decode())


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Data on stdout for people: a heading, and a line a row."""
    lines = [list(columns), *([shown(cell) for cell in row] for row in rows)]
    widths = [max(len(line[position]) for line in lines) for position in range(len(columns))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def shown(value: Any) -> str:
    """One value for people: times on the clock of Spain, a dash for what is not there."""
    if isinstance(value, datetime):
        return f"{value.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"
    return "–" if value is None else str(value)


def refuse(message: str, code: int = 1) -> NoReturn:
    """End with a message on stderr."""
    say(message)
    raise SystemExit(code)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return utc(value)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value

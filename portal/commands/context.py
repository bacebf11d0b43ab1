"""What every command needs: the settings, the database, who acts, and how to refuse.

Exit codes: 0 done, 1 refused or found wrong, 2 used wrongly.
"""

import sys
from functools import cache
from typing import Any, NoReturn

import rfc8785

from portal import db
from portal.db import Database
from portal.settings import Settings, SettingsRefused
from portal.signing import Signer


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
    """The database of this process, at the newest schema. Ends with exit code 1 where it is not."""
    found = Database(settings().database)
    if not found.is_reachable():
        refuse("The database does not answer; `portal check` says more.")
    if not db.schema_is_current(found):
        refuse("The database is not at the newest schema: run `portal migrate` first.")
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


def say(message: str) -> None:
    """A message to the person at the terminal, on stderr."""
    print(message, file=sys.stderr)


def print_json(value: Any) -> None:
    """Data on stdout, as one line of canonical JSON."""
    print(rfc8785.dumps(value).decode())


def refuse(message: str, code: int = 1) -> NoReturn:
    """End with a message on stderr."""
    say(message)
    raise SystemExit(code)

"""Policies as immutable versions: kept, published, announced."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from sqlmodel import Session

from portal import db
from portal.commands import context
from portal.commands.context import AsJson, By
from portal.consent import announcing, policies, purposes, wording
from portal.consent import register as registers
from portal.consent.policies import PolicyRefused, PolicyUnknown, PolicyVersion
from portal.consent.purposes import PurposeRefused
from portal.language import locales

app = typer.Typer(no_args_is_help=True)

FIELDS = (
    "document", "number", "locale", "title", "change_class", "revised_on", "announced_at", "effective_at", "retired_at",
    "approved_by", "summary", "body_sha256",
)  # fmt: skip


Changing = typer.Option(
    "--purposes", exists=True, dir_okay=False, help="Purposes that change with it: JSON, each code with what is new."
)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Every version of every policy, newest first."""
    with context.database().read() as session:
        found = policies.everything(session)
    if as_json:
        context.print_json([{field: getattr(version, field) for field in FIELDS} for version in found])
        return
    people = [field for field in FIELDS if field != "summary"]
    table = [[getattr(version, field) for field in people] for version in found]
    context.print_table([field.upper() for field in people], table)


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except UnicodeDecodeError:
        context.refuse(f"Refused: {file} is not UTF-8.")


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
    approved_by: Annotated[str, typer.Option(help="Who approved it.")],
    effective_at: Annotated[
        datetime | None,
        typer.Option(
            parser=context.moment, metavar="TIME", help="Publish it, in force from then on; else it is a draft."
        ),
    ] = None,
    change: Annotated[
        Literal["editorial", "material"], typer.Option(help="How much it changes; a material change is announced.")
    ] = "editorial",
    summary: Annotated[str, typer.Option(help="What it changes, in a sentence or two people read.")] = "",
    purposes_file: Annotated[Path | None, Changing] = None,
) -> None:
    """Keep a text as the next version, or as a translation of the newest one (same day of revision)."""
    if locale not in locales.SITE:
        context.refuse(f"The site is not written in “{locale}”.", code=2)
    body = _text(file)

    def work(session: Session) -> PolicyVersion:
        _change(session, purposes_file, effective_at)
        version = policies.add(
            session, document, locale, title, body, revised_on, effective_at, approved_by, summary, change
        )
        if effective_at is not None:
            announcing.record_published(session, version, db.utcnow())
        return version

    with context.refusing(PolicyRefused, PurposeRefused):
        version = context.database().write(work)
    state = f"in force from {effective_at}" if effective_at else "a draft; `portal policies announce` makes it public"
    context.say(f"{document} {version.number} ({locale}) is {state}; SHA-256 {version.body_sha256}")


@app.command()
def announce(
    document: Annotated[str, typer.Argument(help="Which policy, such as data-policy.")],
    number: Annotated[int, typer.Argument(help="Which draft of it, in every language it is kept in.")],
    effective_at: Annotated[
        datetime,
        typer.Option(parser=context.moment, metavar="TIME", help="From when on it applies: a full quarter of an hour."),
    ],
    purposes_file: Annotated[Path | None, Changing] = None,
    by: By = "",
) -> None:
    """Announce a draft: it is public from now on, every page tells of it, and it takes effect at its hour."""
    operator, notice_days, now = context.operator(by), context.settings().policy_notice_days, db.utcnow()

    def work(session: Session) -> list[PolicyVersion]:
        _change(session, purposes_file, effective_at)
        return announcing.announce(session, document, number, effective_at, notice_days, operator, now)

    with context.refusing(PolicyRefused, PolicyUnknown, PurposeRefused):
        announced = context.database().write(work)
    spoken = ", ".join(version.locale for version in announced)
    context.say(f"{document} {number} ({spoken}) is announced and takes effect at {context.shown(effective_at)}.")


@app.command()
def register(
    at: Annotated[
        datetime | None, typer.Option(parser=context.moment, metavar="TIME", help="As of then, not of now.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The register of processing activities (GDPR, Art. 30), made from the purposes in force."""
    moment = at or db.utcnow()
    with context.database().read() as session:
        found, whys = registers.register(session, moment), purposes.in_force(session, moment)
    if as_json:
        context.print_json(found)
        return
    print(f"Controller: {found['controller']}\nPolicy: {found['policy']}\nPeople: {registers.PEOPLE}")
    for why in whys:
        print(f"\n{why.title} ({why.code})")
        for label, says in wording.particulars(why, locales.DEFAULT):
            print(f"  {label}: {says}")
    print(f"\nSecurity: {'; '.join(found['security'])}.")


def _change(session: Session, file: Path | None, effective_at: datetime | None) -> None:
    if file is None:
        return
    if effective_at is None:
        raise PurposeRefused("purposes change with a date: give them when the draft is announced")
    purposes.add(session, purposes.read(session, file.read_text(encoding="utf-8"), effective_at))

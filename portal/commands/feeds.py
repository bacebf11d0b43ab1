"""`portal feeds`: agencies' exports, and importing them."""

import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from sqlmodel import Session, col, select

from portal import fetching
from portal.catalogue import agencies
from portal.catalogue.agencies import Agency
from portal.commands import context
from portal.db import utcnow
from portal.feeds import records, running
from portal.feeds.records import Feed
from portal.feeds.running import Report

app = typer.Typer(no_args_is_help=True)


@app.command()
def add(
    slug: Annotated[str, typer.Argument(help="The feed's short name, such as costa-homes.")],
    agency: Annotated[str, typer.Option(help="The agency whose feed it is.")],
    address: Annotated[str | None, typer.Option(help="The http(s) address of the export.")] = None,
    public: Annotated[bool, typer.Option(help="The contract says: all it holds may be shown.")] = False,
) -> None:
    """Add an agency's Kyero feed."""

    def work(session: Session) -> None:
        records.add(session, slug, agencies.by_slug(session, agency), address, public, utcnow())

    try:
        context.database().write(work)
    except (agencies.AgencyUnknown, records.FeedRefused) as refused:
        context.refuse(str(refused))
    context.say(f"Added {slug}. Its properties will be {'published' if public else 'kept pending: no --public'}.")


@app.command("list")
def list_(as_json: context.AsJson = False) -> None:
    """List the feeds with what came of their last run."""
    with context.database().read() as session:
        rows = session.exec(select(Feed, Agency.slug).join(Agency).order_by(col(Feed.slug))).all()
        found = [_listed(session, feed, agency) for feed, agency in rows]
    for feed in found:
        if as_json:
            context.print_json(feed)
        else:
            shown = {**feed, "public": "public" if feed["public"] else "not public"}
            print("  ".join(str(value) for value in shown.values() if value is not None))


@app.command()
def run(
    slug: Annotated[
        str | None, typer.Argument(help="Which feed; all that have an address where none is named.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, readable=True, help="Read this file, fetch nothing.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change and change nothing.")] = False,
    confirm: Annotated[bool, typer.Option("--confirm", help="Let a held removal through.")] = False,
    as_json: context.AsJson = False,
    by: context.By = "",
) -> None:
    """Import a feed: added, updated and missing properties, and what could not be read."""
    who = context.operator(by)
    reports = [_run(feed, file, who, dry_run, confirm) for feed in _chosen(slug, file)]
    for report in reports:
        context.print_json(report.as_json()) if as_json else _print(report)
    if not all(report.is_good for report in reports):
        raise SystemExit(1)


def _listed(session: Session, feed: Feed, agency: str) -> dict[str, str | bool | None]:
    latest = records.latest_run(session, feed)
    return {
        "slug": feed.slug, "agency": agency, "format": feed.format,
        "address": fetching.redacted(feed.address) if feed.address else None,
        "public": feed.public_by_contract, "last_outcome": latest.outcome if latest else None,
        "last_run_at": latest.finished_at.isoformat(timespec="seconds") if latest else None,
    }  # fmt: skip


def _chosen(slug: str | None, file: Path | None) -> list[Feed]:
    with context.database().read() as session:
        if slug is not None:
            try:
                return [records.by_slug(session, slug)]
            except records.FeedUnknown as unknown:
                context.refuse(str(unknown))
        feeds = list(session.exec(select(Feed).order_by(col(Feed.slug))))
    if file is None:
        return [feed for feed in feeds if feed.address] or context.refuse("No feed has an address to fetch.")
    if len(feeds) != 1:
        context.refuse("Say which feed the file belongs to: portal feeds run SLUG --file FILE.", code=2)
    return feeds


def _run(feed: Feed, file: Path | None, by: str, dry_run: bool, confirm: bool) -> Report:
    database = context.database()
    with tempfile.TemporaryDirectory(prefix="portal-feed-") as folder, _progress(feed.slug) as progress:
        try:
            body = file or _fetched(feed, Path(folder) / "body")
        except (fetching.FetchRefused, fetching.FetchFailed) as fault:
            return running.failed(database, feed, str(fault), by=by, now=utcnow())
        return running.run(
            database, feed, body, by=by, now=utcnow(), dry_run=dry_run, confirm=confirm, progress=progress
        )


def _fetched(feed: Feed, path: Path) -> Path:
    if feed.address is None:
        raise fetching.FetchRefused(f"the feed “{feed.slug}” has no address: name a --file")
    with path.open("wb") as into:
        asyncio.run(fetching.fetch(feed.address, into, context.settings().fetch_allow))
    return path


@contextmanager
def _progress(name: str) -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as shown:
        task = shown.add_task(name, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def _print(report: Report) -> None:
    counts = report.counts()
    print(f"{report.feed}: {report.outcome}" + (f" · {report.reason}" if report.reason else ""))
    if report.outcome == "failed":
        return
    names = ("received", "added", "updated", "unchanged", "returned", "missing", "withdrawn", "rejected", "stale")
    print("  " + " · ".join(f"{counts[name]} {name}" for name in names))
    if report.degraded:
        print("  degraded: the body was not in the encoding it declares")
    for each in report.rejected:
        value = f" “{each.value}”" if each.value else ""
        print(f"  rejected {each.reference or '(no reference)'} (id {each.source_id or 'none'}): "
              f"{each.field}{value}: {each.reason}")  # fmt: skip
    for field, reason, count, example in report.warnings_by_field():
        print(f"  warning {field}: {reason}: {count} ×" + (f", such as “{example}”" if example else ""))
    if report.unknown_tags:
        print("  not read: " + ", ".join(f"{name} ({count})" for name, count in sorted(report.unknown_tags.items())))

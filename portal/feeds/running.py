"""Running: one import from a body to its report.

Owns the order of an import: read to the end, compare, ask or apply, record. Nothing is written to a property before the
whole body was read, and nothing at all but the record of the run where the body could not be read or was held.
"""

import hashlib
import io
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlmodel import Session, col, select

from portal.db import Database
from portal.feeds import applying, kyero
from portal.feeds.applying import Plan
from portal.feeds.listings import FeedUnreadable, Finding, Parsed
from portal.feeds.records import Feed, FeedFinding, FeedRun, FeedSnapshot

READERS: Mapping[str, Callable[[BinaryIO], Parsed]] = {"kyero": kyero.read}
MOST_FINDINGS = 5_000  # kept of one run; its report counts them all


@dataclass(frozen=True, kw_only=True)
class Report:
    """What came of a run. `received` = added + updated + unchanged + rejected; `returned` are among the updated.

    `outcome` is applied, dry_run, held (a person must confirm) or failed; `missing` are absent but within their grace.
    """

    feed: str
    outcome: str
    reason: str | None = None
    received: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    returned: int = 0
    missing: int = 0
    withdrawn: int = 0
    stale: int = 0
    degraded: bool = False
    rejected: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    unknown_tags: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Whether the run did what it was asked to."""
        return self.outcome in {"applied", "dry_run"}

    def counts(self) -> dict[str, Any]:
        """The figures, as they are kept with the run."""
        names = ("received", "added", "updated", "unchanged", "returned", "missing", "withdrawn", "stale", "degraded")
        return {
            **{name: getattr(self, name) for name in names},
            "rejected": len(self.rejected), "warnings": len(self.warnings), "unknown_tags": dict(self.unknown_tags),
        }  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """The report as data: every rejected property by name, the warnings summed up by field and reason."""
        rejected = [{key: value for key, value in asdict(each).items() if key != "severity"} for each in self.rejected]
        warnings = [
            {"field": name, "reason": reason, "count": count, "example": example}
            for name, reason, count, example in self.warnings_by_field()
        ]
        outcome = {"feed": self.feed, "outcome": self.outcome, "reason": self.reason}
        return {**self.counts(), **outcome, "rejected": rejected, "warnings": warnings}

    def warnings_by_field(self) -> list[tuple[str, str, int, str]]:
        """Field, reason, how often, and one value met, the most frequent first."""
        counted = Counter((each.field, each.reason) for each in self.warnings)
        examples = {(each.field, each.reason): each.value for each in reversed(self.warnings)}
        return [(*key, count, examples[key]) for key, count in counted.most_common()]


def run(
    database: Database, feed: Feed, body: bytes | Path, *, by: str, now: datetime, dry_run: bool = False,
    confirm: bool = False, progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:  # fmt: skip
    """Import one body; `progress` is told how many of how many properties are written.

    `confirm` lets a held removal through; the grace of each property stays. Never raises for what is in the body: the
    report says what was wrong.
    """
    with _opened(body) as file:
        sha256, size = _digest(file)
        try:
            parsed = READERS[feed.format](file)
        except FeedUnreadable as unreadable:
            return failed(database, feed, str(unreadable), by=by, now=now)
    with database.read() as session:
        plan = applying.plan(session, feed, parsed, sha256 != _last_good(session, feed), now)
    report = _report(feed, parsed, plan, dry_run, confirm)
    applies = report.outcome == "applied"
    if applies:
        applying.apply(database, feed, parsed.listings, plan.hashes, now, progress)

    def finish(session: Session) -> None:
        if applies:
            applying.settle(session, plan, now)
        snapshot = _snapshot(session, feed, sha256, size, now)
        _record(session, feed, report, snapshot.id, by, now)

    database.write(finish)
    return report


def failed(database: Database, feed: Feed, reason: str, *, by: str, now: datetime) -> Report:
    """Record a run that came to nothing: the body could not be fetched or read. No property is touched."""
    report = Report(feed=feed.slug, outcome="failed", reason=reason[:1000])
    database.write(lambda session: _record(session, feed, report, None, by, now))
    return report


def _report(feed: Feed, parsed: Parsed, plan: Plan, dry_run: bool, confirm: bool) -> Report:
    held = None if confirm else plan.held_because
    return Report(
        feed=feed.slug, outcome="held" if held else "dry_run" if dry_run else "applied",
        reason=held and f"{held}: nothing was changed, `--confirm` applies it",
        received=parsed.received, added=plan.added, updated=plan.updated, unchanged=plan.unchanged,
        returned=plan.returned, missing=len(plan.missing), withdrawn=len(plan.withdrawn), stale=len(plan.stale),
        degraded=parsed.degraded, rejected=parsed.rejected, warnings=parsed.warnings, unknown_tags=parsed.unknown_tags,
    )  # fmt: skip


def _opened(body: bytes | Path) -> AbstractContextManager[BinaryIO]:
    return io.BytesIO(body) if isinstance(body, bytes) else body.open("rb")


def _digest(file: BinaryIO) -> tuple[str, int]:
    digest = hashlib.file_digest(file, "sha256")  # type: ignore[arg-type]  # any BinaryIO that is really a file
    return digest.hexdigest(), file.tell()


def _last_good(session: Session, feed: Feed) -> str | None:
    statement = (
        select(FeedSnapshot.sha256)
        .join(FeedRun, col(FeedRun.snapshot_id) == FeedSnapshot.id)
        .where(FeedRun.feed_id == feed.id, FeedRun.outcome == "applied")
        .order_by(col(FeedRun.id).desc())
    )
    return session.exec(statement).first()


def _snapshot(session: Session, feed: Feed, sha256: str, size: int, now: datetime) -> FeedSnapshot:
    statement = select(FeedSnapshot).where(FeedSnapshot.feed_id == feed.id, FeedSnapshot.sha256 == sha256)
    snapshot = session.exec(statement).first()
    if snapshot is None:
        snapshot = FeedSnapshot(feed_id=feed.id or 0, sha256=sha256, size=size, fetched_at=now)
        session.add(snapshot)
        session.flush()
    return snapshot


def _record(
    session: Session, feed: Feed, report: Report, snapshot_id: int | None, by: str, now: datetime
) -> None:  # fmt: skip
    run = FeedRun(
        feed_id=feed.id or 0, snapshot_id=snapshot_id, started_at=now, finished_at=now, by=by[:120],
        outcome=report.outcome, reason=report.reason, counts=report.counts(),
    )  # fmt: skip
    session.add(run)
    session.flush()
    kept = (*report.rejected, *report.warnings)[:MOST_FINDINGS]
    session.add_all(FeedFinding(run_id=run.id or 0, **asdict(finding)) for finding in kept)

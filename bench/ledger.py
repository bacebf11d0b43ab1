"""Sealing: how many events a second, how long its lock is held, and what enquiries feel of it, on both databases.

`python -m bench.ledger` runs all of it; `sealing` or `enquiries` runs one part, `--on sqlite` or `--on postgresql` on
one database. The enquiries come at half the rate that the site has just shown it can take, each sent when it is due
whatever became of those before it; the worker runs all the while, in turns with the sealing key and without. It ends
with 1 where a limit is missed. PostgreSQL syncs to disk as it does in earnest.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median, quantiles

from sqlalchemy import insert
from sqlmodel import col, func, select

from bench import pages
from bench.enquiring import UNCOUNTED, Sender, fresh
from portal import ledger
from portal.db import Database, table_of, utcnow
from portal.leads import Lead
from portal.ledger import LedgerEvent, keys, sealing
from portal.settings import Settings
from tests.running import Portal, eventually

EVENTS, RATE, LOCKED = 100_000, 20_000, 0.005  # sealed in all; a second at least; seconds at most, in the median
ENQUIRIES, TURNS, WARM = 2_000, 7, 400
SLOWER = {"sqlite": 2.0, "postgresql": 1.3}  # p99 of enquiries with sealing, as a multiple of that without
LEAF = b'{"at":"2026-11-23T13:12:07.000000+00:00","commitments":{"business":"%s","person":"%s"},"id":"%s","v":1}'


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and end with 1 where a limit is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.ledger")
    parser.add_argument("part", nargs="?", choices=["sealing", "enquiries"])
    parser.add_argument("--on", choices=list(SLOWER))
    parser.add_argument("--enquiries", type=int, default=ENQUIRIES, help="of each run")
    parser.add_argument("--turns", type=int, default=TURNS, help="runs with sealing, and as many without")
    asked = parser.parse_args(arguments)
    missed = list[str]()
    for kind in [asked.on] if asked.on else SLOWER:
        if asked.part != "enquiries":
            missed += _seal(kind)
        if asked.part != "sealing":
            missed += _enquire(kind, asked.enquiries, asked.turns)
    if missed:
        sys.exit(f"beyond their limits: {', '.join(missed)}")


def _seal(kind: str) -> list[str]:
    with fresh(kind) as (database, folder):
        settings = Settings(database_url=database.url, data_directory=folder)
        keys.new(settings, database, utcnow())
        key = keys.sealing(settings)
        assert key is not None
        for _ in range(EVENTS // 5_000):
            database.write(lambda session: session.execute(insert(table_of(LedgerEvent)), _events(5_000)))
        begun = time.perf_counter()
        sealed = sealing.seal(database, key, utcnow(), everything=True)
        rate, locked = sealed.added / (time.perf_counter() - begun), median(sealed.locked)
    print(f"{kind}: {sealed.added:,} events sealed, {rate:,.0f} a second (limit {RATE:,});", end=" ")
    print(f"{len(sealed.locked)} locks, held for {locked * 1000:.1f} ms in the median (limit {LOCKED * 1000:.0f})")
    return [f"sealing on {kind}"] * (rate < RATE or locked > LOCKED or sealed.added != EVENTS)


def _events(number: int) -> list[dict[str, object]]:
    made = [ledger.new_id(utcnow()) for _ in range(number)]
    half = b"0" * 64
    return [
        {"id": each, "type": "bench", "at": utcnow(), "leaf": LEAF % (half, half, each.encode()), "about": ""}
        for each in made
    ]


def _enquire(kind: str, enquiries: int, turns: int) -> list[str]:
    with fresh(kind) as (database, folder):
        database.write(pages.publish)
        portal = Portal(database.url, folder, **UNCOUNTED)
        portal.start_web()
        sender = Sender(portal, database)
        try:
            sender.send(WARM, rate=None)
            rate = WARM / sender.send(WARM, rate=None).seconds / 2
            print(f"{kind}: enquiries at {rate:.0f} a second, half of what the site took, {enquiries:,} a run")
            ratios = [_ratio(portal, database, sender, enquiries, rate, turn) for turn in range(turns)]
            stored = 2 * WARM + 2 * turns * enquiries
            with database.read() as session:
                assert session.scalar(select(func.count(col(Lead.id)))) == stored, "an enquiry was not stored"
        finally:
            portal.stop()
    print(f"{kind}: p99 with sealing {median(ratios):.2f} × that without, the median of {turns}", end=" ")
    print(f"({min(ratios):.2f} to {max(ratios):.2f}; limit {SLOWER[kind]} ×)")
    return [f"enquiries on {kind}"] * (median(ratios) > SLOWER[kind])


def _ratio(
    portal: Portal, database: Database, sender: Sender, enquiries: int, rate: float, turn: int
) -> float:  # fmt: skip
    p99 = {}
    for is_sealing in (turn % 2 == 0, turn % 2 == 1):
        with _working(portal, database, is_sealing):
            took = sender.send(enquiries, rate).took
        p99[is_sealing] = quantiles(took, n=100)[98]
    print(
        f"  turn {turn + 1}: p99 {p99[False] * 1000:.1f} ms without, {p99[True] * 1000:.1f} ms with sealing", flush=True
    )
    return p99[True] / p99[False]


@contextmanager
def _working(portal: Portal, database: Database, is_sealing: bool) -> Iterator[None]:
    """The worker, with the sealing key or without, once it has nothing older left to seal."""
    own = portal.environment.pop("PORTAL_SEALING_KEY", "")
    assert not own
    if not is_sealing:
        portal.environment["PORTAL_SEALING_KEY"] = str(portal.folder / "no.key")
    begun = portal.log("worker").count("worker begins")
    worker = portal._start("worker", sys.executable, "-m", "portal", "work")
    try:
        eventually(lambda: portal.log("worker").count("worker begins") > begun)
        eventually(lambda: not is_sealing or not _is_waiting(database), within=120)
        yield
    finally:
        worker.terminate()
        worker.wait()
        portal.environment.pop("PORTAL_SEALING_KEY", None)


def _is_waiting(database: Database) -> bool:
    with database.read() as session:
        return sealing.oldest_unsealed(session, utcnow()) is not None


if __name__ == "__main__":
    main()

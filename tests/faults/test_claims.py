"""Twenty workers' worth of claims at once: each due mail is claimed by exactly one of them.

Each has connections of its own. On SQLite, where the drill is to show that the file's lock holds, they are processes.
"""

import multiprocessing
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from time import monotonic

import pytest
from sqlalchemy import insert
from sqlmodel import Session, select

from portal.db import Database, table_of
from portal.mail import outbox
from portal.mail.claiming import BACKLOG, BUNDLE
from portal.mail.mails import Mail, MailEvent
from tests.cast import NOW
from tests.faults.stand import report

WORKERS, PROCESSES = 20, 4
BATCH = 1000
OF_EACH = (1, BUNDLE)  # mails in one claim, of every other worker: single ones and bundles meet


def _queue(database: Database, number: int) -> None:
    def work(session: Session) -> None:
        rows = [
            {
                "kind": "note", "about": f"thing:{one}", "role": "primary", "generation": 1, "locale": "en",
                "recipient": "elena@agency.example", "message_id": f"<{one}@portal.example>",
                "state": outbox.OPEN[one % 2], "attempts": 0, "queued_at": NOW, "due_at": NOW + timedelta(seconds=one),
            }
            for one in range(number)
        ]  # fmt: skip
        for first in range(0, number, BATCH):
            session.execute(insert(table_of(Mail)), rows[first : first + BATCH])

    database.write(work)


def _claim_all(url: str, of_each: int) -> list[tuple[int | None, str | None]]:
    """Claim until none is due, so many at once, as a worker does; each mail with the token of its claim."""
    database, held = Database(url), list[tuple[int | None, str | None]]()
    take = partial(outbox.claim_both_ends, now=NOW + timedelta(days=1), limit=of_each, few=of_each // BACKLOG)
    while found := database.write(take):
        held += [(mail.id, mail.lease_token) for mail in found]
    database.close()
    return held


def _workers(database: Database, full: bool) -> Executor:
    if full and database.is_sqlite:
        return ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn"))
    return ThreadPoolExecutor(WORKERS)


@pytest.mark.parametrize("mails", [200, pytest.param(10_000, marks=pytest.mark.drill)])
def test_each_due_mail_is_claimed_by_exactly_one_of_twenty_workers(database, database_url, mails):
    _queue(database, mails)
    number = WORKERS if mails == 200 or not database.is_sqlite else PROCESSES
    begun = monotonic()
    with _workers(database, mails > 200) as workers:
        shares = list(workers.map(partial(_claim_all, database_url), [OF_EACH[place % 2] for place in range(number)]))
    seconds = monotonic() - begun
    claimed = [one for share in shares for one, _ in share]
    tokens = [{token for _, token in share} for share in shares]
    with database.read() as session:
        assert set(session.exec(select(Mail.state))) == {"sending"}
        held = set(session.exec(select(Mail.id, Mail.lease_token)))
        steps = session.exec(select(MailEvent.mail_id)).all()
    assert len(claimed) == len(set(claimed)) == mails
    assert held == {one for share in shares for one in share}, "a claim was overwritten"
    assert sum(map(len, tokens)) == len(set().union(*tokens)), "two workers hold one token"
    assert sorted(steps) == sorted(claimed)
    idlest, *_, busiest = sorted(map(len, shares))
    report(
        f"{number} workers at once: {mails} mails due, {len(claimed)} claims, none twice; {idlest} to {busiest} each, "
        f"{mails / seconds:.0f} claims a second"
    )

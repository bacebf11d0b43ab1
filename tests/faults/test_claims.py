"""Twenty workers' worth of claims at once: each due mail is claimed by exactly one of them.

Each has connections of its own. On SQLite, where the drill is to show that the file's lock holds, they are processes.
"""

import itertools
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
from portal.mail.mails import Mail, MailEvent
from tests.cast import NOW
from tests.faults.stand import report

WORKERS, PROCESSES = 20, 4
BATCH = 1000


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


def _claim_all(url: str, newest: bool) -> list[int | None]:
    """Claim one mail after the other until none is due, as a lane does."""
    database, held = Database(url), list[int | None]()
    later = NOW + timedelta(days=1)
    for is_turned in itertools.cycle((newest, not newest)):
        found = database.write(lambda session: outbox.claim(session, later, newest=is_turned))  # noqa: B023
        if not found:
            break
        held += [mail.id for mail in found]
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
        shares = list(workers.map(partial(_claim_all, database_url), [place % 2 == 1 for place in range(number)]))
    seconds = monotonic() - begun
    claimed = [one for share in shares for one in share]
    with database.read() as session:
        assert set(session.exec(select(Mail.state))) == {"sending"}
        tokens = session.exec(select(Mail.lease_token)).all()
        steps = session.exec(select(MailEvent.mail_id)).all()
    assert len(claimed) == len(set(claimed)) == mails == len(set(tokens))
    assert sorted(steps) == sorted(claimed)
    idlest, *_, busiest = sorted(map(len, shares))
    report(
        f"{number} workers at once: {mails} mails due, {len(claimed)} claims, none twice; {idlest} to {busiest} each, "
        f"{mails / seconds:.0f} claims a second"
    )

"""Several workers at once, killed and stopped by the hundred: every lead is accepted or before a person, none is lost.

A killed one is started again; a stopped one comes back when others have long taken its mails, and overwrites nothing.
"""

import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest
from sqlmodel import Session, col, select

from portal.catalogue.properties import Property
from portal.db import Database, utcnow
from portal.enquiries import receiving
from portal.forwarding import reckoning
from portal.mail.delivery import SHORTEST_LEASE
from portal.mail.mails import Mail, MailAttempt
from tests import cast
from tests.faults.stand import Relay, in_data_phase, publish, report, stored_leads, waiting
from tests.running import Portal, eventually

WORKERS, LEADS, FAULTS = 4, 10_000, 200
LATEST = 0.6  # seconds into the work a fault comes at the latest
QUICK = 0.001  # minutes of waiting become tenths of a second; a lease is the shortest there is
LEASE = SHORTEST_LEASE / timedelta(seconds=1)
STOPPED = 4  # of so many faults one stops a worker, the others kill one


@pytest.fixture
def relay(chance: Random) -> Iterator[Relay]:
    with Relay(chance=Random(chance.random()), longest_pause=0.02) as made:
        yield made


class Crew:
    """Workers, of which one after the other is killed and replaced, or stopped until its lease has run out.

    `under_way` are the mails whose text was on its way at a fault, each with the claim under which it was.
    """

    def __init__(self, portal: Portal, database: Database, chance: Random) -> None:
        self.portal, self.database, self.chance = portal, database, chance
        self.under_way: set[tuple[int | None, str | None]] = set()
        self.faults: Counter[str] = Counter()
        self._stopped: list[tuple[subprocess.Popen[bytes], threading.Timer]] = []
        for _ in range(WORKERS):
            portal.start_worker()

    def strike(self, stops: bool) -> None:
        """Stop one of the workers that are at work, or kill it; the last of them is only ever killed."""
        stopped = [worker for worker, timer in self._stopped if timer.is_alive()]
        working = [worker for worker in self.portal.workers if worker not in stopped]
        chosen = self.chance.choice(working)
        if stops and len(working) > 1:
            self.portal.suspend(chosen)
            timer = threading.Timer(self.chance.uniform(1.1, 2) * LEASE, self.portal.resume, (chosen,))
            timer.start()
            self._stopped.append((chosen, timer))
            self.faults["stopped"] += 1
        else:
            self.portal.kill_worker(chosen)
            self.faults["killed"] += 1
        self.under_way |= in_data_phase(self.database)
        if chosen not in self.portal.workers:
            self.portal.start_worker()

    def all_back(self) -> None:
        """Wait until each that was stopped goes on."""
        for _, timer in self._stopped:
            timer.join()


@pytest.mark.drill
def test_workers_killed_and_stopped_at_any_moment_lose_no_lead_and_overwrite_nothing(
    database, database_url, tmp_path, relay, chance
):
    home = publish(database)
    portal = Portal(database_url, tmp_path, relay.relay, clock_factor=QUICK, screening_spam=1000)
    crew = Crew(portal, database, chance)
    accepted: dict[int, datetime] = {}
    share = LEADS // FAULTS
    try:
        for fault in range(FAULTS):
            _receive(database, home, range(share * fault, share * (fault + 1)))
            before = len(relay.raws)
            eventually(lambda before=before: len(relay.raws) > before, within=300)
            threading.Event().wait(chance.uniform(0, LATEST))
            crew.strike(stops=fault % STOPPED == 1)
            accepted = _accepted(database) | accepted  # what was seen first stays
        crew.all_back()
        eventually(lambda: waiting(database) == 0, within=1800)
    finally:
        crew.all_back()
        portal.stop()
    _nothing_was_lost(database)
    assert accepted.items() <= _accepted(database).items(), "an acceptance was overwritten"
    _told_twice_only_where_it_must(database, relay, crew)


def _receive(database: Database, home: Property, numbers: range) -> None:
    """So many more leads, stored as the site stores them, a hundred of each visitor, who gets one mail."""
    now = utcnow()
    enquiry = cast.enquiry(database, home, now)

    def work(session: Session) -> None:
        for number in numbers:
            one = replace(enquiry, words=f"Question {number}", email=f"visitor-{number // 100}@example.com")
            receiving.receive(session, one, cast.SENDING, cast.SIGNER, cast.SETTINGS, now)

    database.write(work)


def _accepted(database: Database) -> dict[int, datetime]:
    with database.read() as session:
        rows = session.exec(select(Mail.id, Mail.accepted_at).where(col(Mail.accepted_at).is_not(None)))
        return {number: at for number, at in rows if number is not None and at is not None}


def _nothing_was_lost(database: Database) -> None:
    """Every lead is stored, with its event; each mail is accepted, or parked with what happened to it."""
    assert set(stored_leads(database)) == {f"Question {number}" for number in range(LEADS)}
    with database.read() as session:
        fates = reckoning.by_fate(session)
        unclear = set(session.exec(select(Mail.id).where(col(Mail.state).not_in(("accepted", "parked")))))
        parked = session.exec(select(Mail.id, Mail.last_text).where(Mail.state == "parked")).all()
        outcomes = Counter(session.exec(select(MailAttempt.mail_id).where(MailAttempt.outcome == "uncertain")))
    assert fates["unaccounted"] == 0 and fates["accepted"] + fates["parked"] == LEADS and not unclear
    assert all(text and outcomes[number or 0] == 3 for number, text in parked)


def _told_twice_only_where_it_must(database: Database, relay: Relay, crew: Crew) -> None:
    copies = relay.copies()
    with database.read() as session:
        mails = {mail.message_id: mail for mail in session.exec(select(Mail))}
        tries = session.exec(select(MailAttempt.mail_id, MailAttempt.outcome, MailAttempt.relay)).all()
    taken_back = Counter(number for number, outcome, asked in tries if (outcome, asked) == ("uncertain", ""))
    settled = Counter(mail.state for mail in mails.values())
    late = sum(outcome == "accepted" for _, outcome, _ in tries) - settled["accepted"]
    assert {message for message, mail in mails.items() if mail.state == "accepted"} <= set(copies) <= set(mails)
    assert all(len(set(kept)) == 1 for kept in copies.values()), "a second copy differs from the first"
    assert all(len(kept) - 1 <= taken_back[mails[message].id or 0] for message, kept in copies.items())
    doubles = sum(len(kept) - 1 for kept in copies.values())
    assert doubles <= len(crew.under_way)
    report(
        f"{WORKERS} workers, {crew.faults['killed']} killed, {crew.faults['stopped']} stopped: {LEADS} leads, "
        f"{len(mails)} mails, {settled['accepted']} accepted, {settled['parked']} parked where ops see them, 0 lost; "
        f"{len(crew.under_way)} in the data phase at a fault, {taken_back.total()} taken back, {doubles} arrived "
        f"twice with the same bytes; {late} acceptances came after the lease and overwrote nothing"
    )

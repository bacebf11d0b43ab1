"""The relay is away for three days while enquiries come in: nobody is forgotten, and ops hear of it when it is due.

Time is the test's own: a minute of it is a moment of ours, and nothing sleeps.
"""

import asyncio
import json
import sys
from collections import deque
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import zip_longest
from pathlib import Path

import pytest
from sqlmodel import Session, col, func, select

from portal import alerts
from portal.catalogue import agencies
from portal.catalogue.agencies import Agency
from portal.catalogue.properties import Property
from portal.db import Database
from portal.enquiries import receiving
from portal.forwarding import reckoning
from portal.leads import Disclosure
from portal.mail.claiming import BUNDLE
from portal.mail.composing import Letterhead
from portal.mail.delivery import Delivery, Way
from portal.mail.mails import Mail, MailAttempt
from portal.mail.retrying import Circuit, Patience
from portal.mail.smtp import Line, RelayLine
from portal.message_kinds import KINDS
from tests import cast
from tests.cast import NOW, SIGNER
from tests.faults.stand import publish, report, stored_leads, waiting
from tests.smtp import PostOffice, no_relay, read
from tests.test_delivery import Clock

MINUTE = timedelta(minutes=1)
AWAY = timedelta(hours=72)
CLOSELY = 90 * MINUTE  # so long each minute is looked at: until the last step of the alert
LETTERHEAD = Letterhead("leads@portal.example", "https://portal.example", SIGNER, "bounces@portal.example")
SECOND = "second@agency.example"
ARRIVE_AT = (5, 12, 21)  # while the so-maniest mail of the backlog is handed over, one more visitor asks


class Outage:
    """Visitors who ask every so many minutes, one lane of a worker, and ops' alert command, all by one clock."""

    def __init__(self, database: Database, folder: Path, every: timedelta) -> None:
        self.database, self.every, self.clock = database, every, Clock()
        self.home = _publish(database)
        self.told, self.asked = folder / "told", 0
        script = folder / "pager.py"
        script.write_text(f"import sys; open({str(self.told)!r}, 'a').write(sys.stdin.read() + chr(10))")
        self.command = f'"{sys.executable}" "{script}"'
        self.circuit = Circuit()

    def enquire(self) -> None:
        """One more visitor asks. All write from one mailbox, which gets three mails a day."""
        enquiry = cast.enquiry(self.database, self.home, self.clock.now)
        enquiry = replace(enquiry, words=f"Question {self.asked}")
        self.database.write(
            lambda session: receiving.receive(
                session, enquiry, cast.SENDING, SIGNER, cast.SETTINGS, self.clock.now
            )
        )  # fmt: skip
        self.asked += 1

    def look(self) -> None:
        """What the worker does about alerts each ten seconds."""
        self.database.write(lambda session: alerts.look(session, self.clock.now))
        alerts.tell(self.database, self.command, self.clock.now)

    def lane(self, relay: str) -> Delivery:
        """The worker's one lane, over a line to this relay."""
        line: Line = RelayLine(relay, "portal.example")
        way = Way(line, self.circuit)
        return Delivery(self.database, [way], KINDS, LETTERHEAD, Patience(), self.clock, asyncio.Event())

    async def pass_by(self) -> None:
        """The three days: enquiries come in, the relay is asked whenever it is due, and refuses each connection."""
        lane = self.lane(no_relay())
        due = NOW
        while self.clock.now < NOW + AWAY:
            if self.clock.now >= due:
                self.enquire()
                due += self.every
            await lane.deliver_due()
            self.look()
            self.clock.now += MINUTE if self.clock.now < NOW + CLOSELY else min(self.every, 60 * MINUTE)
        self.clock.now = max(self.clock.now, self.circuit.closed_until or self.clock.now)


def _publish(database: Database) -> Property:
    home = publish(database)

    def add_second(session: Session) -> None:
        contact = agencies.add_contact(session, session.exec(select(Agency)).one(), SECOND, NOW, role="second")
        agencies.confirm(session, contact, NOW, "link")

    database.write(add_second)
    return home


@pytest.mark.parametrize(
    "every", [120, pytest.param(1, marks=pytest.mark.drill)], ids=lambda every: f"every {every} min"
)
def test_after_three_days_without_a_relay_every_mail_goes_out_old_and_new_in_turn(database, tmp_path, every):
    outage = Outage(database, tmp_path, every * MINUTE)
    asyncio.run(outage.pass_by())
    backlog = _waiting_mails(database)
    assert outage.asked == AWAY / MINUTE / every and len(backlog) == waiting(database) >= outage.asked
    arrivals: dict[int, list[str]] = {}  # what was queued while the so-maniest mail was handed over

    def one_more(raw: bytes) -> None:
        if len(post.raws) in ARRIVE_AT:
            known = set(_waiting_mails(database))
            outage.clock.now += timedelta(seconds=1)
            outage.enquire()
            arrivals[len(post.raws)] = [mail for mail in _waiting_mails(database) if mail not in known]

    with PostOffice(at_data=one_more) as post:
        asyncio.run(_deliver(outage.lane(post.relay)))
        gone = [str(read(raw)["Message-ID"]) for raw in post.raws]
    assert gone == _in_turn(backlog, arrivals)
    for place, fresh in arrivals.items():
        assert min(gone.index(mail) for mail in fresh) < place + 2 * BUNDLE, "what is new goes with the next bundle"
    outage.look()
    _nobody_is_forgotten_and_no_second_contact_asked(database, outage.asked)
    steps = [json.loads(line) for line in outage.told.read_text().splitlines()]
    told = [(step["level"], datetime.fromisoformat(step["at"])) for step in steps]
    assert told == [(1, NOW + 5 * MINUTE), (2, NOW + 15 * MINUTE), (3, NOW + 60 * MINUTE), (0, outage.clock.now)]
    report(
        f"72 hours without a relay: {outage.asked} leads, {len(gone)} mails, {_refused(database)} tries in vain, all "
        f"accepted, old and new in turn; no second contact asked; alerts after 5, 15 and 60 minutes, and at the end"
    )


async def _deliver(lane: Delivery) -> None:
    await lane.deliver_due()
    await lane.close()


def _waiting_mails(database: Database) -> list[str]:
    """The Message-IDs of what waits, what is due longest first."""
    with database.read() as session:
        queued = select(Mail.message_id).where(Mail.state == "queued")
        return list(session.exec(queued.order_by(col(Mail.due_at), col(Mail.id))))


def _in_turn(backlog: list[str], arrivals: dict[int, list[str]]) -> list[str]:
    """Bundles of the mails due longest and those due last, in turn, with what arrives meanwhile due last of all."""
    due, gone = deque(backlog), list[str]()
    while due:
        oldest = [due.popleft() for _ in range(min(BUNDLE // 2, len(due)))]
        newest = [due.pop() for _ in range(min(BUNDLE // 2, len(due)))]
        for mail in (mail for pair in zip_longest(oldest, newest) for mail in pair if mail):
            gone.append(mail)
            due.extend(arrivals.get(len(gone) - 1, []))
    return gone


def _refused(database: Database) -> int:
    with database.read() as session:
        return session.exec(select(func.count()).where(MailAttempt.outcome == "relay")).one()


def _nobody_is_forgotten_and_no_second_contact_asked(database: Database, asked: int) -> None:
    assert len(stored_leads(database)) == asked
    with database.read() as session:
        fates = reckoning.by_fate(session)
        mails = session.exec(select(Mail)).all()
        disclosures = session.exec(select(Disclosure)).all()
    assert fates["accepted"] == fates["received"] == asked == len(disclosures)
    assert {(mail.state, mail.role, mail.attempts) for mail in mails} == {("accepted", "primary", 1)}
    assert SECOND not in {mail.recipient for mail in mails}

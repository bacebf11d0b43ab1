"""Killed at any moment, the portal loses nothing it acknowledged and mails everything it stored."""

import threading
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from sqlmodel import select

from portal.db import Database, utcnow
from portal.enquiries import receiving, releasing
from portal.leads import Lead
from portal.mail import outbox
from portal.mail.mails import Mail
from tests import cast
from tests.faults.stand import Relay, Visitors, in_data_phase, publish, report, stored_leads, waiting
from tests.running import Portal, eventually

LATEST = 0.3  # seconds into the work a kill comes at the latest
QUICK = 0.001  # minutes of waiting become tenths of a second


@pytest.fixture
def relay(chance: Random) -> Iterator[Relay]:
    with Relay(chance=Random(chance.random()), longest_pause=0.02) as made:
        yield made


@pytest.fixture
def portal(database_url, tmp_path, relay) -> Iterator[Portal]:
    made = Portal(database_url, tmp_path, relay.relay, clock_factor=QUICK, screening_spam=1000)
    yield made
    made.stop()


def some_moment(chance: Random) -> None:
    threading.Event().wait(chance.uniform(0, LATEST))


def released(database: Database, links: set[str]) -> list[str]:
    """How the leads of these links stand."""
    nonces = [cast.SIGNER.read("release", path.rpartition("/")[2]) for path in links]
    with database.read() as session:
        return list(session.exec(select(Lead.screening).where(Lead.release_nonce.in_(nonces))))


def receive(database: Database, home, number: int) -> str:
    """One more lead, stored as the site stores it, every third held and half of these released; its words."""
    now, words = utcnow(), f"Question {number}"
    enquiry = cast.enquiry(database, home, now, words=words, email=f"visitor-{number}@example.com")
    settings = cast.SETTINGS.model_copy(update={} if number % 3 else {"screening_held": 0})
    lead = database.write(lambda s: receiving.receive(s, enquiry, cast.SENDING, cast.SIGNER, settings, now)).lead
    if number % 6 == 0:
        link = cast.SIGNER.sign("release", lead.release_nonce)
        database.write(lambda s: releasing.release_by_link(s, cast.SIGNER, link, "portal.example", now))
    return words


def fates(database: Database, kind: str = "lead") -> dict[str, str]:
    """The state of every mail of a kind, by Message-ID. One that is parked must say why."""
    with database.read() as session:
        mails = session.exec(select(Mail).where(Mail.kind == kind)).all()
        for mail in mails:
            if mail.state == "parked":
                assert [tried.outcome for tried in outbox.tries(session, mail)] == ["uncertain"] * 3
        return {mail.message_id: mail.state for mail in mails}


def test_what_was_acknowledged_before_a_kill_is_stored_with_its_event_and_reaches_the_agency(
    database, portal, relay, chance, kills
):
    visitors = Visitors(portal, publish(database))
    portal.start_worker()
    for kill in range(kills):
        portal.environment["PORTAL_SCREENING_HELD"] = "0" if kill % 2 else "1000"  # every other time all are held
        portal.start_web()
        with visitors.storming(links=lambda: relay.links()[::2]):
            some_moment(chance)
            portal.kill_web()
    portal.start_web()

    stored = stored_leads(database)
    assert set(visitors.answers) <= {303}
    assert set(visitors.told) <= set(stored) <= visitors.attempted
    assert visitors.references() == {words: stored[words].reference for words in visitors.told}
    eventually(lambda: waiting(database) == 0, within=120)
    with visitors.connection() as connection:
        visitors.press(relay.links()[::2], connection)
    eventually(lambda: waiting(database) == 0, within=120)
    stands = Counter(lead.screening for lead in stored_leads(database).values())
    assert set(released(database, visitors.released)) <= {"forward"}
    copies, sent = relay.copies(), fates(database)
    assert set(sent) <= set(copies)
    doubles = len(relay.raws) - len(copies)
    assert doubles == 0, "no worker was killed"
    report(
        f"{kills} kills of the site: {len(visitors.attempted)} sent, {len(visitors.told)} acknowledged, "
        f"{len(stored)} stored, {len(set(visitors.told) - set(stored))} lost, {len(visitors.released)} released, "
        f"{stands['held']} still held, {len(sent)} mails to the agency, {doubles} twice"
    )


def test_a_mail_whose_worker_was_killed_arrives_and_is_doubled_only_where_its_text_was_under_way(
    database, portal, relay, chance, kills
):
    home = publish(database)
    words, under_way = set(), set()
    for kill in range(kills):
        words |= {receive(database, home, 10 * kill + number) for number in range(10)}
        before = len(relay.raws)
        portal.start_worker()
        eventually(lambda before=before: len(relay.raws) > before)
        some_moment(chance)
        portal.kill_worker()
        under_way |= in_data_phase(database)
    portal.start_worker()
    eventually(lambda: waiting(database) == 0, within=120)

    assert set(stored_leads(database)) == words
    copies = relay.copies()
    sent = fates(database) | fates(database, "confirmation") | fates(database, "release")
    parked = {message for message, state in sent.items() if state == "parked"}
    assert set(sent.values()) <= {"accepted", "parked"}
    assert set(sent) - parked <= set(copies) <= set(sent)
    assert all(len(set(kept)) == 1 for kept in copies.values()), "a second copy differs from the first"
    doubles = sum(len(kept) - 1 for kept in copies.values())
    assert doubles <= len(under_way)
    report(
        f"{kills} kills of the worker: {len(sent)} mails, {len(sent) - len(parked)} arrived, {len(parked)} parked "
        f"where ops see them, {len(under_way)} under way at a kill, {doubles} arrived twice with the same bytes"
    )

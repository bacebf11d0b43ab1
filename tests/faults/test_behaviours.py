"""Fifty leads through each behaviour of a relay that then becomes well: none lost, none twice but where it must be."""

import asyncio
from collections import defaultdict
from datetime import timedelta

import pytest
from sqlmodel import select

from portal.db import Database
from portal.enquiries import receiving
from portal.forwarding import reckoning
from portal.mail.composing import Letterhead
from portal.mail.delivery import Delivery, Way
from portal.mail.mails import OPEN, Mail
from portal.mail.retrying import Circuit, Patience
from portal.mail.smtp import RelayLine
from portal.message_kinds import KINDS
from tests import cast
from tests.behaviours import BEHAVIOURS, Behaviour
from tests.cast import NOW, SIGNER
from tests.faults.stand import report
from tests.smtp import read
from tests.test_delivery import Clock

LEADS, LANES = 50, 4
ILL = timedelta(minutes=30)  # then the relay is well
LETTERHEAD = Letterhead("leads@portal.example", "https://portal.example", SIGNER, "bounces@portal.example")


@pytest.mark.drill
@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.name)
def test_fifty_leads_survive_a_behaviour(database: Database, behaviour: Behaviour):
    _enquire(database, LEADS)
    clock, circuit, patience = Clock(), Circuit(), Patience()
    with behaviour.relay() as server:
        relay = server.relay.replace("smtp://", f"{behaviour.scheme}://")
        tries = _deliver(database, relay, clock, circuit, patience, NOW + ILL)
        ill = list(server.raws)
    with behaviour.__class__("well", {}, "accepted", "accepted", "done", "").relay() as server:
        tries += _deliver(database, server.relay, clock, circuit, patience, NOW + timedelta(days=6))
        raws = ill + server.raws
    by_id: dict[str, list[bytes]] = defaultdict(list)
    for raw in raws:
        by_id[str(read(raw)["Message-ID"])].append(raw)
    with database.read() as session:
        mails, fates = session.exec(select(Mail)).all(), reckoning.by_fate(session)
    states = {state: sum(mail.state == state for mail in mails) for state in sorted({mail.state for mail in mails})}
    twice = sum(len(sent) > 1 for sent in by_id.values())
    report(f"{behaviour.name}: {LEADS} leads, {tries} tries, {states}, {twice} sent more than once")
    # What is too large for the relay goes once more, without its attachments, in place of the first.
    cancelled = LEADS if behaviour.outcome == "size" else 0
    assert len(mails) == LEADS + cancelled and states.pop("cancelled", 0) == cancelled
    assert fates["received"] == LEADS and fates["unaccounted"] == 0
    assert set(states) <= {"accepted", "refused", "parked"}
    assert states.get("accepted", 0) == (0 if behaviour.state in ("refused", "parked") else LEADS)
    assert all(mail.message_id in by_id for mail in mails if mail.state == "accepted")
    assert behaviour.may_repeat or not twice
    assert all(len(set(sent)) == 1 for sent in by_id.values()), "the same bytes each time"


def _enquire(database: Database, number: int) -> None:
    def publish(session):
        cast.policy(session)
        return cast.home(session, cast.agency(session))

    home = database.write(publish)
    for place in range(number):
        enquiry = cast.enquiry(database, home, words=f"enquiry {place}", email=f"jane{place}@example.com")
        database.write(lambda session: receiving.receive(session, enquiry, cast.SENDING, SIGNER, cast.SETTINGS, NOW))  # noqa: B023
    database.write(lambda session: [setattr(mail, "state", "cancelled") for mail in _to_visitors(session)])
    database.write(lambda session: [session.delete(told) for told in session.exec(select(receiving.Confirmation))])
    database.write(lambda session: [session.delete(mail) for mail in _to_visitors(session)])


def _to_visitors(session):
    return list(session.exec(select(Mail).where(Mail.kind != "lead")))


def _deliver(
    database: Database, relay: str, clock: Clock, circuit: Circuit, patience: Patience, until
) -> int:  # fmt: skip
    """Deliver with several lanes, jumping from due time to due time, until then or until nothing waits."""

    async def at_once() -> int:
        lanes = [
            Delivery(
                database, [Way(RelayLine(relay, "portal.example", 0.3, 0.3), circuit)], KINDS, LETTERHEAD, patience,
                clock, asyncio.Event(),
            )
            for _ in range(LANES)
        ]  # fmt: skip
        tried = sum(await asyncio.gather(*(lane.deliver_due() for lane in lanes)))
        for lane in lanes:
            await lane.close()
        return tried

    tries = 0
    while clock.now < until:
        tries += asyncio.run(at_once())
        with database.read() as session:
            due = session.exec(select(Mail.due_at).where(Mail.state.in_(OPEN)).order_by(Mail.due_at)).first()  # type: ignore[attr-defined]
        if due is None:
            break
        clock.now = max(due, circuit.closed_until or due, clock.now + timedelta(seconds=1))
    return tries

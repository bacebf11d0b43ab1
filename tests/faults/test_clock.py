"""The clock jumps a day ahead, back, a day behind and back, while everything runs: nothing is lost, late or doubled."""

import threading

import pytest
from sqlmodel import select

from portal.ledger import LedgerEvent
from portal.ledger.sealing import LedgerLeaf
from tests.faults.machine import FalseClock
from tests.faults.ordeal import ordeal
from tests.running import eventually

JUMPS = (24, 0, -24, 0)  # hours


@pytest.mark.drill  # whoever looks at the clock notices within ten seconds
def test_mails_leave_and_events_are_sealed_within_a_minute_of_each_jump(database, tmp_path, chance):
    clock, sent = FalseClock(tmp_path), list[str]()
    with ordeal(database, tmp_path, chance, **clock.environment) as told:
        form = told.visitors.form()
        for jump in JUMPS:
            with told.visitors.storming():
                threading.Event().wait(chance.uniform(1, 3))  # mails are claimed, under way, and waiting
                clock.set(jump)
                told.sees(told.acknowledged, 20)
            told.relay.go_away()
            told.visitors.enquire(form)  # waits for the relay when the clock jumps next
            threading.Event().wait(1)
            told.relay.come_back()
            eventually(told.is_over, within=60)
            eventually(lambda: told.ready()["ready"], within=30)
            eventually(lambda: _sealed(told.database) == _events(told.database), within=30)
            sent.append(f"{len(told.relay.raws)}")
        told.reckon(f"{database.engine.name}, clock {JUMPS} hours ahead: {', '.join(sent)} mails out after each")


def _sealed(database) -> int:
    with database.read() as session:
        return len(session.exec(select(LedgerLeaf.idx)).all())


def _events(database) -> int:
    with database.read() as session:
        return len(session.exec(select(LedgerEvent.id)).all())

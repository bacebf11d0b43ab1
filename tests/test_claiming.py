"""The lanes of a worker claim together: each mail goes to one of them, and what ends a claim reaches all who asked."""

import asyncio

import pytest
from sqlalchemy import update
from sqlmodel import Session, col, select

from portal.db import Database
from portal.mail import outbox
from portal.mail.claiming import BUNDLE, MOST, Bundle, Claiming
from portal.mail.mails import Mail
from tests.cast import NOW
from tests.test_delivery import Clock
from tests.test_mail_behaviours import queue

LANES = 3


def shared(database: Database, lanes: int = LANES, cancelled: int = 0) -> list[Bundle | BaseException]:
    async def work() -> list[Bundle | BaseException]:
        claiming = Claiming(database, Clock(), outbox.LEASE)
        asking = [asyncio.create_task(claiming.take()) for _ in range(lanes)]
        await asyncio.sleep(0)
        for asked in asking[:cancelled]:
            asked.cancel()
        return await asyncio.gather(*asking, return_exceptions=True)

    return asyncio.run(work())


@pytest.mark.parametrize("due", [0, 1, 7, LANES * BUNDLE, LANES * BUNDLE + 5])
def test_lanes_that_ask_at_once_share_one_claim_evenly(database, due):
    queue(database, due)
    written = []
    database.after_write.append(written.append)
    bundles = shared(database)
    sizes = [len(bundle.mails) for bundle in bundles]
    numbers = {mail.id for bundle in bundles for mail in bundle.mails}
    assert len(written) == 1
    assert sum(sizes) == len(numbers) == min(due, LANES * BUNDLE) and max(sizes) - min(sizes) <= 1
    assert {bundle.until for bundle in bundles} == {NOW + outbox.LEASE}


def test_many_lanes_take_no_more_than_others_can_wait_for(database):
    queue(database, MOST + 10)
    assert sum(len(bundle.mails) for bundle in shared(database, lanes=10)) == MOST


def test_the_share_of_a_lane_that_is_gone_goes_to_the_others(database):
    queue(database, 6)
    gone, *others = shared(database, cancelled=1)
    assert isinstance(gone, asyncio.CancelledError)
    assert [len(bundle.mails) for bundle in others] == [3, 3]


def test_a_claim_that_fails_fails_for_every_lane_and_the_next_is_tried_again(database, monkeypatch):
    queue(database, 3)
    claiming = Claiming(database, Clock(), outbox.LEASE)

    async def work() -> list[Bundle | BaseException]:
        with monkeypatch.context() as patched:
            patched.setattr(outbox, "claim_both_ends", lambda *_, **__: 1 / 0)
            failed = await asyncio.gather(*(claiming.take() for _ in range(LANES)), return_exceptions=True)
        return [*failed, await claiming.take()]

    *failed, found = asyncio.run(work())
    assert [type(trouble) for trouble in failed] == [ZeroDivisionError] * LANES
    assert len(found.mails) == 3


@pytest.mark.parametrize("due", [4, 5, 20])
def test_of_a_backlog_it_is_noted_at_once_that_what_is_frozen_is_sent(database, due):
    queue(database, due)
    frozen = {2, 4, 5}

    def freeze(session: Session) -> None:
        session.execute(update(Mail).where(col(Mail.id).in_(frozen)).values(raw=b"words"))

    database.write(freeze)
    claimed = database.write(lambda session: outbox.claim_both_ends(session, NOW, BUNDLE, few=4))
    noted = {mail.id for mail in claimed if mail.phase == "data"}
    assert len(claimed) == due and noted == (frozen if due > 4 else set())
    with database.read() as session:
        assert {mail.id for mail in session.exec(select(Mail).where(Mail.phase == "data"))} == noted

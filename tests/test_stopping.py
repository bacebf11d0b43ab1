"""Work that is broken off when its worker is told to end, and nobody else's cancellation."""

import asyncio

import pytest

from portal.mail.stopping import Stopping, UnlessStopped


async def stubborn(swallowed: list[int], times: int) -> str:
    """Swallows so many cancellations, as `wait_for` may."""
    for _ in range(times):
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            swallowed.append(1)
    return "done"


async def answer() -> str:
    await asyncio.sleep(0)
    return "answer"


def test_work_ends_as_it_ends_while_nobody_says_stop():
    async def work() -> list[object]:
        doing = UnlessStopped(asyncio.Event())
        found = [await doing.do(answer()), await doing.do(answer())]
        with pytest.raises(ZeroDivisionError):
            await doing.do(fail())
        doing.close()
        return found

    async def fail() -> None:
        raise ZeroDivisionError

    assert asyncio.run(work()) == ["answer", "answer"]


@pytest.mark.parametrize("times", [0, 1, 2])
def test_what_is_under_way_is_broken_off_and_its_task_goes_on(times):
    swallowed: list[int] = []

    async def slow() -> None:
        await stubborn(swallowed, times)
        await asyncio.sleep(0 if times else 10)

    async def work() -> str:
        stop = asyncio.Event()
        doing = UnlessStopped(stop)
        asyncio.get_running_loop().call_later(0.01, stop.set)
        with pytest.raises(Stopping):
            await doing.do(slow())
        with pytest.raises(Stopping):
            await doing.do(answer())
        doing.close()
        task = asyncio.current_task()
        assert task is not None and task.cancelling() == 0
        await asyncio.sleep(0)
        return await answer()

    assert asyncio.run(work()) == "answer" and len(swallowed) == times


def test_a_fault_while_it_is_broken_off_is_no_fault():
    async def faulty() -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            raise ConnectionError from None

    async def work() -> None:
        stop = asyncio.Event()
        doing = UnlessStopped(stop)
        asyncio.get_running_loop().call_later(0.01, stop.set)
        with pytest.raises(Stopping):
            await doing.do(faulty())
        doing.close()

    asyncio.run(work())


@pytest.mark.parametrize("stops", [False, True])
def test_who_is_cancelled_by_another_stays_cancelled(stops):
    async def work() -> bool:
        stop = asyncio.Event()
        doing = UnlessStopped(stop)
        task = asyncio.create_task(doing.do(asyncio.sleep(10)))
        await asyncio.sleep(0.01)
        task.cancel()
        if stops:
            stop.set()
        await asyncio.wait({task})
        doing.close()
        return task.cancelled()

    assert asyncio.run(work())

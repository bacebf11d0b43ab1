"""Stopping: what a worker may break off when it is told to end.

Without a task for each piece of work: from a backlog there are a thousand in a second.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")
AGAIN_SECONDS = 0.1


class Stopping(Exception):
    """The worker was told to end before the text was sent."""


class UnlessStopped:
    """Does one piece of work after the other, and breaks off the one under way once `stop` is set."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self._watch: asyncio.Task[None] | None = None
        self._task: asyncio.Task[Any] | None = None
        self._cancelled = 0

    async def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        """What comes of this work. Raises `Stopping` where it was broken off, or not begun."""
        if self._stop.is_set():
            work.close()
            raise Stopping
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._break_off())
        task = self._task = asyncio.current_task()
        assert task is not None
        self._cancelled = 0
        try:
            return await work
        finally:
            self._task = None
            for _ in range(self._cancelled):
                task.uncancel()
            if self._cancelled and not task.cancelling():  # else somebody else ends this task for good
                raise Stopping from None

    def close(self) -> None:
        """Watch no longer."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    async def _break_off(self) -> None:
        await self._stop.wait()
        while True:  # before Python 3.12 `wait_for` may swallow a cancellation
            if self._task is not None:
                self._cancelled += 1
                self._task.cancel()
            await asyncio.sleep(AGAIN_SECONDS)

"""Settling: what many lanes have done is written down together, in one transaction after the other.

Knows neither mails nor tables: how a batch is written, again and again until it is, and who is told, is handed in.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from sqlmodel import Session

from portal.db import AWAY
from portal.observing import log

Item = TypeVar("Item")


class Settling(Generic[Item]):
    """What the relay took, written down together in the background, as soon as what was taken before is.

    So a backlog costs one commit for many mails, of all lanes, and a mail alone is written down at once. `order` sorts
    what goes into one transaction, for those who wait there for each other.
    """

    def __init__(
        self, insist: Callable[..., Awaitable[Any]], accept: Callable[[Session, list[Item]], list[str | None]],
        tell: Callable[[Item, str | None], None], order: Callable[[Item], Any],
    ) -> None:  # fmt: skip
        self._insist, self._accept, self._tell, self._order = insist, accept, tell, order
        self._waiting: list[tuple[Item, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    def take(self, item: Item) -> Awaitable[None]:
        """Write this one down soon; to be awaited, which raises what kept it from being so."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, written))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write())
        return written

    async def _write(self) -> None:
        while self._waiting:
            batch = sorted(self._waiting, key=lambda each: self._order(each[0]))
            self._waiting = []
            await self._write_down(batch)

    async def _write_down(self, batch: list[tuple[Item, asyncio.Future[None]]]) -> None:
        items = [item for item, _ in batch]
        try:
            states = await self._insist(lambda session: self._accept(session, items))
        except Exception as mistake:
            if len(batch) > 1 and not isinstance(mistake, AWAY):
                log.error("mails not settled together", exc_info=mistake)
                for each in batch:
                    await self._write_down([each])
                return
            for _, written in batch:
                written.set_exception(mistake)
            return
        for (item, written), state in zip(batch, states, strict=True):
            self._tell(item, state)
            written.set_result(None)

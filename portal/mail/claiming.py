"""Claiming: the lanes of a worker take what is due together, in one transaction after the other, and share it out.

Knows how many are taken at once; how a claim is fenced, and in which order mails go, `outbox` knows.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from portal.db import Database
from portal.mail import outbox
from portal.mail.mails import Mail

BUNDLE = 20  # mails that one lane takes at once from a backlog
MOST = 200  # that all of a worker take at once: others write to the database too
BACKLOG = 5  # a claim that finds more than this part of what it asked for has met a backlog


class Bundle(NamedTuple):
    """What one lane is to send, one after the other; held until `until`, unless the lease is renewed."""

    mails: list[Mail]
    until: datetime


class Claiming:
    """Due mails for the lanes that ask, as soon as the claim before is written down.

    So ten lanes that are busy cost hardly more claims than one, and ten that are idle look once.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime], lease: timedelta) -> None:
        self._database, self._clock, self._lease = database, clock, lease
        self._asking: list[asyncio.Future[Bundle]] = []
        self._task: asyncio.Task[None] | None = None

    async def take(self) -> Bundle:
        """What one lane sends next; no mails where nothing is due. Raises what kept the database from answering."""
        asked: asyncio.Future[Bundle] = asyncio.get_running_loop().create_future()
        self._asking.append(asked)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._claim())
        return await asked

    async def _claim(self) -> None:
        while self._asking:
            asking, self._asking = self._asking, []
            now, limit = self._clock(), min(BUNDLE * len(asking), MOST)
            few = limit // BACKLOG
            take = partial(outbox.claim_both_ends, now=now, limit=limit, lease=self._lease, few=few)
            try:
                mails = await asyncio.to_thread(self._database.write, take)
            except Exception as trouble:
                for asked in asking:
                    if not asked.done():
                        asked.set_exception(trouble)
                continue
            # Of one that was cancelled meanwhile the share goes to the others; of all, the leases run out.
            _share([asked for asked in asking if not asked.done()], mails, now + self._lease)


def _share(asking: Sequence[asyncio.Future[Bundle]], mails: Sequence[Mail], until: datetime) -> None:
    for place, asked in enumerate(asking):
        first, end = (len(mails) * each // len(asking) for each in (place, place + 1))
        asked.set_result(Bundle(list(mails[first:end]), until))

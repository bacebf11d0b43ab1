"""Delivery: one due mail from claim to settled, written down at each step before the next is taken.

Knows neither leads nor agencies: how a kind of mail is rendered and whom its fate is told to is handed in. Database
work runs in threads, in transactions of its own, and none of them is open while the relay is spoken to.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from portal.db import Database
from portal.mail import outbox
from portal.mail.composing import Letter, Letterhead, compose
from portal.mail.outbox import Mail, Tried
from portal.mail.retrying import Circuit, Patience
from portal.mail.smtp import Line, NotHandedOver
from portal.observing import log

Result = TypeVar("Result")
SHORTEST_LEASE = timedelta(seconds=5)  # also in rehearsals: a lease must outlast a slow disk
SETTLE_PAUSES = (0.1, 0.5, 1, 2, 5, 5, 5, 5)  # seconds


class LeaseLost(Exception):
    """Another worker holds the mail by now."""


class Stopping(Exception):
    """The worker was told to end before the text was sent."""


def _tell_nobody(session: Session, mail: Mail, now: datetime) -> None:
    pass


def _ask_nobody(session: Session, mail: Mail, tried: Tried, now: datetime) -> None:
    pass


def _follow_nothing(session: Session, mail: Mail, made: Mail, now: datetime) -> None:
    pass


@dataclass(frozen=True)
class Kind:
    """One kind of mail: how it is rendered, and who is told what became of it, in the transaction that settles that.

    `accepted`: the relay took it. `failing`: its recipient cannot be reached for now, or for good, so that another may
    be asked. `waiting`: it will be tried again. `resent`: ops sent it anew.
    """

    render: Callable[[Session, Mail, Letterhead], Letter]
    accepted: Callable[[Session, Mail, datetime], None] = _tell_nobody
    failing: Callable[[Session, Mail, Tried, datetime], None] = _ask_nobody
    waiting: Callable[[Session, Mail, datetime], None] = _tell_nobody
    resent: Callable[[Session, Mail, Mail, datetime], None] = _follow_nothing


@dataclass
class Delivery:
    """One lane of delivery: takes due mails one by one over one line. Lanes of a worker share the circuit."""

    database: Database
    line: Line
    kinds: Mapping[str, Kind]
    letterhead: Letterhead
    patience: Patience
    circuit: Circuit
    clock: Callable[[], datetime]
    stop: asyncio.Event

    @property
    def lease(self) -> timedelta:
        """How long a claim holds without being renewed."""
        return max(outbox.LEASE * self.patience.factor, SHORTEST_LEASE)

    async def deliver_due(self) -> int:
        """Deliver every mail that is due, then give back the connection; how many were tried."""
        tried = 0
        try:
            while await self._deliver_next():
                tried += 1
        finally:
            await self.line.close()
        return tried

    async def _deliver_next(self) -> bool:
        if self.stop.is_set() or self.circuit.is_closed(self.clock()):
            return False
        claimed = await self._write(lambda session: outbox.claim(session, self.clock(), 1, self.lease))
        for mail in claimed:
            async with self._renewing(mail):
                await self._deliver(mail)
        return bool(claimed)

    async def _deliver(self, mail: Mail) -> None:
        started = self.clock()
        try:
            raw = await asyncio.to_thread(self._frozen, mail)
            tried = await self._hand_over(mail, raw)
        except NotHandedOver as ended:
            tried = ended.tried
        except (LeaseLost, Stopping) as over:
            await self._give_back(mail, over)
            return
        except DBAPIError:
            raise
        except Exception as mistake:
            # A letter that cannot be written stops itself and no other; its message may hold a person's words.
            log.error("mail not rendered", mail=mail.id, kind=mail.kind, exc_info=mistake)
            tried = Tried("failed", "connect", text=type(mistake).__name__)
        state = await self._insist(lambda session: self._settle(session, mail, tried, started))
        self.circuit.note(tried.outcome, self.patience, self.clock())
        log.info("mail tried", mail=mail.id, kind=mail.kind, outcome=tried.outcome, code=tried.code, state=state)

    def _frozen(self, mail: Mail) -> bytes:
        if mail.raw is not None:
            return mail.raw
        with self.database.read() as session:
            letter = self.kinds[mail.kind].render(session, mail, self.letterhead)
        raw = compose(mail, letter, self.letterhead.address, self.clock())
        if not self.database.write(lambda session: outbox.freeze(session, mail, raw)):
            raise LeaseLost
        return raw

    async def _hand_over(self, mail: Mail, raw: bytes) -> Tried:
        await self._unless_stopped(self.line.address(self.letterhead.address, mail.recipient))
        if not await self._write(lambda session: outbox.enter_data(session, mail)):
            raise LeaseLost
        return await self.line.hand_over(raw)

    async def _give_back(self, mail: Mail, over: Exception) -> None:
        await self.line.close()  # the relay may be waiting for the text of this mail
        if isinstance(over, Stopping):
            await self._insist(lambda session: outbox.release(session, mail))

    def _settle(self, session: Session, mail: Mail, tried: Tried, started: datetime) -> str | None:
        now = self.clock()
        earlier = self.circuit.troubles if tried.outcome == "relay" else None
        state = outbox.settle(session, mail, tried, self.line.name, started, now, self.patience, earlier)
        kind = self.kinds[mail.kind]
        if state == "accepted":
            kind.accepted(session, mail, now)
        elif state and self.patience.asks_another(tried.outcome, now - outbox.failing_since(session, mail, now)):
            kind.failing(session, mail, tried, now)
        if state in outbox.OPEN:
            kind.waiting(session, mail, now)
        return state

    async def _write(self, work: Callable[[Session], Result]) -> Result:
        return await asyncio.to_thread(self.database.write, work)

    async def _insist(self, work: Callable[[Session], Result]) -> Result:
        # What the relay answered is known to nobody else: a database that is away for a moment must not lose it.
        for pause in SETTLE_PAUSES:
            try:
                return await self._write(work)
            except DBAPIError as away:
                log.error("mail not settled yet", exc_info=away)
                await asyncio.sleep(pause)
        return await self._write(work)

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        # Before the text nothing is handed over, so an ending worker need not wait for a slow relay.
        doing, stopping = asyncio.create_task(work), asyncio.create_task(self.stop.wait())
        await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if doing.done():
            return doing.result()
        while not doing.done():  # before Python 3.12 `wait_for` may swallow a cancellation
            doing.cancel()
            await asyncio.wait({doing}, timeout=0.1)
        raise Stopping

    @asynccontextmanager
    async def _renewing(self, mail: Mail) -> AsyncIterator[None]:
        renewing = asyncio.create_task(self._renew(mail))
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.wait({renewing})

    async def _renew(self, mail: Mail) -> None:
        while True:
            await asyncio.sleep(self.lease.total_seconds() / 4)
            with suppress(DBAPIError):
                await self._write(lambda session: outbox.renew(session, mail, self.clock() + self.lease))

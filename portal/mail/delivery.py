"""Delivery: one due mail from claim to settled, written down at each step before the next is taken.

Where one relay is in trouble the next is asked at once; each has its own circuit, and while it is closed nobody asks.

Knows neither leads nor agencies: how a kind of mail is rendered and whom its fate is told to is handed in. Database
work runs in threads, in transactions of its own, and none of them is open while the relay is spoken to.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, repeat
from typing import Any, TypeVar

from sqlmodel import Session

from portal.db import AWAY, Database, is_away
from portal.mail import outbox, tags
from portal.mail.composing import Letter, Letterhead, compose
from portal.mail.mails import Mail, Tried
from portal.mail.retrying import TROUBLES, Circuit, Patience
from portal.mail.smtp import Envelope, Line, NotHandedOver
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
    be asked. `waiting`: it will be tried again. `arrived`: a report says that it is in the mailbox. `resent`: ops sent
    it anew. `too_large`: somebody on its way found it so, and it stands parked. With `wants_success` a report that it
    arrived is asked for from the first try on.
    """

    render: Callable[[Session, Mail, Letterhead], Letter]
    accepted: Callable[[Session, Mail, datetime], None] = _tell_nobody
    failing: Callable[[Session, Mail, Tried, datetime], None] = _ask_nobody
    waiting: Callable[[Session, Mail, datetime], None] = _tell_nobody
    arrived: Callable[[Session, Mail, datetime], None] = _tell_nobody
    resent: Callable[[Session, Mail, Mail, datetime], None] = _follow_nothing
    too_large: Callable[[Session, Mail, datetime], None] = _tell_nobody
    wants_success: bool = False


@dataclass
class Way:
    """A lane's own line to one relay, and that relay's circuit, which all lanes of a worker share."""

    line: Line
    circuit: Circuit


@dataclass
class Delivery:
    """One lane of delivery: takes due mails one by one, over the first of its ways that is open.

    The one due longest and the one due last are taken in turn, so that neither waits for all the others.
    """

    database: Database
    ways: Sequence[Way]
    kinds: Mapping[str, Kind]
    letterhead: Letterhead
    patience: Patience
    clock: Callable[[], datetime]
    stop: asyncio.Event
    takes_newest: bool = field(default=False, init=False)

    @property
    def lease(self) -> timedelta:
        """How long a claim holds without being renewed."""
        return max(outbox.LEASE * self.patience.factor, SHORTEST_LEASE)

    async def deliver_due(self) -> int:
        """Deliver every mail that is due; how many were tried. The connections are kept until `close`."""
        tried = 0
        while await self._deliver_next():
            tried += 1
        return tried

    async def close(self) -> None:
        """Give back the connections."""
        for way in self.ways:
            await way.line.close()

    async def _deliver_next(self) -> bool:
        if self.stop.is_set() or not self._open():
            return False
        newest, self.takes_newest = self.takes_newest, not self.takes_newest
        claimed = await self._write(lambda session: outbox.claim(session, self.clock(), 1, self.lease, newest))
        for mail in claimed:
            async with self._renewing(mail):
                await self._deliver(mail)
        return bool(claimed)

    async def _deliver(self, mail: Mail) -> None:
        ways = await asyncio.to_thread(self._ways_for, mail)
        for way in ways:
            started = self.clock()
            tried = await self._try(mail, way)
            if tried is None:
                return
            is_over = tried.outcome not in TROUBLES or way is ways[-1]
            state = await self._insist(lambda session: self._note(session, mail, tried, way, started, is_over))  # noqa: B023
            way.circuit.note(tried.outcome, self.patience, self.clock())
            log.info("mail tried", mail=mail.id, kind=mail.kind, outcome=tried.outcome, code=tried.code, state=state)
            if is_over or state is None:
                return

    async def _try(self, mail: Mail, way: Way) -> Tried | None:
        try:
            raw = await asyncio.to_thread(self._frozen, mail)
            return await self._hand_over(mail, raw, way)
        except NotHandedOver as ended:
            return ended.tried
        except (LeaseLost, Stopping) as over:
            await self._give_back(mail, way, over)
            return None
        except AWAY as trouble:
            await self._give_back(mail, way, trouble)
            raise
        except Exception as mistake:
            # A letter that cannot be written stops itself and no other; its message may hold a person's words.
            log.error("mail not rendered", mail=mail.id, kind=mail.kind, exc_info=mistake)
            return Tried("failed", "connect", text=type(mistake).__name__)

    def _open(self) -> list[Way]:
        return [way for way in self.ways if not way.circuit.is_closed(self.clock())]

    def _ways_for(self, mail: Mail) -> list[Way]:
        ways = self._open() or list(self.ways)  # closed since the claim: then the answer says so
        if mail.attempts and len(ways) > 1:
            with self.database.read() as session:
                last = outbox.tries(session, mail)[-1]
            if last.outcome == "policy":  # another relay may stand on no list
                ways.sort(key=lambda way: way.line.name == last.relay)
        return ways

    def _frozen(self, mail: Mail) -> bytes:
        if mail.raw is not None:
            return mail.raw
        with self.database.read() as session:
            letter = self.kinds[mail.kind].render(session, mail, self.letterhead)
        raw = compose(mail, letter, self.letterhead.address, self.clock())
        if not self.database.write(lambda session: outbox.freeze(session, mail, raw)):
            raise LeaseLost
        return raw

    async def _hand_over(self, mail: Mail, raw: bytes, way: Way) -> Tried:
        await self._unless_stopped(way.line.address(self._envelope(mail)))
        if not await self._write(lambda session: outbox.enter_data(session, mail)):
            raise LeaseLost
        return await way.line.hand_over(raw)

    def _envelope(self, mail: Mail) -> Envelope:
        assert mail.id is not None
        tag = tags.of(self.letterhead.signer, mail.id)
        # One that was tried before may have got through unheard: a report of success tells.
        wants_success = self.kinds[mail.kind].wants_success or mail.attempts > 0
        return Envelope(tags.sender(self.letterhead.bounces, tag), mail.recipient, tag, wants_success)

    async def _give_back(self, mail: Mail, way: Way, over: Exception) -> None:
        await way.line.close()  # the relay may be waiting for the text of this mail
        if isinstance(over, Stopping) or is_away(over):
            await self._insist(lambda session: outbox.release(session, mail, self.clock()))

    def _note(
        self, session: Session, mail: Mail, tried: Tried, way: Way, started: datetime, is_over: bool
    ) -> str | None:  # fmt: skip
        now = self.clock()
        if is_over:
            return self._settle(session, mail, tried, way, started, now)
        return "sending" if outbox.next_relay(session, mail, tried, way.line.name, started, now) else None

    def _settle(
        self, session: Session, mail: Mail, tried: Tried, way: Way, started: datetime, now: datetime
    ) -> str | None:  # fmt: skip
        earlier = way.circuit.troubles if tried.outcome in TROUBLES else None
        state = outbox.settle(session, mail, tried, way.line.name, started, now, self.patience, earlier)
        kind = self.kinds[mail.kind]
        if state == "accepted":
            kind.accepted(session, mail, now)
        elif state and self.patience.asks_another(tried.outcome, now - outbox.failing_since(session, mail, now)):
            kind.failing(session, mail, tried, now)
        if state == "parked" and tried.outcome == "size":
            kind.too_large(session, mail, now)
        if state in outbox.OPEN:
            kind.waiting(session, mail, now)
        return state

    async def _write(self, work: Callable[[Session], Result]) -> Result:
        return await asyncio.to_thread(self.database.write, work)

    async def _insist(self, work: Callable[[Session], Result]) -> Result:
        # What the relay answered is known to nobody else: however long the database is away, it must not be lost.
        for tries, pause in enumerate(chain(SETTLE_PAUSES, repeat(SETTLE_PAUSES[-1]))):
            try:
                return await self._write(work)
            except AWAY as trouble:
                log.error("mail not settled yet", exc_info=trouble)
                if tries >= len(SETTLE_PAUSES) and (self.stop.is_set() or not is_away(trouble)):
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("the pauses have no end")

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
            with suppress(*AWAY):
                await self._write(lambda session: outbox.renew(session, mail, self.clock() + self.lease))

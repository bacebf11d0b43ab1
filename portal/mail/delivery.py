"""Delivery: one due mail from claim to settled, written down at each step before the next is taken.

Where one relay is in trouble the next is asked at once; each has its own circuit, and while it is closed nobody asks.

Knows neither leads nor agencies: how a kind of mail is rendered and whom its fate is told to is handed in. Database
work runs in threads, in transactions of its own, and none of them is open while the relay is spoken to.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, repeat
from typing import TypeVar

from sqlmodel import Session

from portal.db import AWAY, Database, is_away
from portal.mail import accepting, outbox, tags
from portal.mail.accepting import Taken
from portal.mail.claiming import Claiming
from portal.mail.composing import Letter, Letterhead, compose
from portal.mail.mails import Mail, Tried
from portal.mail.retrying import TROUBLES, Circuit, Patience
from portal.mail.settling import Settling
from portal.mail.smtp import Envelope, Line, NotHandedOver
from portal.mail.stopping import Stopping, UnlessStopped
from portal.observing import log

Result = TypeVar("Result")
FEW = 4  # mails that are rendered and written down one by one
SLOW_SECONDS = 1.0  # then the rest of a bundle is given back
NEVER = datetime.min.replace(tzinfo=UTC)
SHORTEST_LEASE = timedelta(seconds=5)  # also in rehearsals: a lease must outlast a slow disk
SETTLE_PAUSES = (0.1, 0.5, 1, 2, 5, 5, 5, 5)  # seconds


class LeaseLost(Exception):
    """Another worker holds the mail by now."""


def _tell_nobody(session: Session, mail: Mail, now: datetime) -> None:
    pass


def _tell_nobody_of_any(session: Session, mails: Sequence[Mail], now: datetime) -> None:
    pass


def _ask_nobody(session: Session, mail: Mail, tried: Tried, now: datetime) -> None:
    pass


def _follow_nothing(session: Session, mail: Mail, made: Mail, now: datetime) -> None:
    pass


@dataclass(frozen=True)
class Kind:
    """One kind of mail: how it is rendered, and who is told what became of it, in the transaction that settles that.

    `accepted`: the relay took these. `failing`: its recipient cannot be reached for now, or for good, so that another
    may be asked. `waiting`: it will be tried again. `arrived`: a report says that it is in the mailbox. `resent`: ops
    sent it anew. `too_large`: somebody on its way found it so, and it stands parked. With `wants_success` a report that
    it arrived is asked for from the first try on.
    """

    render: Callable[[Session, Mail, Letterhead], Letter]
    accepted: Callable[[Session, Sequence[Mail], datetime], None] = _tell_nobody_of_any
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


@dataclass(frozen=True)
class Attempt:
    """One try that has ended: `is_over` where no other way is asked, `earlier` the relay's troubles before."""

    mail: Mail
    tried: Tried
    way: Way
    started: datetime
    is_over: bool
    earlier: int


def _in_order(attempt: Attempt) -> tuple[str, int]:
    return attempt.mail.about, attempt.mail.id or 0  # the mails about a lead wait for each other


@dataclass
class Delivery:
    """One lane of delivery: takes due mails, over the first of its ways that is open.

    From a backlog it takes a bundle at once, those due longest and those due last in turn, so that neither waits
    for all the others. What is written down of a bundle is written together, while the next mail is on its way.
    """

    database: Database
    ways: Sequence[Way]
    kinds: Mapping[str, Kind]
    letterhead: Letterhead
    patience: Patience
    clock: Callable[[], datetime]
    stop: asyncio.Event
    beside: "Delivery | None" = None  # another lane of this worker: they claim together, and settle together
    _claiming: Claiming = field(init=False)
    _settling: Settling[Attempt] = field(init=False)
    _held_until: datetime = field(default=NEVER, init=False)
    _unless_stopped: UnlessStopped = field(init=False)

    @property
    def lease(self) -> timedelta:
        """How long a claim holds without being renewed."""
        return max(outbox.LEASE * self.patience.factor, SHORTEST_LEASE)

    def __post_init__(self) -> None:
        self._unless_stopped = UnlessStopped(self.stop)
        if self.beside is not None:
            self._claiming, self._settling = self.beside._claiming, self.beside._settling
            return
        self._claiming = Claiming(self.database, self.clock, self.lease)
        self._settling = Settling(self._insist, self._accept, self._tell, _in_order)

    async def deliver_due(self) -> int:
        """Deliver every mail that is due; how many were tried. The connections are kept until `close`."""
        tried, before = 0, list[Awaitable[None]]()
        try:
            while not self.stop.is_set() and self._open():
                bundle, self._held_until = await self._claiming.take()
                if not bundle:
                    break
                async with self._renewing(bundle):
                    settled = await self._deliver_all(bundle)
                tried += len(bundle)
                await asyncio.gather(*before)
                before = settled
                if len(bundle) <= FEW:  # else written down while the next are claimed
                    await asyncio.gather(*settled)
        finally:
            await asyncio.gather(*before)
        return tried

    async def close(self) -> None:
        """Give back the connections."""
        self._unless_stopped.close()
        for way in self.ways:
            await way.line.close()

    async def _deliver_all(self, bundle: list[Mail]) -> list[Awaitable[None]]:
        """Send what was claimed together, one after the other; what cannot go at once is given back, out of `bundle`.

        What still has to be awaited until all is written down.
        """
        fresh = [mail for mail in bundle if mail.raw is None]
        if len(bundle) > FEW and fresh:
            await asyncio.to_thread(self._ready, fresh)
        left, settled = list(bundle), list[Awaitable[None]]()
        try:
            while left and not self.stop.is_set() and self._open():
                mail = left.pop(0)
                async with self._giving_up(left, bundle):
                    await self._deliver(mail, settled)
        except BaseException:
            await asyncio.gather(*settled, return_exceptions=True)
            raise
        finally:
            await self._give_up(left, bundle)
        return settled

    @asynccontextmanager
    async def _giving_up(self, left: list[Mail], bundle: list[Mail]) -> AsyncIterator[None]:
        """Give back what is left once what is done inside takes too long: a slow one holds up no other."""
        late: list[asyncio.Task[None]] = []
        timer = asyncio.get_running_loop().call_later(
            SLOW_SECONDS, lambda: late.append(asyncio.create_task(self._give_up(left, bundle)))
        )
        try:
            yield
        finally:
            timer.cancel()
            await asyncio.gather(*late)

    async def _give_up(self, left: list[Mail], bundle: list[Mail]) -> None:
        await self._release(left)
        bundle[:] = [mail for mail in bundle if mail not in left]
        left.clear()

    def _ready(self, bundle: Sequence[Mail]) -> None:
        """Render what was never rendered, and note of it that its text is about to be sent."""
        fresh = {mail.id: raw for mail in bundle if (raw := self._rendered(mail)) is not None}

        def enter(session: Session) -> set[int]:
            frozen = [mail for mail in bundle if mail.id in fresh and outbox.freeze(session, mail, fresh[mail.id])]
            return outbox.enter_data(session, frozen)

        entered = self.database.write(enter)
        for mail in bundle:
            if mail.id in entered:
                mail.raw, mail.phase = fresh[mail.id], "data"

    async def _deliver(self, mail: Mail, settled: list[Awaitable[None]]) -> None:
        """One mail, over one way after the other."""
        is_ready = mail.phase == "data"  # it was noted already that its text is sent
        ways = await asyncio.to_thread(self._ways_for, mail) if mail.attempts else self._open() or list(self.ways)
        for way in ways:
            started = self.clock()
            tried = await self._try(mail, way, is_ready and started < self._held_until)
            if tried is None:
                return
            is_ready, is_over = False, tried.outcome not in TROUBLES or way is ways[-1]
            way.circuit.note(tried.outcome, self.patience, self.clock())
            attempt = Attempt(mail, tried, way, started, is_over, way.circuit.troubles - 1)
            if tried.outcome == "accepted":
                settled.append(self._settling.take(attempt))
                return
            state = await self._insist(partial(self._note, attempt=attempt))
            self._tell(attempt, state)
            if is_over or state is None:
                return

    async def _try(self, mail: Mail, way: Way, is_ready: bool) -> Tried | None:
        try:
            raw = mail.raw if mail.raw is not None else await asyncio.to_thread(self._frozen, mail)
            return await self._hand_over(mail, raw, way, is_ready)
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

    def _rendered(self, mail: Mail) -> bytes | None:
        """The bytes of a mail; None where it cannot be written, which its own turn tells."""
        with suppress(Exception):
            return self._composed(mail)
        return None

    def _composed(self, mail: Mail) -> bytes:
        with self.database.read() as session:
            letter = self.kinds[mail.kind].render(session, mail, self.letterhead)
        return compose(mail, letter, self.letterhead.address, self.clock())

    def _frozen(self, mail: Mail) -> bytes:
        raw = self._composed(mail)
        if not self.database.write(lambda session: outbox.freeze(session, mail, raw)):
            raise LeaseLost
        return raw

    async def _hand_over(self, mail: Mail, raw: bytes, way: Way, is_ready: bool) -> Tried:
        # Before the text nothing is handed over, so an ending worker need not wait for a slow relay.
        await self._unless_stopped.do(way.line.address(self._envelope(mail)))
        if not is_ready and not await self._write(lambda session: outbox.enter_data(session, [mail])):
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
            await self._release([mail])

    async def _release(self, mails: Sequence[Mail]) -> None:
        if mails:
            await self._insist(lambda session: outbox.release(session, mails, self.clock()))

    def _tell(self, attempt: Attempt, state: str | None) -> None:
        mail, tried = attempt.mail, attempt.tried
        log.info("mail tried", mail=mail.id, kind=mail.kind, outcome=tried.outcome, code=tried.code, state=state)

    def _note(self, session: Session, attempt: Attempt) -> str | None:
        mail, tried, relay, now = attempt.mail, attempt.tried, attempt.way.line.name, self.clock()
        if attempt.is_over:
            return self._settle(session, attempt, now)
        return "sending" if outbox.next_relay(session, mail, tried, relay, attempt.started, now) else None

    def _settle(self, session: Session, attempt: Attempt, now: datetime) -> str | None:
        mail, tried = attempt.mail, attempt.tried
        earlier = attempt.earlier if tried.outcome in TROUBLES else None
        state = outbox.settle(
            session, mail, tried, attempt.way.line.name, attempt.started, now, self.patience, earlier
        )  # fmt: skip
        kind = self.kinds[mail.kind]
        if state == "accepted":
            kind.accepted(session, [mail], now)
        elif state and self.patience.asks_another(tried.outcome, now - outbox.failing_since(session, mail, now)):
            kind.failing(session, mail, tried, now)
        if state == "parked" and tried.outcome == "size":
            kind.too_large(session, mail, now)
        if state in outbox.OPEN:
            kind.waiting(session, mail, now)
        return state

    def _accept(self, session: Session, batch: Sequence[Attempt]) -> list[str | None]:
        """Settle what the relay took, all at once; the state of each, None where another holds it by now."""
        now = self.clock()
        taken = [Taken(each.mail, each.tried, each.way.line.name, each.started) for each in batch]
        settled = [each.mail for each in accepting.accept(session, taken, now)]
        for name, kind in self.kinds.items():
            if told := [mail for mail in settled if mail.kind == name]:
                kind.accepted(session, told, now)
        numbers = {mail.id for mail in settled}
        return ["accepted" if each.mail.id in numbers else self._settle(session, each, now) for each in batch]

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

    @asynccontextmanager
    async def _renewing(self, mails: Sequence[Mail]) -> AsyncIterator[None]:
        renewing = asyncio.create_task(self._renew(mails))
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.wait({renewing})

    async def _renew(self, mails: Sequence[Mail]) -> None:
        while True:
            await asyncio.sleep(self.lease.total_seconds() / 4)
            until = self.clock() + self.lease
            with suppress(*AWAY):
                await self._write(partial(outbox.renew, mails=mails, until=until))
                self._held_until = until

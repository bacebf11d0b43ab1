"""The worker: what it does, how often, and how it ends.

Sends what is due, takes back what dead workers held, gives signs of life, purges what has had its time, fetches
pictures and makes their sizes. A database that is away stops nothing for good: every loop says so and tries again.
What cannot be taken back waits where the clock has jumped.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlmodel import Session

from portal import alerts, db, leases, limits, statistics
from portal.catalogue import collecting, photos
from portal.clock import Clock
from portal.consent import announcing, choices
from portal.db import Database
from portal.enquiries import receiving
from portal.forwarding import reconciling, reminder, silence
from portal.ledger import mirror
from portal.mail import returning, righting, waking
from portal.mail.composing import Letterhead
from portal.mail.delivery import Delivery, Way
from portal.mail.retrying import Circuit, Patience
from portal.mail.smtp import lines_to
from portal.message_kinds import KINDS
from portal.observing import log
from portal.rights import erasure, retention
from portal.rights.erasure import Forgetting
from portal.settings import Settings
from portal.signing import Signer

DUTY_THREADS = 8
IDLE_SECONDS = 20.0  # then a lane gives back its connections
APPLY_SECONDS = 3.0
COLLECT_MAIL_SECONDS = 5.0
POLL_SECONDS = 1.0
ALERT_SECONDS = 10.0
BEAT_SECONDS = 10.0
RECOVER_SECONDS = 3.0
RIGHT_SECONDS = 10.0
PURGE_SECONDS = 60.0
FORGET_SECONDS = 60.0
REMIND_SECONDS = 60.0
REMIND_AGENCIES_SECONDS = 600.0
RECKON_SECONDS = 3600.0
TAKE_EFFECT_SECONDS = 60.0
EXPIRE_SECONDS = 3600.0
RECONCILE_SECONDS = 60.0
RECONCILE_ALL_SECONDS = 3600.0
RETAIN_SECONDS = 3600.0
COLLECT_SECONDS = 5.0
PHOTO_SECONDS = 2.0
SEAL_SECONDS = 1.0
SEAL_ALL_SECONDS = 3600.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0  # while the database is away

Job = Callable[[Session, datetime], object]
Duty = Callable[[], Awaitable[None]]


async def run(settings: Settings, database: Database, stop: asyncio.Event | None = None, once: bool = False) -> None:
    """Work until `stop` is set; with `once`, do what is due now and return.

    When told to stop it claims nothing more and finishes only what is already in the hands of the relay.
    """
    stop = stop or asyncio.Event()
    # A thread for each connection and for the duties beside: who waits for the database keeps nobody else from it.
    threads = ThreadPoolExecutor(settings.mail_connections + DUTY_THREADS, "work")
    asyncio.get_running_loop().set_default_executor(threads)
    patience = Patience(settings.clock_factor)
    lanes = _lanes(settings, database, patience, stop)
    clock = Clock()
    housekeeping = _housekeeping(settings, patience, clock)
    forgetting = erasure.Forgetting(database)
    if once:
        for _, job in housekeeping:
            await _do(database, job)
        if settings.bounce_maildir is not None:
            await _collect_mail(database, settings.bounce_maildir)
        await _apply(settings, database)
        await _forget(forgetting)
        await _reconcile(settings, database, everything=True)
        await _retain(database, clock)
        await lanes[0].deliver_due()
        await lanes[0].close()
        await _alert(settings, database)
        await _collect(settings, database, stop)
        await _develop(settings, database, stop)
        await _seal(settings, database, everything=True)
        return
    bell = asyncio.Event()
    with waking.listening(settings.data_directory, bell):
        log.info("worker begins", worker=_name())
        async with asyncio.TaskGroup() as tasks:
            for lane in lanes:
                tasks.create_task(_deliver(lane, bell, stop))
            for seconds, duty in _duties(settings, database, housekeeping, forgetting, clock, stop):
                tasks.create_task(_repeat(duty, seconds, stop))
    log.info("worker ends", worker=_name())


def _duties(
    settings: Settings, database: Database, housekeeping: list[tuple[float, Job]], forgetting: Forgetting,
    clock: Clock, stop: asyncio.Event,
) -> list[tuple[float, Duty]]:  # fmt: skip
    duties: list[tuple[float, Duty]] = [
        *((seconds, partial(_do, database, job)) for seconds, job in housekeeping),
        (ALERT_SECONDS, partial(_alert, settings, database)),
        (FORGET_SECONDS, partial(_forget, forgetting)),
        (APPLY_SECONDS, partial(_apply, settings, database)),
        (COLLECT_SECONDS, partial(_collect, settings, database, stop)),
        (PHOTO_SECONDS, partial(_develop, settings, database, stop)),
        (RECONCILE_ALL_SECONDS, partial(_reconcile, settings, database, everything=True)),
        (RECONCILE_SECONDS, partial(_reconcile, settings, database, everything=False)),
        (RETAIN_SECONDS, partial(_retain, database, clock)),
        (SEAL_ALL_SECONDS, partial(_seal, settings, database, everything=True)),
        (SEAL_SECONDS, partial(_seal, settings, database, everything=False)),
    ]
    if settings.bounce_maildir is not None:
        duties.append((COLLECT_MAIL_SECONDS, partial(_collect_mail, database, settings.bounce_maildir)))
    return duties


def _housekeeping(settings: Settings, patience: Patience, clock: Clock) -> list[tuple[float, Job]]:
    return [
        (BEAT_SECONDS, lambda session, now: leases.beat(session, _name(), now)),
        (RECOVER_SECONDS, lambda session, now: righting.recover(session, now, patience)),
        (RIGHT_SECONDS, lambda session, now: righting.bring_back(session, now, patience)),
        (PURGE_SECONDS, receiving.purge_submissions),
        (PURGE_SECONDS, limits.purge),
        (EXPIRE_SECONDS, _if_steady(clock, choices.expire)),
        (TAKE_EFFECT_SECONDS, _if_steady(clock, announcing.take_effect)),
        (REMIND_SECONDS, lambda session, now: reminder.queue_due(session, settings, now)),
        (REMIND_AGENCIES_SECONDS, lambda session, now: silence.remind_due(session, settings.mail_domain, now)),
        (RECKON_SECONDS, statistics.reckon),
        (PURGE_SECONDS, collecting.forget),
    ]


def _lanes(settings: Settings, database: Database, patience: Patience, stop: asyncio.Event) -> list[Delivery]:
    letterhead = Letterhead(settings.mail_from, settings.origin, Signer(settings.key), settings.bounce_address)
    circuits = [Circuit() for _ in lines_to(settings)]
    lanes: list[Delivery] = []
    for _ in range(settings.mail_connections):
        ways = [Way(line, circuit) for line, circuit in zip(lines_to(settings), circuits, strict=True)]
        beside = lanes[0] if lanes else None
        lanes.append(Delivery(database, ways, KINDS, letterhead, patience, db.utcnow, stop, beside))
    return lanes


async def _deliver(lane: Delivery, bell: asyncio.Event, stop: asyncio.Event) -> None:
    try:
        await _deliver_until(lane, bell, stop)
    finally:
        await lane.close()


async def _deliver_until(lane: Delivery, bell: asyncio.Event, stop: asyncio.Event) -> None:
    troubles, busy_at = 0, asyncio.get_running_loop().time()
    while not stop.is_set():
        now = asyncio.get_running_loop().time()
        try:
            if await lane.deliver_due():
                busy_at = now
            elif now - busy_at > IDLE_SECONDS:
                await lane.close()
            troubles = 0
        except Exception as trouble:
            log.error("delivery interrupted", exc_info=trouble)
            await _pause(stop, _longer(troubles))
            troubles += 1
            continue
        await _rung(bell, stop)


async def _repeat(duty: Duty, seconds: float, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await duty()
        except Exception as trouble:
            log.error("housekeeping interrupted", exc_info=trouble)
        await _pause(stop, seconds)


def _if_steady(clock: Clock, job: Job) -> Job:
    return lambda session, now: job(session, now) if clock.is_steady() else None


async def _do(database: Database, job: Job) -> None:
    await asyncio.to_thread(database.write, lambda session: job(session, db.utcnow()))


async def _seal(settings: Settings, database: Database, everything: bool) -> None:
    # A crash between two commits may leave an older event behind: the look at everything finds it.
    await asyncio.to_thread(mirror.sealed, settings, database, db.utcnow(), everything)


async def _alert(settings: Settings, database: Database) -> None:
    await _do(database, lambda session, now: alerts.look(session, now, settings.clock_factor))
    await _do(database, alerts.look_at_relays)
    await asyncio.to_thread(alerts.tell, database, settings.alert_command, db.utcnow())


async def _reconcile(settings: Settings, database: Database, everything: bool) -> None:
    await asyncio.to_thread(reconciling.reconcile, database, settings.mail_domain, db.utcnow(), everything)


async def _collect_mail(database: Database, maildir: Path) -> None:
    await asyncio.to_thread(returning.collect, database, maildir, db.utcnow())


async def _apply(settings: Settings, database: Database) -> None:
    await asyncio.to_thread(returning.apply_waiting, database, Signer(settings.key), KINDS, db.utcnow())


async def _retain(database: Database, clock: Clock) -> None:
    if clock.is_steady():
        await asyncio.to_thread(retention.blank_old_mails, database, db.utcnow())


async def _forget(forgetting: Forgetting) -> None:
    await asyncio.to_thread(forgetting.go_on, db.utcnow())


async def _collect(settings: Settings, database: Database, stop: asyncio.Event) -> None:
    if settings.mode == "demo":  # it asks no stranger for anything, and draws its own
        return
    folder, allow, tried = settings.data_directory, settings.fetch_allow, 1
    while tried and not stop.is_set():
        tried = await collecting.collect(database, folder, allow, stop, settings.clock_factor)


async def _develop(settings: Settings, database: Database, stop: asyncio.Event) -> None:
    # In a thread of its own, one small batch after the other: Pillow computes without the interpreter's lock, so that
    # no mail waits for a picture.
    while not stop.is_set():
        made = await asyncio.to_thread(photos.make_waiting, database, settings.data_directory, db.utcnow())
        for picture in made:
            if picture.reason:
                log.warning("picture refused, the table media says why", media=picture.media)
        if not made:
            return


async def _rung(bell: asyncio.Event, stop: asyncio.Event) -> None:
    # A ring while mails were being sent is kept, so that no mail waits for the next poll.
    waiting = {asyncio.create_task(bell.wait()), asyncio.create_task(stop.wait())}
    await asyncio.wait(waiting, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    for waiter in waiting:
        waiter.cancel()
    bell.clear()


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


def _longer(troubles: int) -> float:
    return min(FIRST_PAUSE_SECONDS * 2.0**troubles, LONGEST_PAUSE_SECONDS)


def _name() -> str:
    return f"{socket.gethostname()[:40]}:{os.getpid()}"

"""`portal serve`, `portal work`, `portal migrate`: the processes that run and the schema they need."""

import asyncio
import gc
import multiprocessing
import os
import shutil
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server import Server

from portal import db, observing
from portal import work as worker
from portal.commands import context
from portal.consent import founding
from portal.db import Database
from portal.ledger import mirror
from portal.mail.smtp import CaptureRefused
from portal.settings import Settings

_SPAWN = multiprocessing.get_context("spawn")
HEADERS_WITHIN = 10_000  # milliseconds a client may take over its request's head
HEADERS_SIZE = 32 * 1024  # bytes of a request's head, or of a body not yet read; browsers and proxies stay below 16 KiB
OPS_LOOK, OPS_PAUSE = 0.25, 3.0  # seconds between two looks whether ops' pages are served, until they are again
DRAIN_WITHIN = 30  # seconds a process may take over the requests it has, once told to end


def serve() -> None:
    """Serve the site on PORTAL_BIND and ops' pages on PORTAL_OPS_BIND, until told to end."""
    settings = context.settings()
    _refuse_older_copy(settings, context.database())
    context.database().close()  # it stands at the newest schema; a connection must not cross into another process
    if taken := _taken(settings.bind):
        context.refuse(f"Cannot listen on {settings.bind}: {taken}. End what listens there, or set PORTAL_BIND.")
    shutil.rmtree(settings.data_directory / "figures", ignore_errors=True)  # of processes that have ended
    with _beside(settings.ops_bind):
        run(f"{__name__}:site", settings.bind, settings.serve_processes)


def work(
    once: Annotated[
        bool, typer.Option("--once", help="Do what is due now and end, instead of waiting for more.")
    ] = False,
) -> None:
    """Send what is in the outbox, until told to end."""
    settings, database = context.settings(), context.database()
    observing.configure()
    _refuse_older_copy(settings, database)

    async def until_told() -> None:
        stop = asyncio.Event()
        for told in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(told, stop.set)
        await worker.run(settings, database, stop, once=once)

    try:
        asyncio.run(until_told())
    except CaptureRefused as refused:
        context.refuse(str(refused))


def migrate() -> None:
    """Bring the database to the newest schema; a new one is made, with the first Data Policy in it."""
    settings = context.settings()
    settings.data_directory.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database)
    db.migrate(database)
    database.write(lambda session: founding.publish_first_policy(session, db.utcnow()))
    context.say("The database is at the newest schema.")


def _refuse_older_copy(settings: Settings, database: Database) -> None:
    # Going on from an older copy would sign a second history; whoever holds a head of the first could show it.
    if why := mirror.behind(database, mirror.folder(settings)):
        context.refuse(f"Not started: {why}. Run `portal ledger recover`; the README says what it does.")


def site() -> Any:
    """The public site, counted, made in each process that serves it."""
    from portal.web import app, routes, watching  # here, so that no other command waits for the web framework

    _end_with_parent()
    settings = Settings.from_environment()
    counted = watching.Counted(app.create(settings), routes.ROUTES)
    counted.write(watching.place(settings))
    _collect_seldom()
    return counted


def _collect_seldom() -> None:
    # Pages are made of many small objects that die with them: looking for cycles among those, and each time among all
    # that was loaded for good, took a tenth of a page's time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def of_ops() -> Any:
    """Ops' pages, made in the process that serves them."""
    from portal.web import ops

    _end_with_parent()
    return ops.create()


@contextmanager
def _beside(bind: str) -> Iterator[None]:
    # Ops' pages in a process of their own: where their port is taken, or they end, they are started again and again,
    # and the site never hears of it.
    ending = threading.Event()

    def keep() -> None:
        while not ending.is_set():
            if _taken(bind):
                observing.log.error("ops' pages cannot listen", bind=bind)
            else:
                process = _SPAWN.Process(target=run, args=(f"{__name__}:of_ops", bind, 1))
                process.start()
                while process.is_alive() and not ending.wait(OPS_LOOK):
                    pass
                process.terminate()
                process.join()
            ending.wait(OPS_PAUSE)

    keeper = threading.Thread(target=keep if bind else ending.wait, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ending.set()
        keeper.join()


def _taken(bind: str) -> str | None:
    # Why it cannot be listened on. The server shares its port among its own processes; a second installation on it
    # would get half of the visitors.
    host, _, port = bind.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        if os.name == "posix":  # a port that was closed a moment ago is free; Windows would also give away used ones
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
        except OSError as taken:
            return taken.strerror or str(taken)
    return None


def run(factory: str, bind: str, processes: int) -> None:
    """Serve the application that `module:function` makes, until told to end.

    A worker that dies is replaced; one told to end drains first, and is ended where it takes too long.
    """
    host, _, port = bind.rpartition(":")
    _end_with_parent()
    Server(
        factory,
        factory=True,
        interface=Interfaces.ASGI,
        address=host.strip("[]"),
        port=int(port),
        workers=processes,
        http=HTTPModes.http1,  # else it waits without end for a client to say which version it speaks
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=HEADERS_WITHIN, max_buffer_size=HEADERS_SIZE),
        workers_kill_timeout=DRAIN_WITHIN,
        respawn_failed_workers=True,
        log_dictconfig=observing.LOGGING,
        log_access=False,  # it would write addresses and status tokens
    ).serve()


def _end_with_parent() -> None:
    # Where the first process is killed outright, the others would keep the port and answer with yesterday's code.
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()

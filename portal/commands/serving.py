"""`portal serve`, `portal work`, `portal migrate`: the processes that run and the schema they need."""

import asyncio
import multiprocessing
import os
import signal
import socket
import threading
from typing import Annotated, Any

import typer
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.server import Server

from portal import db, observing
from portal import work as worker
from portal.commands import context
from portal.consent import founding
from portal.db import Database
from portal.mail.smtp import CaptureRefused

HEADERS_WITHIN = 10_000  # milliseconds a client may take over its request's head
DRAIN_WITHIN = 30  # seconds a process may take over the requests it has, once told to end


def serve() -> None:
    """Serve the site on PORTAL_BIND until told to end; in demo mode the captured mails on PORTAL_OPS_BIND too."""
    settings = context.settings()
    context.database().close()  # it stands at the newest schema; a connection must not cross into another process
    _refuse_where_taken(settings.bind)
    viewer = None
    if settings.mode == "demo":
        viewer = multiprocessing.get_context("spawn").Process(target=_run, args=("captured", settings.ops_bind, 1))
        viewer.start()
    try:
        _run("site", settings.bind, settings.serve_processes)
    finally:
        if viewer:
            viewer.terminate()
            viewer.join()


def work(
    once: Annotated[
        bool, typer.Option("--once", help="Do what is due now and end, instead of waiting for more.")
    ] = False,
) -> None:
    """Send what is in the outbox, until told to end."""
    settings, database = context.settings(), context.database()
    observing.configure()

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


def site() -> Any:
    """The public site, made in each process that serves it."""
    from portal.web import app  # here, so that no other command waits for the web framework

    _end_with_parent()
    return app.create()


def captured() -> Any:
    """The viewer of captured mails, made in the process that serves it."""
    from portal.web import ops

    _end_with_parent()
    return ops.create()


def _refuse_where_taken(bind: str) -> None:
    # The server shares its port among its own processes; a second installation on it would get half of the visitors.
    host, _, port = bind.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        if os.name == "posix":  # a port that was closed a moment ago is free; Windows would also give away used ones
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
        except OSError as taken:
            context.refuse(f"Cannot listen on {bind}: {taken.strerror}. End what listens there, or set PORTAL_BIND.")


def _run(factory: str, bind: str, processes: int) -> None:
    # A worker that dies is replaced; one told to end drains first, and is ended where it takes too long.
    host, _, port = bind.rpartition(":")
    _end_with_parent()
    Server(
        f"{__name__}:{factory}",
        factory=True,
        interface=Interfaces.ASGI,
        address=host.strip("[]"),
        port=int(port),
        workers=processes,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=HEADERS_WITHIN),
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

"""Waking: a datagram tells this host's workers that a mail was queued, so that it leaves at once.

Nothing depends on it: workers also look each second. So every failure here is swallowed, whatever it is, and the
datagram says nothing at all. Each worker listens at a socket of its own in the data directory.
"""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlmodel import Session

from portal.db import Database


def attach(database: Database, directory: Path) -> None:
    """From now on every commit of this database that queued a mail wakes the workers of this host."""

    def wake(session: Session) -> None:
        if session.info.pop("mail_queued", False):
            ring(directory)

    database.after_write.append(wake)


def ring(directory: Path) -> None:
    """Wake every worker that listens in this directory; remove the sockets of those that are gone."""
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        for path in directory.glob("worker-*.sock"):
            try:
                sender.sendto(b"", str(path))
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)
            except OSError:  # a full buffer has rung already; a path may be gone, too long, or another user's
                continue


@contextmanager
def listening(directory: Path, bell: asyncio.Event) -> Iterator[None]:
    """While inside, each ring sets `bell`. Where the system has no such sockets, nothing rings."""
    path = directory / f"worker-{os.getpid()}.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.setblocking(False)
        path.unlink(missing_ok=True)
        try:
            ear.bind(str(path))
        except OSError:
            yield
            return
        loop = asyncio.get_running_loop()
        loop.add_reader(ear, _hear, ear, bell)
        try:
            yield
        finally:
            loop.remove_reader(ear)
            path.unlink(missing_ok=True)


def _hear(ear: socket.socket, bell: asyncio.Event) -> None:
    with suppress(BlockingIOError):
        while True:
            ear.recv(1)
            bell.set()

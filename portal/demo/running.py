"""Running the demo: a data directory of its own, free ports, the site and the worker as child processes.

Everything it makes stands in the folder `demo` of the data directory, and `--fresh` removes nothing else. It takes no
setting from the environment but that directory, so that it can never touch an installation's database or relay.
"""

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from portal import addresses, db
from portal.db import Database
from portal.demo import correspondence, seeding
from portal.ledger import keys
from portal.settings import CAPTURE, Settings

HOST = "127.0.0.1"
FIRST_PORT = 8000
PORTS_TRIED = 200
READY_WITHIN = 60.0  # seconds
ENDS_WITHIN = 15.0  # seconds a child may take over its last requests
PROCESSES = {"serve": "The site", "work": "The worker"}


class DemoRefused(Exception):
    """The demo cannot run; the message says why."""


def settings(data_directory: Path, port: int | None) -> Settings:
    """The demo's settings on free ports: the one asked for or else the first from 8000 on, and the next one for ops.

    Raises `DemoRefused` where the port asked for is taken.
    """
    if port is not None and not _is_free(port):
        raise DemoRefused(f"port {port} is taken; leave --port out to take the next free one")
    site = port or _free_from(FIRST_PORT)
    return Settings(
        mode="demo", data_directory=data_directory / "demo", origin=f"http://{HOST}:{site}", bind=f"{HOST}:{site}",
        ops_bind=f"{HOST}:{_free_from(site + 1)}", smtp_relay=CAPTURE, mail_from="leads@immomarket.example",
        contact_mail="hello@immomarket.example", ops_mail="ops@immomarket.example", operator="demo",
    )  # fmt: skip


def prepare(settings: Settings, now: datetime, fresh: bool = False) -> bool:
    """Make the database, put the sample homes in, hang the pictures of the first pages, and write a mail of every kind.

    False where an earlier demo left them.
    """
    if fresh:
        shutil.rmtree(settings.data_directory, ignore_errors=True)
    settings.data_directory.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database)
    try:
        db.migrate(database)
        keys.new(settings, database, now)
        is_new = not seeding.is_complete(database)
        if is_new:
            seeding.seed(database, now)
        first = seeding.missing(database, seeding.first_plates())
        seeding.hang_and_make(database, settings.data_directory, first)
        if correspondence.lacking(database):
            correspondence.begin(database, settings, now)
        return is_new
    finally:
        database.close()


class Processes:
    """The site and the worker as children of this process; none outlives the `with` block."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Processes":
        environment = _environment(self.settings)
        for word, name in PROCESSES.items():
            command = [sys.executable, "-m", "portal", word]
            # Our own interpreter and two fixed words: nothing in the command is a stranger's.
            self.running[name] = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)  # noqa: S603
        return self

    def __exit__(self, *raised: object) -> None:
        for child in self.running.values():
            child.terminate()
        for child in self.running.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(ENDS_WITHIN)
            child.kill()

    def wait_ready(self) -> None:
        """Wait until every part is well and the mails can be seen, at most a minute.

        Raises `DemoRefused` where it takes longer or a child ends.
        """
        latest = time.monotonic() + READY_WITHIN
        while not (_is_well(self.settings.bind, addresses.READY) and _is_well(self.settings.ops_bind, addresses.OPS)):
            self._raise_for_ended()
            if time.monotonic() > latest:
                raise DemoRefused(f"the portal was not ready within {READY_WITHIN:.0f} seconds")
            time.sleep(0.1)

    def watch(self) -> None:
        """Hang the pictures of the other pages, then wait for as long as both run.

        Raises `DemoRefused` when one has ended.
        """
        database = Database(self.settings.database)
        try:
            for _ in seeding.hang_the_rest(database, self.settings.data_directory):
                self._raise_for_ended()
        finally:
            database.close()
        while True:
            self._raise_for_ended()
            time.sleep(0.3)

    def _raise_for_ended(self) -> None:
        for name, child in self.running.items():
            if child.poll() is not None:
                raise DemoRefused(f"{name} has ended with exit code {child.returncode}; its last lines say why")


def _environment(settings: Settings) -> dict[str, str]:
    given = {name: getattr(settings, name) for name in sorted(settings.model_fields_set)}
    own = {name: ",".join(value) if isinstance(value, tuple) else str(value) for name, value in given.items()}
    others = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    return others | {f"PORTAL_{name.upper()}": value for name, value in own.items()}


def _is_well(bind: str, path: str) -> bool:
    connection = http.client.HTTPConnection(bind, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _free_from(port: int) -> int:
    found = next((candidate for candidate in range(port, port + PORTS_TRIED) if _is_free(candidate)), None)
    if found is None:
        raise DemoRefused(f"no port from {port} to {port + PORTS_TRIED - 1} is free")
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        if os.name == "posix":  # a port that was closed a moment ago is free; Windows would also give away used ones
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return False
    return True

"""The portal as it runs: `serve` and `work` as processes of their own, to be used, killed, and started again.

Each process leads a process group, so that a kill takes its children too. Nothing here waits a fixed time: whoever
waits polls for what it waits for, up to a deadline.
"""

import contextlib
import http.client
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from portal.db import Database, utcnow
from portal.ledger import keys
from portal.settings import Settings

REPOSITORY = Path(__file__).parent.parent
NOWHERE = "smtp://127.0.0.1:9"  # a relay that refuses every connection
Server = Literal["granian", "uvicorn"]
Name = Literal["web", "worker"]


class DidNotStart(AssertionError):
    """A process ended, or did not answer in time; the message holds the end of its log."""


# Below the ports that the system gives to outgoing connections, and a stretch of its own for each process of a run.
_PORTS = itertools.cycle(range(10_000 + os.getpid() % 200 * 100, 10_100 + os.getpid() % 200 * 100))


def free_port() -> int:
    """A port of the loopback address that nobody listens on, and that no other process of this run is given."""
    for port in itertools.islice(_PORTS, 100):
        with socket.socket() as made, contextlib.suppress(OSError):
            made.bind(("127.0.0.1", port))
            return port
    raise AssertionError("a hundred ports are taken")


def eventually(condition: Callable[[], Any], within: float = 30) -> Any:
    """The first true value of `condition`, asked over and over. Fails after `within` seconds of pauses in between.

    What the asking takes is not counted, so that a slow machine has more time.
    """
    moments = threading.Event()
    for _ in range(int(within / 0.02)):
        if value := condition():
            return value
        moments.wait(0.02)
    raise AssertionError(f"not within {within} seconds of pauses: {condition}")


class Portal:
    """A portal on a database that is at the newest schema (else call `migrate` first).

    `with Portal(url, tmp_path, relay) as portal:` starts the site and the worker and ends both. `settings` are further
    `PORTAL_…` settings by their names in lower case.
    """

    def __init__(
        self, database_url: str, folder: Path, relay: str = NOWHERE, server: Server = "granian", **settings: object
    ) -> None:
        self.port, self.server, self.folder = free_port(), server, folder
        self.url = f"http://127.0.0.1:{self.port}"
        self.ops_port = int(str(settings.get("ops_bind") or ":0").rpartition(":")[2])
        chosen = {
            "database_url": database_url, "data_directory": folder / "data", "origin": self.url,
            "bind": f"127.0.0.1:{self.port}", "smtp_relay": relay, "mail_from": "leads@immomarket.example",
            "secret_key": "k" * 40, "operator": "tests", "ops_bind": "", **settings,
        }  # fmt: skip
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")},
            **{f"PORTAL_{name.upper()}": str(value) for name, value in chosen.items()},
        }
        self.web: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []
        (folder / "data").mkdir(exist_ok=True)

    def __enter__(self) -> "Portal":
        self.start_web()
        self.start_worker()
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()

    def migrate(self) -> None:
        """Bring the database to the newest schema."""
        self.run("migrate")

    def make_keys(self) -> None:
        """Make the ledger's keys, where they are not made yet."""
        settings = Settings.from_environment(self.environment)
        database = Database(settings.database)
        keys.new(settings, database, utcnow())
        database.close()

    def run(self, *arguments: str, code: int = 0, **options: Any) -> subprocess.CompletedProcess[str]:
        """One `portal` command with the same settings, run to its end; its exit code must be `code`."""
        done = subprocess.run(
            [sys.executable, "-m", "portal", *arguments],
            env=self.environment, cwd=REPOSITORY, capture_output=True, text=True, timeout=100, check=False, **options,
        )  # fmt: skip
        assert done.returncode == code, f"portal {' '.join(arguments)}: exit {done.returncode}\n{done.stderr}"
        return done

    def start_web(self, *prefix: str) -> None:
        """Start the site, behind `prefix` (such as strace and its options), and wait until all its faces answer."""
        self.make_keys()
        self.web = self._start("web", *prefix, *self._serve_command())
        self._until("web", self.web, lambda: self.get("/up") == 200)
        if self.ops_port:
            self._until("web", self.web, lambda: self.get("/ops", port=self.ops_port) == 200)

    def start_worker(self, *prefix: str) -> "subprocess.Popen[bytes]":
        """Start one more worker, behind `prefix`; all write one log. One is ready when `/ready` says so."""
        self.make_keys()
        self.workers.append(self._start("worker", *prefix, sys.executable, "-m", "portal", "work"))
        return self.workers[-1]

    def wait_ready(self) -> None:
        """Wait until database, disk and worker are all well."""
        assert self.web is not None
        self._until("web", self.web, lambda: self.get("/ready") == 200)

    def get(self, path: str, headers: Mapping[str, str] | None = None, port: int | None = None) -> int | None:
        """The status of a page of the site, or of what listens on `port`; None where nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=10)
        try:
            connection.request("GET", path, headers=dict(headers or {}))
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def kill_web(self) -> None:
        """End every process of the site at once, mid-sentence."""
        self.web = _kill(self.web)

    def kill_worker(self, worker: "subprocess.Popen[bytes] | None" = None) -> None:
        """End a worker at once, mid-sentence: the one given, else the only one."""
        if worker is None:
            (worker,) = self.workers
        self.workers.remove(worker)
        _kill(worker)

    def suspend(self, worker: "subprocess.Popen[bytes]") -> None:
        """Stop a worker where it stands, as a machine that hangs does; when this returns it does nothing any more."""
        worker.send_signal(signal.SIGSTOP)
        os.waitpid(worker.pid, os.WUNTRACED)

    def resume(self, worker: "subprocess.Popen[bytes]") -> None:
        """Let a worker that was stopped go on as if nothing had happened; nothing, where it has ended."""
        worker.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Tell all to end, and wait until they have; what does not end in half a minute is killed."""
        running = [process for process in (self.web, *self.workers) if process]
        self.web, self.workers = None, []
        for process in running:
            process.terminate()
            process.send_signal(signal.SIGCONT)  # one that is stopped hears of its end only then
        for process in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=30)
            _kill(process)

    def log(self, name: Name) -> str:
        """Everything a process has written so far."""
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _serve_command(self) -> list[str]:
        if self.server == "granian":
            return [sys.executable, "-m", "portal", "serve"]
        factory, where = ["--factory", "portal.web.app:create"], ["--host", "127.0.0.1", "--port", str(self.port)]
        return [sys.executable, "-m", "uvicorn", "--no-proxy-headers", *factory, "--no-access-log", *where]

    def _start(self, name: Name, *command: str) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                command, env=self.environment, cwd=REPOSITORY, start_new_session=True, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log,
            )  # fmt: skip

    def _until(self, name: Name, process: "subprocess.Popen[bytes]", well: Callable[[], bool]) -> None:
        for _ in range(1200):
            if well():
                return
            try:
                code = process.wait(timeout=0.05)
            except subprocess.TimeoutExpired:
                continue
            raise DidNotStart(f"the {name} ended with {code}:\n{self.log(name)[-3000:]}")
        self.stop()
        raise DidNotStart(f"the {name} did not answer:\n{self.log(name)[-3000:]}")


def _kill(process: "subprocess.Popen[bytes] | None") -> None:
    if process is None:
        return
    with contextlib.suppress(ProcessLookupError):  # every process of the group is gone already
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()

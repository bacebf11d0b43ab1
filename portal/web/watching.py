"""Watching: how many requests there are of each kind, and how long they take.

Counted by route template, method and class of status, so that no address of anybody can become a label. The counts stay
in memory and go to a file now and then; a disk that is full costs figures, never an answer. It must never look into a
request, or put anything of one visitor on a page that is kept for all.
"""

import json
import os
import threading
from bisect import bisect_left
from collections.abc import Awaitable, Iterable
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from time import perf_counter
from typing import TypeAlias

from prometheus_client.core import HistogramMetricFamily, Metric
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.settings import Settings

BOUNDS = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # seconds
METHODS = frozenset({"GET", "HEAD", "POST"})
REMEMBERED = 4096  # addresses whose route is known without looking; others cost some microseconds more
WRITTEN_EVERY = 5.0  # seconds

Labels: TypeAlias = tuple[str, str, str]
# Answers up to each of the bounds, answers above all of them, and the seconds of all together.
Row: TypeAlias = list[float]


class Counted:
    """Counts every answer of a site, those of its page cache too, and how long each took."""

    def __init__(self, app: ASGIApp, routes: Iterable[Route]) -> None:
        self.app = app
        self.routes = [(route.path_regex, route.path) for route in routes]
        self.rows: dict[Labels, Row] = {}
        self._row = lru_cache(REMEMBERED)(self._found)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with a clock running."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, begun = 0, perf_counter()

        def noted(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            return send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            seconds = perf_counter() - begun
            row = self._row(scope["path"], scope["method"], status // 100)
            row[bisect_left(BOUNDS, seconds)] += 1
            row[-1] += seconds

    def write(self, folder: Path) -> None:
        """Write the counts of this process into the folder now and every five seconds, for as long as it lives."""
        path = folder / f"{os.getpid()}.json"
        self._write(path)

        def go_on() -> None:
            forever = threading.Event()
            while not forever.wait(WRITTEN_EVERY):
                self._write(path)

        threading.Thread(target=go_on, daemon=True).start()

    def _found(self, path: str, method: str, kind: int) -> Row:
        template = next((template for pattern, template in self.routes if pattern.match(path)), "none")
        labels = template, method if method in METHODS else "other", f"{kind}xx" if kind else "none"
        return self.rows.setdefault(labels, [0.0] * (len(BOUNDS) + 2))

    def _write(self, path: Path) -> None:
        try:
            path.parent.mkdir(exist_ok=True)
            new = path.with_suffix(".new")
            new.write_text(json.dumps(list(self.rows.copy().items())), encoding="utf-8")
            new.replace(path)
        except OSError:  # a disk that is full, a folder that is gone: the figures stay as they were
            pass


def place(settings: Settings) -> Path:
    """Where the serving processes of an installation write their counts."""
    return settings.data_directory / "figures"


def written(folder: Path) -> Metric:
    """The counts of all processes that wrote into the folder, those that have ended since included."""
    sums: dict[Labels, Row] = {}
    for path in folder.glob("*.json"):
        for labels, row in json.loads(path.read_text(encoding="utf-8")):
            known = sums.get(tuple(labels), [0.0] * len(row))
            sums[tuple(labels)] = [one + other for one, other in zip(known, row, strict=True)]
    family = HistogramMetricFamily(
        "portal_http_seconds",
        "Seconds from a request to the end of its answer.",
        labels=("route", "method", "status"),
    )
    for labels, (*counts, seconds) in sorted(sums.items()):
        bounds = (*map(str, BOUNDS), "+Inf")
        family.add_metric(labels, list(zip(bounds, accumulate(counts), strict=True)), seconds)
    return family

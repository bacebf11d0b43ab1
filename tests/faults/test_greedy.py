"""Slow and greedy clients cost the bare server little: others are answered quickly, and memory does not grow.

Each attack runs in a process of its own while four visitors go on reading pages and sending enquiries.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles

import pytest

from portal.db import Database
from tests.faults.greedy import ATTACKS
from tests.faults.stand import Visitors, publish, report, stored_leads
from tests.running import REPOSITORY, Portal

VISITORS = 4
SECONDS = 25  # longer than the limit on a head and the one on a body together
P95 = 0.5  # seconds
GROWTH = 100  # megabytes
RECOVERY = 30  # seconds


@pytest.fixture
def portal(sqlite_url: str, tmp_path: Path) -> Iterator[Portal]:
    made = Portal(sqlite_url, tmp_path)
    yield made
    made.stop()


@contextmanager
def attacking(name: str, port: int, path: str) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.faults.greedy", name, str(port), path]
    with subprocess.Popen(command, cwd=REPOSITORY) as attacker:
        try:
            yield
            assert attacker.poll() is None, "the attack ended by itself"
        finally:
            attacker.kill()


def megabytes(leader: int) -> float:
    """What the processes of a group take of the memory, shared pages counted by their share."""
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if int((process / "stat").read_text().rpartition(")")[2].split()[2]) == leader:
                rollup = (process / "smaps_rollup").read_text()
                total += int(rollup.partition("\nPss:")[2].split()[0])
        except OSError:  # it has ended
            continue
    return total / 1024


def took(visitors: Visitors, form: dict[str, str], turn: int) -> float:
    """Seconds that one request of an honest visitor took, its connection included; every fourth sends an enquiry."""
    begun = time.monotonic()
    if turn % 4 == 0:
        assert visitors.enquire(form) == 303
    else:
        assert visitors.portal.get(("/en/", "/en/buy", visitors.page)[turn % 3]) == 200
    return time.monotonic() - begun


def visit(visitors: Visitors, form: dict[str, str], over: threading.Event) -> list[float]:
    times: list[float] = []
    while not over.is_set():
        times.append(took(visitors, form, len(times)))
    return times


def recovery(visitors: Visitors, form: dict[str, str]) -> float:
    """Seconds until ten requests in a row were answered quickly."""
    begun, quick = time.monotonic(), 0
    while quick < 10:
        quick = quick + 1 if took(visitors, form, quick) < P95 else 0
        assert time.monotonic() - begun < RECOVERY
    return time.monotonic() - begun


@pytest.mark.drill
@pytest.mark.skipif(sys.platform != "linux", reason="reads memory from /proc")
@pytest.mark.parametrize("name", ATTACKS)
def test_other_visitors_notice_little_of_slow_and_greedy_clients(sqlite_url, portal, name):
    database = Database(sqlite_url)
    home = publish(database)
    portal.start_web()
    assert portal.web is not None
    visitors, over = Visitors(portal, home), threading.Event()
    form = visitors.form()
    [took(visitors, form, turn) for turn in range(40)]  # warm: what a process takes once is no growth
    before = most = megabytes(portal.web.pid)
    with ThreadPoolExecutor(VISITORS) as pool, attacking(name, portal.port, visitors.page):
        visits = [pool.submit(visit, visitors, form, over) for _ in range(VISITORS)]
        try:
            for _ in range(SECONDS):
                time.sleep(1)
                most = max(most, megabytes(portal.web.pid))
        finally:
            over.set()
        times = [seconds for visit_ in visits for seconds in visit_.result()]
    back = recovery(visitors, form)
    p95 = quantiles(times, n=20)[-1]
    report(
        f"{name}, {ATTACKS[name][1]} connections, {SECONDS} s: {len(times)} other requests, p95 {p95 * 1000:.0f} ms, "
        f"longest {max(times) * 1000:.0f} ms; {before:.0f} MB grew by {most - before:.0f}; recovered in {back:.1f} s"
    )
    assert set(visitors.answers) == {303}
    assert set(stored_leads(database)) == visitors.attempted
    database.close()
    assert (p95 < P95, most - before < GROWTH) == (True, True)

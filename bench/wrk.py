"""Measuring with wrk: cases in turns, medians of one run. Knows nothing of what is measured."""

import re
import shutil
import statistics
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

CONNECTIONS, SECONDS, RUNS = 32, 4, 3


@dataclass(frozen=True)
class Case:
    """One thing measured: an address, and the wrk script where a plain GET will not do."""

    name: str
    url: str
    script: Path | None = None


def require() -> None:
    """End with a line saying what to install where wrk is missing."""
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing. Run: sudo apt-get install wrk")


def answers(url: str) -> bool:
    """Whether what is to be measured answers by now."""
    try:
        with urllib.request.urlopen(url):
            return True
    except URLError:
        return False


def measure(cases: Sequence[Case], seconds: int = SECONDS, runs: int = RUNS) -> dict[str, list[float]]:
    """Requests per second of each case, `runs` times: in turns, so that a busy neighbour disturbs all alike."""
    rates: dict[str, list[float]] = {case.name: [] for case in cases}
    for case in cases:
        _rate(case, seconds=1)  # warm
    for _ in range(runs):
        for case in cases:
            rates[case.name].append(_rate(case, seconds))
    return rates


def show(rates: dict[str, list[float]], limit: str) -> None:
    """Print the medians, and each as a share of the first case, named `limit` in the heading."""
    first = statistics.median(next(iter(rates.values())))
    print(f"{'':28}{'per second':>12}{limit:>20}")
    for name, measured in rates.items():
        rate = statistics.median(measured)
        print(f"{name:28}{rate:12,.0f}{rate / first:20.1%}")


def _rate(case: Case, seconds: int) -> float:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s"]
    if case.script:
        command += ["-s", str(case.script)]
    said = subprocess.run([*command, case.url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        sys.exit(f"{case.name}: the server refused some requests\n{said}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert found, said
    return float(found[1])

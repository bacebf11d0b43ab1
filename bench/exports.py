"""Exports of a million leads against what each database's own tool needs for the same rows, in one run.

`python -m bench.exports`: one real lead is multiplied by SQL, in SQLite and in PostgreSQL. The limits run the very
SELECT of the export: the sqlite3 shell's CSV, and COPY. On our side everything counts: the start of the command, the
guard, the hash of each row, the manifest. Then how much memory an export takes beyond a command that does nothing.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from statistics import median

import psycopg
from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, select

from bench.multiplying import multiply
from portal import db, forwarding
from portal.consent.notices import MARKETING
from portal.db import Database
from portal.enquiries import receiving
from portal.exporting import rows
from portal.leads import Selection
from portal.mail.mails import Mail
from tests import cast
from tests.engines import Cluster

LEADS = int(os.environ.get("LEADS", "1000000"))
ROUNDS = 3
AT_LEAST = {"csv": 0.20, "jsonl": 0.40, "csv from PostgreSQL": 0.20}
GROWTH_MB = 64
# Runs the command and says what it took at most: what fork leaves in the figures of `wait` is not in this one.
COMMAND = """
import runpy, sys
try:
    runpy.run_module("portal", run_name="__main__", alter_sys=True)
finally:
    peak = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
    print(peak[0].split()[1], file=sys.stderr)
"""


def main() -> None:
    """Measure, print, and end with 1 where a share or the memory is not what it must be."""
    shell = shutil.which("sqlite3")
    if shell is None:
        sys.exit("the sqlite3 shell is the limit: install the package `sqlite3`")
    cluster = Cluster()
    try:
        with tempfile.TemporaryDirectory() as name:
            failed = _measure_sqlite(shell, Path(name)) + _measure_postgresql(cluster, Path(name) / "postgresql")
    finally:
        cluster.stop()
    if failed:
        sys.exit("\n".join(failed))


def _measure_sqlite(shell: str, folder: Path) -> list[str]:
    url = f"sqlite:///{folder}/bench.sqlite"
    _fill(url, folder)
    asked = _sql(sqlite.dialect(), False)

    def limit() -> float:
        with (folder / "limit.csv").open("wb") as output:
            command = [shell, "-readonly", "-csv", "-header", folder / "bench.sqlite", asked]
            return _seconds(lambda: subprocess.run(command, stdout=output, check=True))

    times, peaks = _in_turns(limit, {form: lambda form=form: _export(url, folder, form) for form in ("csv", "jsonl")})
    idle = _run(url, folder, "exports", "list")[1]
    workbook, peaks["xlsx"] = _export(url, folder, "xlsx")
    _show("the sqlite3 shell's CSV", times | {"xlsx": [workbook]})
    growth = {form: (peak - idle) / 1024 for form, peak in peaks.items()}
    for form, more in growth.items():
        print(f"{form:24} {more:+9.0f} MB over a command that does nothing, which has {idle / 1024:.0f} MB")
    grown = [f"{form} takes {more:.0f} MB" for form, more in growth.items() if more > GROWTH_MB]
    return _below(times) + grown


def _measure_postgresql(cluster: Cluster, folder: Path) -> list[str]:
    url = cluster.create("bench")
    _fill(url, folder)
    asked = _sql(postgresql.dialect(), True)

    def copy() -> None:
        connected = psycopg.connect(host=str(cluster.folder), user="portal", dbname="bench")
        with (
            connected,
            connected.cursor() as cursor,
            (folder / "limit.csv").open("wb") as output,
            cursor.copy(f"COPY ({asked}) TO STDOUT WITH (FORMAT csv, HEADER)".encode()) as blocks,
        ):
            for block in blocks:
                output.write(block)

    times, _ = _in_turns(lambda: _seconds(copy), {"csv from PostgreSQL": lambda: _export(url, folder, "csv")})
    _show("COPY", times)
    return _below(times)


def _fill(url: str, folder: Path) -> None:
    """A database in which one lead, received and handed over like any other, stands a million times; and keys."""
    folder.mkdir(exist_ok=True)
    database = Database(url)
    db.migrate(database)

    def publish(session: Session) -> object:
        cast.policy(session)
        return cast.home(session, cast.agency(session))

    enquiry = cast.enquiry(database, database.write(publish), marketing=True)
    database.write(
        lambda session: receiving.receive(session, enquiry, cast.SENDING, cast.SIGNER, cast.SETTINGS, cast.NOW)
    )

    def hand_over(session: Session) -> None:
        mail = session.exec(select(Mail).where(Mail.kind == forwarding.KIND)).one()
        mail.state = "accepted"
        forwarding.passed(session, [mail], cast.NOW + timedelta(seconds=2))

    database.write(hand_over)
    began = time.perf_counter()
    database.write(lambda session: multiply(session, LEADS))
    print(f"{LEADS:,} leads made in {database.engine.dialect.name}: {time.perf_counter() - began:.0f} s")
    database.close()
    _run(url, folder, "keys", "new")


def _in_turns(
    limit: Callable[[], float], ours: dict[str, Callable[[], tuple[float, int]]]
) -> tuple[dict[str, list[float]], dict[str, int]]:
    """Seconds of the limit and of ours, round by round, so that a busy neighbour counts on both sides; our peaks."""
    times: dict[str, list[float]] = {"limit": [], **{name: [] for name in ours}}
    peaks = dict.fromkeys(ours, 0)
    for _ in range(ROUNDS):
        times["limit"].append(limit())
        for name, export in ours.items():
            seconds, peak = export()
            times[name].append(seconds)
            peaks[name] = max(peaks[name], peak)
    return times, peaks


def _export(url: str, folder: Path, form: str) -> tuple[float, int]:
    output = folder / f"leads.{form}"
    return _run(url, folder, "leads", "export", "--format", form, "--reason", "bench", "--output", str(output))


def _run(url: str, folder: Path, *arguments: str) -> tuple[float, int]:
    """Seconds and the peak of the memory in kB of one command."""
    settings = {"DATABASE_URL": url, "DATA_DIRECTORY": str(folder), "OPERATOR": "bench", "SECRET_KEY": "k" * 40}
    environment = os.environ | {f"PORTAL_{name}": value for name, value in settings.items()}
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", COMMAND, *arguments], env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return time.perf_counter() - began, int(done.stderr.split()[-1])


def _show(limit: str, times: dict[str, list[float]]) -> None:
    print(f"{limit:24} {LEADS / median(times['limit']):9,.0f} rows/s")
    for name in times.keys() - {"limit"}:
        rate = LEADS / median(times[name])
        print(f"{name:24} {rate:9,.0f} rows/s  {_share(times, name):6.0%}  (median of {len(times[name])})")


def _share(times: dict[str, list[float]], name: str) -> float:
    return median(limit / seconds for limit, seconds in zip(times["limit"], times[name], strict=False))


def _below(times: dict[str, list[float]]) -> list[str]:
    shares = {name: _share(times, name) for name in times if name != "limit"}
    return [
        f"{name}: {share:.0%}, must be {AT_LEAST[name]:.0%}" for name, share in shares.items() if share < AT_LEAST[name]
    ]


def _sql(dialect: Dialect, is_postgresql: bool) -> str:
    statement = rows.statement(Selection(), [MARKETING], is_postgresql)
    return str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})).replace("%%", "%")


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()

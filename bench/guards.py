"""What the guards cost: `/up` behind all of them against a bare Starlette application, on the same server, in turns.

Both answer plain text from one serving process with the settings of `portal serve`. The limit: the portal's `/up`
reaches 75 % of the bare route, asked by wrk with 32 connections and by a browser's fifteen headers.
"""

import sys
import tempfile
from pathlib import Path
from statistics import median

from bench import bare, wrk
from bench.wrk import Case
from portal import db
from portal.db import Database
from tests.clients import CHROMIUM
from tests.running import Portal

LIMIT = 0.75
# Short and many: such small answers differ by a fifth from one second to the next.
SECONDS, RUNS = 2, 11


def main() -> None:
    """Measure, print, and end with 1 where the guards cost more than they may."""
    wrk.require()
    with tempfile.TemporaryDirectory() as name, bare.plain() as limit:
        folder = Path(name)
        database = Database(f"sqlite:///{folder}/bench.sqlite")
        db.migrate(database)
        database.close()
        portal = Portal(database.url, folder)
        portal.start_web()
        try:
            script = folder / "browser.lua"
            script.write_text("".join(f"wrk.headers[{name!r}] = {value!r}\n" for name, value in CHROMIUM.items()))
            shares = [_share(limit, portal.url, None), _share(limit, portal.url, script)]
        finally:
            portal.stop()
    if min(shares) < LIMIT:
        sys.exit(f"the guards cost {1 - min(shares):.0%}, and may cost {1 - LIMIT:.0%}")


def _share(limit: str, portal: str, script: Path | None) -> float:
    asked = "a browser" if script else "wrk"
    rates = wrk.measure([
        Case(f"bare route, asked by {asked}", limit, script),
        Case(f"guarded `/up`, asked by {asked}", f"{portal}/up", script),
    ], SECONDS, RUNS)  # fmt: skip
    wrk.show(rates, f"limit {LIMIT:.0%}")
    # Turn by turn, so that a neighbour who is busy for a while counts on both sides.
    return median(guarded / plain for plain, guarded in zip(*rates.values(), strict=True))


if __name__ == "__main__":
    main()

"""List page, property page and enquiry POST against a bare plain-text route of the same server, in one run.

`make bench` runs it: one server process on a fresh SQLite file with 300 homes; wrk with 32 connections; each case
three times in turns, after a warm-up; the medians and their shares of the bare route are printed. It ends with 1 where
the cached list, or a list the browser has already (304), is below its limit. The POSTs write a lead each, durably, and
are checked against the database afterwards.
"""

import html
import re
import sys
import tempfile
import urllib.request
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from sqlmodel import Session, col, func, select

from bench import bare, wrk
from bench.wrk import CONNECTIONS, RUNS, SECONDS, Case
from portal import db
from portal.catalogue.properties import Property
from portal.db import Database
from portal.leads import Lead
from tests import cast
from tests.running import Portal

HOMES = 300
LIMITS = {"list page, cached": 0.40, "list page, 304": 0.55}  # shares of the bare route
# Every post asks another question: the same fields twice within ten minutes would be one lead.
POST = """
local body, run, n = [[%s]], os.time(), 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
request = function()
  n = n + 1
  return wrk.format(nil, nil, nil, body .. "&words=Question+" .. n .. "+of+" .. run)
end
"""
# A browser that has the page.
KNOWN = """
wrk.headers["If-None-Match"] = [[%s]]
"""
# Every request asks for another lowest price, below the cheapest home: a full page that nobody has asked for.
UNCACHED = """
local n = (os.time() % 97) * 1000
request = function()
  n = n + 1
  return wrk.format(nil, "/en/buy?price_min=" .. n)
end
"""


def main() -> None:
    """Measure and print."""
    wrk.require()
    with tempfile.TemporaryDirectory() as folder, bare.plain() as limit:
        database = Database(f"sqlite:///{folder}/bench.sqlite")
        db.migrate(database)
        database.write(publish)
        with Portal(database.url, Path(folder)) as portal:
            cases = _cases(limit, portal, database, Path(folder))
            rates = wrk.measure(cases)
            _check(database, rates["enquiry POST, durable"])
        database.close()
    wrk.show(rates, "share of bare")
    _refuse_slow(rates)


def publish(session: Session) -> None:
    """An agency with three hundred homes, and the policy."""
    cast.policy(session)
    agency = cast.agency(session)
    for number in range(HOMES):
        cast.home(session, agency, str(number), price_minor=20_000_000 + number * 500_000)


def _cases(limit: str, portal: Portal, database: Database, folder: Path) -> list[Case]:
    with database.read() as session:
        home = session.exec(select(Property).order_by(col(Property.id))).first()
        assert home is not None
    page = f"/en/p/{home.public_id}-villa-in-nueva-andalucia-marbella"
    scripts = {
        "known": KNOWN % _tag(portal.url + "/en/buy"),
        "uncached": UNCACHED,
        "post": POST % body(portal.url + page + "/enquire"),
    }
    for name, text in scripts.items():
        (folder / f"{name}.lua").write_text(text)
    return [
        Case("plain text, bare", limit),
        Case("plain text, guarded", portal.url + "/up"),
        Case("list page, cached", portal.url + "/en/buy"),
        Case("list page, 304", portal.url + "/en/buy", folder / "known.lua"),
        Case("list page, uncached", portal.url, folder / "uncached.lua"),
        Case("property page, cached", portal.url + page),
        Case("enquiry POST, durable", portal.url + page + "/enquire", folder / "post.lua"),
    ]


def _tag(url: str) -> str:
    with urllib.request.urlopen(url) as answer:
        return str(answer.headers["ETag"])


def body(url: str) -> str:
    """An enquiry without words, as the form at this address would send it."""
    with urllib.request.urlopen(url) as answer:
        page = answer.read().decode()
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    hidden = {name: html.unescape(value) for name, value in hidden.items()}
    typed = {"intent": "question", "name": "Jane Smith", "email": "jane@example.com", "reach": "email",
             "professional": "no", "language": "en"}  # fmt: skip
    return urlencode({**hidden, **typed})


def _check(database: Database, rates: list[float]) -> None:
    with database.read() as session:
        stored = session.exec(select(func.count()).select_from(Lead)).one()
    if stored < sum(rates) * SECONDS * 0.9 - CONNECTIONS * RUNS:
        sys.exit(f"only {stored} leads are stored")


def _refuse_slow(rates: dict[str, list[float]]) -> None:
    bare = median(rates["plain text, bare"])
    slow = [name for name, share in LIMITS.items() if median(rates[name]) < share * bare]
    if slow:
        sys.exit(f"below their limits: {', '.join(slow)}")

"""The uncached list page against the same page in Django, one worker each, in one run.

`python -m bench.lists`: three hundred homes in one SQLite file, read by both; every request asks for another lowest
price, below the cheapest home, so that no cache of pages can answer and every page shows the newest homes of all. The
Django template is derived from our page; the run ends unless both serve the same page, but for white space.
"""

import hashlib
import html
import sys
import tempfile
import urllib.request
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median

from sqlmodel import Session

from bench import wrk
from bench.peers.running import django
from bench.peers.template import template
from bench.wrk import Case
from portal import db
from portal.catalogue import places, search
from portal.catalogue.photos import Media
from portal.catalogue.properties import PropertyPhoto
from portal.db import Database
from portal.web.presenting import Shown
from tests import cast
from tests.running import Portal

HOMES = 300
AT_LEAST = 5.0  # times the pages of Django, in the medians of one run
RUNS = 7
TOWNS = ("Marbella", "Estepona", "Mijas", "Fuengirola", "Benalmádena", "Nerja", "Casares", "Manilva", "Málaga", "Ojén")
KINDS = ("villa", "apartment", "penthouse", "town_house", "duplex")
ASKED = "/en/buy?price_min=77777"
# Rounds begin at another price each, so that none repeats the addresses of the one before.
SCRIPT = """
local n = (os.time() % 97) * 1000
request = function()
  n = n + 1
  return wrk.format(nil, "/en/buy?price_min=" .. n)
end
"""


def main() -> None:
    """Measure, print, and end with 1 where the list is slower than it may be."""
    wrk.require()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = Database(f"sqlite:///{folder}/bench.sqlite")
        db.migrate(database)
        database.write(publish)
        portal = Portal(database.url, folder)
        try:
            portal.start_web()
            (folder / "list.html").write_text(_template(database, _page(portal.url)))
            with django(folder / "bench.sqlite", folder) as peer:
                _refuse_unequal(_page(portal.url), _page(peer))
                rates = wrk.measure(_cases(folder, peer, portal.url), runs=RUNS)
        finally:
            portal.stop()
            database.close()
    wrk.show(rates, "against Django")
    theirs, ours = map(median, rates.values())
    if ours < AT_LEAST * theirs:
        sys.exit(f"the list reaches {ours / theirs:.1f} times the pages of Django, and must reach {AT_LEAST}")


def publish(session: Session) -> None:
    """Three hundred homes of ten agencies in ten towns, with all that a card can show."""
    cast.policy(session)
    owners = [cast.agency(session, f"agency-{number}", f"Costa {town} Homes") for number, town in enumerate(TOWNS)]
    towns = [places.town(session, town, "Málaga") for town in TOWNS]
    now = db.utcnow()
    for number in range(HOMES):
        town = towns[number * 7 % len(towns)]
        home = cast.home(
            session, owners[number * 3 % len(owners)], str(number), kind=KINDS[number % len(KINDS)],
            price_minor=20_000_000 + number * 323_400, town_id=town.id,
            area_id=places.area(session, town, f"Urbanización {number % 4 + 1}").id, bedrooms=number % 5 + 1,
            bathrooms=number % 3 + 1, built_m2=Decimal(80 + number % 300), plot_m2=Decimal(300 + number),
            energy_consumption="ABCDEFG"[number % 7], published_at=now - timedelta(minutes=number), last_seen_at=now,
        )  # fmt: skip
        media = hashlib.sha256(str(number).encode()).hexdigest()
        photo = {"property_id": home.id or 0, "kind": "photo", "source_url": "https://agency.example/1.jpg"}
        session.add(Media(hash=media, state="ready", width=1200, height=800, colour="p-07", given_at=now, made_at=now))
        session.add(PropertyPhoto(**photo, position=0, media=media))


def _cases(folder: Path, peer: str, portal: str) -> list[Case]:
    script = folder / "list.lua"
    script.write_text(SCRIPT)
    return [Case("list page in Django", peer, script), Case("list page, uncached", portal, script)]


def _page(url: str) -> str:
    with urllib.request.urlopen(url + ASKED) as answer:
        return str(answer.read().decode())


def _template(database: Database, page: str) -> str:
    filters = search.Filters("buy")
    with database.read() as session:
        found = search.page(session, filters, None)
        count = search.count(session, filters, None).homes
    return template(page, found.cards[0], Shown("en", db.utcnow()), 77777, count, found.cards[-1].public_id)


def _refuse_unequal(ours: str, theirs: str) -> None:
    if html.unescape(ours).split() != html.unescape(theirs).split():
        first = next((pair for pair in zip(ours.split(), theirs.split(), strict=False) if pair[0] != pair[1]), None)
        sys.exit(f"the two list pages differ, first here: {first}")
    print(f"one page of {len(ours.encode()):,} bytes, in Django {len(theirs.encode()):,}")


if __name__ == "__main__":
    main()

"""Every mail as Chromium shows it: pictures for people to look at, and what can be measured of it.

From the mail's own bytes, on a phone and in a window, light and dark, with pictures and without. Nothing leaves the
machine: our own pictures are those the site gave, and whatever else a mail asks for is refused and counted against it.
"""

import shutil
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Route

from audit.mails import rules, sheets
from audit.stand import chromium
from tests.letters import ORIGIN, Sample
from tests.smtp import text

WIDTHS = (390, 700)
SCHEMES = ("light", "dark")
FIRST_SCREEN = 664  # px of a phone's window of 390 x 844 below what the mail program shows of its own
ADDRESS = f"{ORIGIN}/mail-as-it-is"
MEASURE = Path(__file__).with_suffix(".js").read_text()


class Way(NamedTuple):
    """One way to look at a mail."""

    width: int
    scheme: str
    pictures: bool

    @property
    def name(self) -> str:
        """How a file is called after it."""
        return f"{self.width}-{self.scheme}" + ("" if self.pictures else "-without")


WAYS = [Way(width, scheme, pictures) for width in WIDTHS for scheme in SCHEMES for pictures in (True, False)]


def check(found: Sequence[Sample], folder: Path) -> int:
    """Take the pictures and print what is wrong with which mail; how many remarks that are."""
    place = folder / "pictures"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    began = time.monotonic()
    said = [(mail, remark) for mail in found for remark in rules.of_source(mail)]
    with chromium() as browser:
        said += [each for way in WAYS for each in seen(browser, found, way, place)]
    remarks = _gathered(said)
    for line in remarks:
        print(f"looks        {line}")
    made = sheets.make(found, [way.name for way in WAYS], place, folder / "sheets")
    taken, seconds = len(list(place.glob("*.png"))), time.monotonic() - began
    print(f"looks        {taken} pictures on {made} sheets in {folder / 'sheets'}: look at each; {seconds:.0f} s")
    print(f"looks        {len(found)} mails, {len(remarks)} remarks")
    return len(remarks)


def _gathered(said: Sequence[tuple[Sample, str]]) -> list[str]:
    """A line for each different remark about a mail, with its languages and one example."""
    languages: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for mail, remark in said:
        what, _, example = remark.partition(rules.SUCH_AS)
        languages[mail.name, what].setdefault(mail.lang, example)
    return [
        f"{name}: {what} ({', '.join(sorted(examples))})" + (f"{rules.SUCH_AS}{example}" if example else "")
        for (name, what), examples in sorted(languages.items()) for example in [next(iter(examples.values()))]
    ]  # fmt: skip


def seen(browser: Browser, found: Sequence[Sample], way: Way, place: Path) -> list[tuple[Sample, str]]:
    """Take one picture of each mail into the folder; what was remarked of which."""
    context = browser.new_context(viewport={"width": way.width, "height": FIRST_SCREEN}, reduced_motion="reduce")
    page = context.new_page()
    page.emulate_media(color_scheme=way.scheme)  # type: ignore[arg-type]  # one of SCHEMES
    strange: list[str] = []
    body, pictures = "", dict[str, tuple[str, bytes]]()

    def serve(route: Route) -> None:
        asked = route.request.url
        if asked == ADDRESS:
            route.fulfill(body=body, content_type="text/html; charset=utf-8")
        elif asked not in pictures:
            strange.append(f"asks for what the site does not give{rules.SUCH_AS}{asked}")
            route.abort()
        elif way.pictures:
            kind, picture = pictures[asked]
            route.fulfill(body=picture, content_type=kind)
        else:
            route.abort()

    page.route("**/*", serve)
    remarks = []
    for mail in found:
        body, pictures = text(mail.message, "html"), mail.pictures
        if not way.pictures and "<img" not in body:
            continue
        strange.clear()
        page.goto(ADDRESS)
        measured: dict[str, Any] = page.evaluate(f"({MEASURE})({FIRST_SCREEN})")
        page.screenshot(path=place / f"{mail.name}-{mail.lang}-{way.name}.png", full_page=True)
        remarks += [(mail, remark) for remark in (*strange, *rules.of_picture(mail, measured, way.width, way.scheme))]
    context.close()
    return remarks

"""All by keyboard alone, the gallery also by swipe: Tab, Enter, Space and arrows; the focus seen at each step."""

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from sqlmodel import Session, select

from portal.catalogue import photos
from portal.catalogue.properties import Property, PropertyPhoto
from portal.db import Database
from tests.browser.conftest import publish
from tests.running import Portal

PHOTOS = 3
# What has the focus, by its label or text, and what is wrong with how it shows: an outline, in the window, uncovered.
FOCUSED = """() => {
  const it = document.activeElement, card = it.closest(".card"), box = it.getClientRects()[0];
  const name = (it.labels?.[0] ?? it).textContent.replace(/\\s+/g, " ").trim() || it.querySelector("img")?.alt || "";
  const outlined = [it, it.closest(".choice, .tick, .card")].filter((one) => one).map((one) => getComputedStyle(one))
    .some(({ outlineStyle, outlineWidth }) => outlineStyle === "solid" && parseFloat(outlineWidth) >= 2);
  const top = box && document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const wrong = !outlined ? "no outline" : !top ? "outside the window"
    : it.contains(top) || top.contains(it) || card?.contains(top) ? "" : "covered";
  return { name, wrong };
}"""


@pytest.fixture(scope="module")
def portal(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """One portal for all; its villa has three photos."""
    folder = tmp_path_factory.mktemp("keyboard")
    copy = folder / "portal.sqlite"
    copy.write_bytes(migrated_sqlite.read_bytes())
    with Portal(f"sqlite:///{copy}", folder) as running:
        database = Database(f"sqlite:///{copy}")
        database.write(publish)
        hang(database, folder / "data")
        database.close()
        yield running


def hang(database: Database, folder: Path) -> None:
    """Give the villa photos of plain colours, in every size."""
    now = datetime.now(UTC)
    given = [BytesIO() for _ in range(PHOTOS)]
    for number, to in enumerate(given):
        Image.new("RGB", (900, 600), (40 + 60 * number, 120, 120)).save(to, "PNG")
    kept = [photos.receive(database, folder, each.getvalue(), now) for each in given]
    made = [photos.make(folder, media) for media in kept]

    def name(session: Session) -> None:
        photos.settle(session, made, now)
        villa = session.exec(select(Property).where(Property.source_id == "1042")).one()
        for position, media in enumerate(kept):
            source = f"https://agency.example/{position}.jpg"
            session.add(PropertyPhoto(property_id=villa.id or 0, position=position, source_url=source, media=media))

    database.write(name)


@pytest.fixture
def page(browser: Browser) -> Page:
    """A page of a wide window that scrolls at once."""
    return browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce").new_page()


def reach(page: Page, name: str) -> None:
    """Press Tab until what is called so has the focus; every stop on the way shows that it has it."""
    passed: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        assert not focused["wrong"], f"{focused} after {passed}"
        if focused["name"].startswith(name):
            return
        passed.append(focused["name"])
    raise AssertionError(f"no “{name}” among {passed}")


def test_the_whole_journey_goes_by_keyboard_alone(page: Page, portal: Portal):
    keys = page.keyboard
    page.goto(f"{portal.url}/en/")
    reach(page, "Skip to the content")
    keys.press("Enter")
    reach(page, "Type")
    keys.type("Villa")
    reach(page, "Search")
    keys.press("Enter")
    page.wait_for_url("**/en/buy?type=villa")
    reach(page, "Villa in Nueva Andalucía, Marbella")
    keys.press("Enter")
    page.wait_for_url("**/p/*")
    reach(page, "Send an enquiry")
    keys.press("Enter")
    reach(page, "Ask a question")
    keys.press("ArrowDown")
    reach(page, "E-mail")
    keys.type("jane.smith@example.com")
    reach(page, "E-mail")  # the ways to be reached
    keys.press("ArrowRight")
    reach(page, "Message")
    keys.type("Is there a lift?")
    reach(page, "Send enquiry to Costa Norte Homes")
    keys.press("Enter")

    page.wait_for_url("**/enquire")
    expect(page.locator(".summary-error")).to_be_focused()
    reach(page, "Enter your full name")
    keys.press("Enter")
    expect(page.get_by_label("Full name")).to_be_focused()
    keys.type("Jane Smith")
    reach(page, "Phone (optional)")
    keys.type("07911 123456")
    reach(page, "ImmoMarket may also e-mail me")
    reach(page, "Send enquiry to Costa Norte Homes")
    keys.press("Space")
    page.wait_for_url("**/enquiries/*")
    expect(page.get_by_role("heading", level=1)).to_contain_text("recorded")


def in_view(page: Page) -> str:
    """The picture of the gallery that stands at the top of the window."""
    return page.evaluate(
        "[...document.querySelectorAll('.shot')]"
        ".find((shot) => shot.getBoundingClientRect().bottom > innerHeight / 3).id"
    )


def opened(page: Page, portal: Portal) -> None:
    """Open the villa's gallery at its first photo."""
    page.goto(f"{portal.url}/en/buy?type=villa")
    page.goto(portal.url + str(page.locator(".card h3 a").get_attribute("href")) + "/photos")


def drawn(page: Page) -> None:
    """Wait until the page is drawn: before its first frame Chromium drops keys and touches, which nobody could aim."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_arrow_keys_go_through_the_gallery_and_escape_leaves_it(page: Page, portal: Portal):
    opened(page, portal)
    drawn(page)
    home = page.url.removesuffix("/photos")
    for key, shown in (("ArrowRight", 2), ("ArrowRight", 3), ("ArrowRight", 3), ("ArrowLeft", 2)):
        page.keyboard.press(key)
        page.wait_for_function("(id) => document.activeElement.closest('.shot')?.id === id", arg=f"photo-{shown}")
        assert not page.evaluate(FOCUSED)["wrong"]
        assert in_view(page) == f"photo-{shown}"
    page.locator(".top .menu summary").press("Enter")
    page.locator(".top .menu[open]").wait_for()
    page.keyboard.press("Escape")  # closes the menu, and leads nowhere
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.activeElement.closest('.shot') !== null")
    page.keyboard.press("Escape")
    page.wait_for_url(home)


def test_without_script_links_go_through_the_gallery(browser: Browser, portal: Portal):
    page = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 800}).new_page()
    opened(page, portal)
    page.locator("#photo-1").get_by_role("link", name="Next").click()
    assert page.url.endswith("#photo-2")
    assert in_view(page) == "photo-2"


def test_swipes_go_through_the_gallery_and_along_the_photos_of_a_home(browser: Browser, portal: Portal):
    page = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).new_page()
    opened(page, portal)
    drawn(page)
    touch = page.context.new_cdp_session(page)

    def swipe(from_x: int, to_x: int) -> None:
        for kind, x in (("touchStart", from_x), ("touchMove", (from_x + to_x) // 2), ("touchMove", to_x)):
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": 400}]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    swipe(320, 60)
    page.wait_for_function("() => document.activeElement.closest('.shot')?.id === 'photo-2'")
    swipe(60, 320)
    page.wait_for_function("() => document.activeElement.closest('.shot')?.id === 'photo-1'")
    page.goto(page.url.partition("/photos")[0])
    drawn(page)
    strip = page.locator(".mosaic").bounding_box()
    assert strip is not None
    touch.send("Input.synthesizeScrollGesture", {"x": 200, "y": strip["y"] + 50, "xDistance": -300, "speed": 3000})
    page.wait_for_function("() => document.querySelector('.mosaic').scrollLeft > 200")

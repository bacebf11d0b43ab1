"""The one script: filters apply when chosen with a pointer and not under the arrow keys; nothing is sent twice."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from portal.db import Database
from tests.browser.conftest import publish
from tests.running import Portal, eventually


@pytest.fixture(scope="module")
def portal(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """One portal for all: nothing here changes what it holds."""
    folder = tmp_path_factory.mktemp("script")
    copy = folder / "portal.sqlite"
    copy.write_bytes(migrated_sqlite.read_bytes())
    database = Database(f"sqlite:///{copy}")
    database.write(publish)
    database.close()
    with Portal(f"sqlite:///{copy}", folder) as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Page:
    """A page of a wide window; a message on its console is a failure of what it is used for."""
    return browser.new_context(viewport={"width": 1280, "height": 900}).new_page()


def test_a_filter_applies_as_soon_as_it_is_chosen_with_a_pointer(page: Page, portal: Portal):
    page.goto(f"{portal.url}/en/buy")
    page.locator("#bedrooms").dispatch_event("pointerdown")
    page.locator("#bedrooms").select_option("3")
    page.wait_for_url(re.compile(r"/en/buy\?bedrooms=3$"))
    page.go_back()
    expect(page).to_have_url(f"{portal.url}/en/buy")
    expect(page.locator(".chip-on")).to_have_count(0)


def test_a_choice_made_by_keyboard_waits_for_the_button(page: Page, portal: Portal):
    page.goto(f"{portal.url}/en/buy")
    page.locator("#bedrooms").focus()
    page.keyboard.press("ArrowDown")
    page.locator("#bedrooms").select_option("2")
    page.keyboard.press("Tab")
    assert page.url == f"{portal.url}/en/buy"
    page.locator(".search button").press("Enter")
    page.wait_for_url(re.compile(r"/en/buy\?bedrooms=2$"))


def test_a_menu_closes_on_escape_and_on_a_click_beside_it(page: Page, portal: Portal):
    page.goto(f"{portal.url}/en/buy")
    menu = page.locator(".results-bar details")
    menu.locator("summary").click()
    expect(menu).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    menu.locator("summary").click()
    page.locator("h1").click()
    expect(menu).not_to_have_attribute("open", "")


def test_a_second_click_sends_nothing_twice(page: Page, portal: Portal):
    page.goto(f"{portal.url}/en/buy")
    page.get_by_role("link", name="Villa in Nueva Andalucía").first.click()
    page.goto(f"{page.url}/enquire")
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.evaluate(
        "() => { const form = document.querySelector('form.enquiry'); form.noValidate = true;"
        " form.requestSubmit(); form.requestSubmit(); }"
    )
    page.wait_for_selector(".summary-error")
    assert len(posts) == 1
    page.locator("form.enquiry button").click()
    eventually(lambda: len(posts) == 2)


def test_a_page_about_to_be_opened_is_fetched_ahead(page: Page, portal: Portal):
    events = page.context.new_cdp_session(page)
    rules, ahead = [], []
    events.on("Preload.ruleSetUpdated", lambda told: rules.append(told["ruleSet"]))
    events.on("Preload.prefetchStatusUpdated", lambda told: ahead.append((told["prefetchUrl"], told["status"])))
    events.send("Preload.enable")
    page.goto(f"{portal.url}/en/buy")
    eventually(lambda: page.evaluate("1") and rules)
    assert "errorType" not in rules[0]
    link = page.get_by_role("link", name="Villa in Nueva Andalucía").first
    link.hover()
    wanted = f"{portal.url}{link.get_attribute('href')}"
    eventually(lambda: page.evaluate("1") and (wanted, "Ready") in ahead)

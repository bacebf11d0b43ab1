"""A picture of every page at three widths, light and dark, and of the form with errors and the status page."""

import os
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from audit.stand import Site
from tests.browsers import QUIET, executable

WIDTHS = (390, 768, 1440)
SCHEMES = ("light", "dark")


def take(site: Site, folder: Path) -> int:
    """Take every picture; how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses to sandbox root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=[*sandbox, *QUIET])
        for width in WIDTHS:
            for scheme in SCHEMES:
                _take(browser, site, folder, width, scheme)
        browser.close()
    return len(list(folder.glob("*.png")))


def _take(browser: Browser, site: Site, folder: Path, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of SCHEMES

    def shoot(name: str) -> None:
        _load_pictures(page)
        page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)

    for name in site.pages:
        page.goto(site.url(name))
        shoot(name)
    page.goto(site.url("form"))
    page.locator("form.enquiry button").click()
    shoot("form-errors")
    page.get_by_role("radio").nth(1).check()
    page.locator("[name=name]").fill("Jane Smith")
    page.locator("[name=email]").fill(f"jane.{width}.{scheme}@example.com")
    page.locator("form.enquiry button").click()
    page.wait_for_url("**/enquiries/*")
    shoot("status")
    context.close()


def _load_pictures(page: Page) -> None:
    # Pictures below the first view load when they come near it.
    page.evaluate("document.querySelectorAll('img[loading=lazy]').forEach(image => { image.loading = 'eager' })")
    page.wait_for_load_state("networkidle")

"""A picture of every page at three widths, light and dark; the form also with its errors."""

from pathlib import Path

from playwright.sync_api import Browser, Page

from audit.stand import Site, chromium

WIDTHS = (390, 768, 1440)
SCHEMES = ("light", "dark")


def take(site: Site, folder: Path) -> int:
    """Take every picture; how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for width in WIDTHS:
            for scheme in SCHEMES:
                _take(browser, site, folder, width, scheme)
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
    context.close()


def _load_pictures(page: Page) -> None:
    # Pictures below the first view load when they come near it; what sticks to the lower edge lies where it ends.
    page.evaluate("document.querySelectorAll('img[loading=lazy]').forEach(image => { image.loading = 'eager' })")
    page.wait_for_load_state("networkidle")
    page.evaluate("Promise.all([...document.images].map((image) => image.decode()))")
    page.evaluate("innerWidth < 1080 && scrollTo(0, document.body.scrollHeight)")

"""A visitor's way through the demo in Firefox: search, list, home, form with errors, status; script on and off."""

from playwright.sync_api import Error, sync_playwright

from audit.stand import Site
from tests.browser.test_journey import enquire
from tests.browsers import BrowserMissing, firefox

SCRIPT = {True: "with JavaScript", False: "without JavaScript"}


def walk(site: Site) -> int:
    """Print how each way ended; how many did not reach the status page."""
    try:
        path = firefox()
    except BrowserMissing as missing:
        print(f"Firefox: not tried, {missing}")
        return 0
    failed = 0
    with sync_playwright() as playwright:
        # The channel makes Playwright speak WebDriver BiDi, which a Firefox as people have it understands.
        browser = playwright.firefox.launch(channel="moz-firefox", executable_path=path)
        for script, words in SCRIPT.items():
            page = browser.new_context(java_script_enabled=script, locale="en-GB").new_page()
            try:
                print(f"Firefox {browser.version} {words}: enquiry {enquire(page, site.origin, site.asked)} recorded")
            except (AssertionError, Error) as wrong:
                print(f"Firefox {browser.version} {words}: failed at {page.url}\n{wrong}")
                failed += 1
        browser.close()
    return failed

"""A visitor finds a home and asks about it; the agency gets the mail; ops export the lead."""

import json
from email.message import EmailMessage
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.running import Portal, eventually
from tests.smtp import PostOffice

WORDS = "Is the fourth bedroom reachable without steps?\nWe are in Marbella from 4 to 8 December."


class Asked(NamedTuple):
    """The home a visitor asks about, as the list names it, and the agency that gets the enquiry."""

    home: str
    agency: str


VILLA = Asked("Villa in Nueva Andalucía, Marbella", "Costa Norte Homes")


def enquire(page: Page, url: str, asked: Asked = VILLA) -> str:
    """Walk from the home page through a search to the status page; the lead's reference."""
    page.goto(url)
    expect(page).to_have_url(f"{url}/en/")
    page.get_by_label("Type").select_option("Villa")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("link", name="Villa remove")).to_be_visible()
    page.get_by_role("link", name=asked.home, exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Villa")

    page.get_by_role("radio", name="Arrange a viewing").check()
    page.get_by_role("textbox", name="E-mail").fill("jane.smith@example")
    page.get_by_role("radio", name="WhatsApp").check()
    page.get_by_label("Message").fill(WORDS)
    page.get_by_role("button", name=f"Send enquiry to {asked.agency}").click()

    summary = page.get_by_role("alert")
    expect(summary).to_contain_text("There is a problem")
    assert page.title().startswith("Error: ")
    for sentence in ("Enter your full name", "Enter an e-mail address like", "Enter a phone number, or choose"):
        expect(summary.get_by_role("link").filter(has_text=sentence)).to_have_count(1)
    expect(page.get_by_label("Message")).to_have_value(WORDS)
    expect(page.get_by_role("radio", name="Arrange a viewing")).to_be_checked()

    summary.get_by_role("link", name="Enter your full name").click()
    page.get_by_label("Full name").fill("Jane Smith")
    page.get_by_role("textbox", name="E-mail").clear()  # Firefox would add to what stands in the field
    page.get_by_role("textbox", name="E-mail").fill("jane.smith@example.com")
    page.get_by_role("textbox", name="Phone").fill("07911 123456")
    page.get_by_role("button", name=f"Send enquiry to {asked.agency}").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("recorded")
    assert "Jane" not in page.inner_text("main")
    return page.locator("data.lead-reference").get_attribute("value") or ""


def check_mail(mail: EmailMessage, reference: str) -> None:
    """The agency's mail names the lead and the home, answers go to the visitor, and the words are whole."""
    assert reference in mail["Subject"]
    assert [address.addr_spec for address in mail["Reply-To"].addresses] == ["jane.smith@example.com"]
    assert [address.addr_spec for address in mail["From"].addresses] == ["leads@immomarket.example"]
    text = mail.get_body(("plain",)).get_content()
    assert reference in text
    assert "MB-1042" in text
    assert "+447911123456" in text.replace(" ", "")
    assert all(line in text for line in WORDS.splitlines())
    assert "MB-1042" in mail.get_body(("html",)).get_content()


def test_from_the_home_page_to_the_agencys_mailbox_and_the_export(page: Page, portal: Portal, post_office: PostOffice):
    reference = enquire(page, portal.url)
    eventually(lambda: len(post_office.raws) == 2)
    check_mail(post_office.to("costa-norte@agency.example"), reference)
    confirmation = post_office.to("jane.smith@example.com")
    assert reference in confirmation.get_body(("plain",)).get_content()
    assert "bedroom" not in str(confirmation)

    eventually(lambda: (page.reload(), "mail server" in page.inner_text(".timeline .now"))[1])
    row = json.loads(portal.run("leads", "export", "--format", "jsonl", "--reason", "browser test").stdout)
    assert row["reference"] == reference
    assert row["recorder"] == "OptimaSys Group Spain S.L."
    assert (row["name"], row["email"], row["phone"]) == ("Jane Smith", "jane.smith@example.com", "+447911123456")
    assert row["words"] == WORDS
    assert row["agency"] == "costa-norte"
    assert row["property_reference"] == "MB-1042"
    assert row["forwarded_at"]
    assert row["choice_marketing_portal"] == "refused"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_journey_is_the_same_under_uvicorn(
    browser: Browser, published: str, tmp_path, post_office: PostOffice, database_url: str
):
    page = browser.new_context(locale="en-GB").new_page()
    with Portal(published, tmp_path, post_office.relay, server="uvicorn") as portal:
        reference = enquire(page, portal.url)
        eventually(lambda: len(post_office.raws) == 2)
    check_mail(post_office.to("costa-norte@agency.example"), reference)

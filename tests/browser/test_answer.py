"""From the visitor to the agency and back: its answer stands on the visitor's page, and is mailed where wished for."""

import re

import pytest
from playwright.sync_api import Browser, expect
from sqlmodel import Session, select

from portal.catalogue.agencies import Office
from portal.db import Database
from tests.browser.test_journey import enquire
from tests.running import Portal, eventually
from tests.smtp import PostOffice, text


@pytest.mark.parametrize(
    ("lang", "wish", "wished", "contacted", "noted", "seen"),
    [
        ("en", "E-mail me then", "We e-mail you once the agency says", "I have contacted this client",
         "Noted, thank you", "The agency says it has contacted you"),
        ("de", "Dann schreiben Sie mir", "Wir schreiben Ihnen, sobald", "Ich habe mich bei diesem Kunden gemeldet",
         "Notiert, danke", "Das Maklerbüro hat sich nach eigenen Angaben bei Ihnen gemeldet"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_agencys_click_reaches_the_visitors_page_and_mailbox(
    browser: Browser, portal: Portal, database: Database, post_office: PostOffice, lang, wish, wished, contacted, noted,
    seen,
):  # fmt: skip
    def speak(session: Session) -> None:
        for office in session.exec(select(Office)):
            office.locale = lang

    database.write(speak)
    visitor = browser.new_context(locale="en-GB").new_page()
    reference = enquire(visitor, portal.url)
    status = visitor.url.replace("/en/", f"/{lang}/")
    visitor.goto(status)
    visitor.get_by_role("button", name=wish).click()
    expect(visitor.get_by_text(wished)).to_be_visible()

    eventually(lambda: len(post_office.raws) == 2)
    (link,) = re.findall(rf"{portal.url}/{lang}/answer/\S+", text(post_office.to("costa-norte@agency.example")))
    agency = browser.new_context(java_script_enabled=False).new_page()
    agency.goto(link)
    assert reference in agency.inner_text("main") and "Jane" not in agency.inner_text("main")
    visitor.reload()
    expect(visitor.get_by_text(seen)).to_have_count(0)
    agency.get_by_role("button", name=contacted).dblclick()
    expect(agency.get_by_role("heading", level=1)).to_have_text(noted)

    visitor.reload()
    expect(visitor.locator(".timeline .now")).to_contain_text(seen)
    eventually(lambda: len(post_office.raws) == 3)
    assert reference in text(post_office.mails[-1]) and post_office.mails[-1]["To"] == "jane.smith@example.com"

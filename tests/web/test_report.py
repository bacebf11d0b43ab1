"""Somebody reports a listing: three choices, a few words, no name."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from portal import addresses, db
from portal.catalogue import reports
from portal.catalogue.agencies import Contact
from portal.catalogue.reports import ListingReport
from portal.mail.composing import Letterhead, compose
from portal.mail.mails import Mail
from portal.message_kinds import KINDS
from tests.cast import NOW, SIGNER
from tests.smtp import read, text
from tests.web.reading import Page, get


@pytest.fixture
def form(villa) -> str:
    """Where the villa is reported."""
    return addresses.report("en", villa.split("/")[-1].partition("-")[0])


def kept(database) -> list[tuple[str, str, bool]]:
    with database.read() as session:
        found = session.exec(select(ListingReport).order_by(ListingReport.id)).all()
        return [(report.reason, report.words, report.mail_id is not None) for report in found]


def mail_of(database) -> Mail:
    with database.read() as session:
        return session.exec(select(Mail).where(Mail.kind == reports.KIND)).one()


def test_a_report_is_stored_and_mailed_to_whoever_receives_the_agencys_leads(client, form, database):
    page = get(client, form)
    assert page.status == 200
    assert "noindex" in page.response.text
    answer = client.post(form, data={"reason": "gone", "words": "Sold in\u2028May\0 \u202ealready"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{form}/sent")
    assert "Costa Norte Homes hears of it" in get(client, f"{form}/sent").text
    assert kept(database) == [("gone", "Sold in\nMay already", True)]
    mail = mail_of(database)
    assert (mail.recipient, mail.locale) == ("costa-norte@agency.example", "es")


def test_the_mail_says_what_is_wrong_with_which_home_and_in_what_words(client, form, villa, database):
    client.post(form, data={"reason": "wrong", "words": "The bath\nis <b>one</b>"})
    database.write(lambda session: setattr(session.exec(select(Mail)).one(), "locale", "en"))
    with database.read() as session:
        mail = session.exec(select(Mail)).one()
        letter = KINDS[mail.kind].render(
            session, mail, Letterhead("leads@portal.example", "https://x.example", SIGNER, "bounces@portal.example")
        )
        got = read(compose(mail, letter, "leads@portal.example", NOW))
    assert got["Subject"] == "A visitor reports MB-1042: Facts, price or photos are wrong"
    assert got["Reply-To"] is None
    body = text(got)
    for words in ("Villa in Nueva Andalucía, Marbella", "The bath\nis <b>one</b>", f"https://x.example{villa}"):
        assert words in body
    assert "<b>one</b>" not in letter.html


def test_the_agency_hears_of_a_reason_once_a_day_and_every_report_is_kept(client, form, database):
    for reason in ("gone", "gone", "wrong", "gone"):
        client.post(form, data={"reason": reason})
    assert kept(database) == [("gone", "", True), ("gone", "", False), ("wrong", "", True), ("gone", "", False)]

    def yesterday(session: Session) -> None:
        for report in session.exec(select(ListingReport)):
            report.reported_at = db.utcnow() - timedelta(hours=25)

    database.write(yesterday)
    client.post(form, data={"reason": "gone"})
    assert kept(database)[-1] == ("gone", "", True)


def test_without_a_confirmed_contact_ops_alone_hear_of_it(client, form, database):
    database.write(lambda session: [session.delete(one) for one in session.exec(select(Contact))])
    assert client.post(form, data={"reason": "forbidden"}).status_code == 303
    assert kept(database) == [("forbidden", "", False)]


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({}, {"reason": "Choose what is wrong"}),
        ({"reason": "boring"}, {"reason": "Choose what is wrong"}),
        ({"reason": "gone", "words": "x" * 1001}, {"words": "Shorten the text to 1,000 characters"}),
    ],
)
def test_a_form_with_mistakes_comes_back_filled_and_nothing_is_stored(client, form, database, fields, errors):
    page = get_back(client, form, {"words": "Kept", **fields})
    assert page.status == 422
    assert page.errors() == errors
    assert page.title.startswith("Error: ")
    assert page.form()["words"].strip() == fields.get("words", "Kept")
    assert kept(database) == []


def get_back(client, form, fields, **headers):
    return Page(client.post(form, data=fields, headers=headers))


def test_a_report_from_another_site_is_not_taken_but_comes_back_filled(client, form, database):
    page = get_back(client, form, {"reason": "gone", "words": "Kept"}, origin="https://evil.example")
    assert page.status == 403
    assert page.form()["words"].strip() == "Kept"
    assert kept(database) == []


def test_a_home_that_is_gone_or_never_was_is_not_reported(client, form, change, database):
    assert get(client, "/en/report/zzzzzzzzzz").status == 404
    change(state="withdrawn", withdrawn_at=NOW)
    assert get(client, form).status == 410
    page = get_back(client, form, {"reason": "gone", "words": "My words"})
    assert page.status == 410
    assert page.tree.get_element_by_id("words").text.strip() == "My words"
    assert "What you sent could not be taken any more. Nothing was recorded." in page.text
    assert kept(database) == []

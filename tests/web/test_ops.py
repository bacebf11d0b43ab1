"""The ops face: the captured mails in demo mode, a plain page elsewhere, and nothing a mail could do to its reader."""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from sqlalchemy import delete
from sqlmodel import Session, col, select
from starlette.testclient import TestClient

from portal import message_kinds
from portal.catalogue.properties import Property
from portal.db import Database
from portal.enquiries import receiving
from portal.leads import LeadPerson
from portal.mail import outbox
from portal.mail.composing import compose
from portal.mail.mails import Mail
from portal.settings import Settings
from portal.web import ops
from portal.web.ops import mails
from tests import cast
from tests.cast import NOW, SENDING, SIGNER
from tests.lettering import LETTERHEAD
from tests.web.reading import Page

WICKED = (
    '<p style="color:red" onclick="alert(1)">Hello</p><script>alert(2)</script><img src="https://tracker.example/x">'
)


@pytest.fixture
def demo(settings: Settings, tmp_path: Path) -> Settings:
    (tmp_path / "data").mkdir()
    return settings.model_copy(update={"mode": "demo", "smtp_relay": "capture:"})


@pytest.fixture
def viewer(demo: Settings) -> Iterator[TestClient]:
    with TestClient(ops.create(demo), follow_redirects=False) as made:
        yield made


def raw(subject: str, text: str, html: str | None = None, **files: str) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = "leads@immomarket.example", "leads@agency.example", subject
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    for name, content in files.items():
        message.add_attachment(content.encode(), "text", "html", filename=name)
    return message.as_bytes()


def mail(session: Session, about: str, kind: str = "lead", **changes: object) -> int:
    made = outbox.queue(session, kind, about, "leads@agency.example", "en", NOW, "immomarket.example")
    for name, value in changes.items():
        setattr(made, name, value)
    session.flush()
    assert made.id is not None
    return made.id


@pytest.fixture
def captured(database: Database) -> int:
    bytes_ = raw("Enquiry MB-1042: «Ático» in Ojén", "Read it at https://immomarket.example/en/p/x-y.\n\nBye", WICKED)
    return database.write(lambda session: mail(session, "lead:1", state="accepted", raw=bytes_))


def test_every_kind_of_mail_has_a_name_here():
    assert set(mails.KINDS) == set(message_kinds.KINDS)


def test_the_mails_are_listed_newest_first_with_what_each_is(database: Database, viewer: TestClient, captured: int):
    database.write(lambda session: mail(session, "lead:2", "confirmation"))
    answer = Page(viewer.get("/ops"))
    assert answer.status == 200
    assert list(answer.links("subject")) == ["Not written yet", "Enquiry MB-1042: «Ático» in Ojén"]
    assert answer.texts("state") == ["Queued", "Captured"]
    assert "Confirmation to the visitor" in answer.text and "leads@agency.example" in answer.text


def test_an_empty_outbox_says_how_to_fill_it(viewer: TestClient):
    assert "No mail yet" in Page(viewer.get("/ops")).text


def test_earlier_mails_stand_on_further_pages(database: Database, viewer: TestClient):
    numbers = [database.write(lambda session, each=each: mail(session, f"lead:{each}")) for each in range(53)]
    first = viewer.get("/ops").text
    (earlier,) = re.findall(r'"(/ops\?before=\d+)"', first)
    shown = re.findall(r"/ops/mail/(\d+)", first + viewer.get(earlier).text)
    assert [int(number) for number in shown] == numbers[::-1]


def test_a_mail_shows_its_text_with_links_and_its_headers(viewer: TestClient, captured: int):
    answer = Page(viewer.get(f"/ops/mail/{captured}"))
    assert answer.links("mail-text") == {"https://immomarket.example/en/p/x-y": "https://immomarket.example/en/p/x-y"}
    assert "leads@immomarket.example" in answer.text
    assert "alert(" not in answer.response.text


def test_the_html_of_a_mail_stands_in_a_frame_that_may_do_nothing(
    demo: Settings, viewer: TestClient, captured: int
):  # fmt: skip
    page = viewer.get(f"/ops/mail/{captured}")
    (frame,) = Page(page).tree.xpath(".//iframe")
    assert frame.get("sandbox") == "" and "frame-src 'self'" in page.headers["content-security-policy"]
    inside = viewer.get(frame.get("src"))
    assert inside.text.strip() == WICKED
    policy = inside.headers["content-security-policy"].split("; ")
    pictures = f"img-src data: {demo.origin}/media/"
    assert {"default-src 'none'", "style-src 'unsafe-inline'", pictures, "sandbox"} <= set(policy)
    assert "script" not in inside.headers["content-security-policy"]


def test_the_file_holds_the_bytes_as_they_were_frozen(viewer: TestClient, captured: int):
    answer = viewer.get(f"/ops/mail/{captured}.eml")
    assert answer.headers["content-type"] == "message/rfc822" and "attachment" in answer.headers["content-disposition"]
    assert message_from_bytes(answer.content)["To"] == "leads@agency.example"


def test_a_mail_that_is_not_written_yet_has_a_page_and_no_parts(database: Database, viewer: TestClient):
    number = database.write(lambda session: mail(session, "lead:2"))
    assert "when it first tries" in Page(viewer.get(f"/ops/mail/{number}")).text
    assert viewer.get(f"/ops/mail/{number}/html").status_code == 404
    assert viewer.get(f"/ops/mail/{number}.eml").status_code == 404


def test_a_mail_of_text_alone_has_no_frame(database: Database, viewer: TestClient):
    number = database.write(lambda session: mail(session, "lead:3", raw=raw("Plain", "Just text")))
    assert "<iframe" not in viewer.get(f"/ops/mail/{number}").text


def test_what_is_attached_is_listed_read_as_text_and_kept_as_a_file_and_never_shown_as_a_page(
    database: Database, viewer: TestClient
):
    bytes_ = raw("Enquiry", "Text", "<p>x</p>", **{"lead.json": WICKED, 'x"\r\n../e.html\u202e': "second"})
    number = database.write(lambda session: mail(session, "lead:5", raw=bytes_))
    page = Page(viewer.get(f"/ops/mail/{number}"))
    assert page.tree.xpath("//section[@id='attachments']//li/a[1]/text()") == ["lead.json", "attachment-2.bin"]
    assert "alert(" not in page.response.text
    read, kept = page.tree.xpath("//section[@id='attachments']//li[1]//a/@href")
    for path, kind in ((read, "text/plain; charset=utf-8"), (kept, "application/octet-stream")):
        answer = viewer.get(path)
        assert answer.text == WICKED and answer.headers["content-type"] == kind
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
        assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["cache-control"] == "no-store"
    assert viewer.get(kept).headers["content-disposition"] == 'attachment; filename="lead.json"'
    for wrong in (f"{kept[:-1]}3", f"{kept[:-1]}0", f"{kept}x", f"{kept[:-1]}3/text"):
        assert viewer.get(wrong).status_code == 404


@pytest.fixture
def sent(database: Database) -> int:
    """A lead's mail in Spanish, as it was sent."""

    def publish(session: Session) -> Property:
        cast.policy(session)
        return cast.home(session, cast.agency(session))

    enquiry = cast.enquiry(database, database.write(publish))
    database.write(lambda session: receiving.receive(session, enquiry, SENDING, SIGNER, cast.SETTINGS, NOW))

    def freeze(session: Session) -> int:
        row = session.exec(select(Mail).where(Mail.kind == "lead")).one()
        letter = message_kinds.KINDS["lead"].render(session, row, LETTERHEAD)
        row.state, row.raw = "accepted", compose(row, letter, LETTERHEAD.address, NOW)
        return row.id or 0

    return database.write(freeze)


def everything(database: Database) -> list[dict[str, object]]:
    with database.read() as session:
        return [row.model_dump() for row in session.exec(select(Mail).order_by(col(Mail.id)))]


def test_a_mail_is_previewed_in_every_language_with_its_attachments_and_what_was_sent_stays(
    database: Database, viewer: TestClient, sent: int
):
    before = everything(database)
    page = Page(viewer.get(f"/ops/mail/{sent}"))
    assert "A preview." not in page.text and "Nombre: Jane Smith" in page.text
    for lang, words in {"en": "would like to see", "de": "besichtigen", "sv": "visning"}.items():
        (link,) = page.tree.xpath(f"//a[@hreflang='{lang}']/@href")
        preview = Page(viewer.get(link))
        assert words in preview.text and "A preview." in preview.text and ".eml" not in preview.response.text
        (frame,) = preview.tree.xpath("//iframe/@src")
        assert f'lang="{lang}"' in viewer.get(frame).text and words in viewer.get(frame).text
        read, kept = preview.tree.xpath("//section[@id='attachments']//li[2]//a/@href")
        assert viewer.get(read).json() == viewer.get(kept).json()
        assert f"/{lang}/answer/" in viewer.get(read).json()["answer_url"]
    assert everything(database) == before


def test_there_is_no_preview_in_a_language_we_do_not_speak_or_of_what_is_gone(
    database: Database, viewer: TestClient, sent: int, captured: int
):
    assert viewer.get(f"/ops/mail/{sent}?lang=it").status_code == 404
    database.write(lambda session: session.execute(delete(LeadPerson)))
    assert viewer.get(f"/ops/mail/{sent}").status_code == 200
    assert viewer.get(f"/ops/mail/{sent}?lang=de").status_code == 404
    digest = database.write(lambda session: mail(session, "lead:4", "digest"))
    assert "hreflang" not in viewer.get(f"/ops/mail/{digest}").text
    assert viewer.get(f"/ops/mail/{digest}?lang=de").status_code == 404


def test_a_mail_without_attachments_lists_none(viewer: TestClient, captured: int):
    assert "Attachments" not in viewer.get(f"/ops/mail/{captured}").text


@pytest.mark.parametrize(
    "path",
    ["/ops/mail/999", "/ops/mail/0", "/ops/mail/x", "/ops/mail/9999999999999999999/html", "/ops?before=x", "/en/"],
)
def test_what_is_not_there_is_a_plain_404(viewer: TestClient, path: str):
    answer = Page(viewer.get(path))
    assert answer.status == 404 and answer.title.startswith("Not found")


def test_no_page_sets_a_cookie_is_kept_or_allows_anything_unsafe(viewer: TestClient, captured: int):
    for path in ("/ops", f"/ops/mail/{captured}", "/ops/mail/999", f"/ops/mail/{captured}/html"):
        answer = viewer.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers and "strict-transport-security" not in answer.headers
        assert ("unsafe" in answer.headers["content-security-policy"]) == path.endswith("/html")


def test_the_bare_address_leads_to_the_mails_and_the_look_is_served(viewer: TestClient):
    assert viewer.get("/").headers["location"] == "/ops"
    assert viewer.get("/static/site.css").status_code == 200


def test_outside_demo_mode_the_mails_are_not_there(demo: Settings, captured: int):
    with TestClient(ops.create(demo.model_copy(update={"mode": "production"}))) as visitor:
        assert "console comes later" in Page(visitor.get("/ops")).text
        assert visitor.get(f"/ops/mail/{captured}").status_code == 404


def test_a_kind_of_mail_without_a_name_of_its_own_is_shown_by_its_code(database: Database, viewer: TestClient):
    database.write(lambda session: mail(session, "lead:4", "digest"))
    assert "digest" in Page(viewer.get("/ops")).text

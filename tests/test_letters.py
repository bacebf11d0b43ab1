"""The samples of our mails, and that the audits of mails object where something is wrong."""

import io
from email.message import EmailMessage

import pytest
from PIL import Image
from playwright.sync_api import Browser

from audit.mails import looks, rules, spam, support
from portal.message_kinds import KINDS
from tests import letters
from tests.letters import ORIGIN, Sample, SampleMissing

GOOD = (
    '<html lang="en"><body style="margin:0;background:#fff;color:#111"><p style="font-size:15px">{}</p></body></html>'
)
PLAIN = "Jo Li would like to see MB-1\nName: Jo Li\nE-mail: jo@gmail.com\nPhone: +447911123456\nWish: A viewing\n"


PICTURE = io.BytesIO()
Image.new("RGB", (300, 200), "teal").save(PICTURE, "JPEG")
GIVEN = {f"{ORIGIN}/1.jpg": ("image/jpeg", PICTURE.getvalue()), f"{ORIGIN}/heavy.jpg": ("image/jpeg", b"x" * 100_001)}


def sample(html: str, kind: str = "lead") -> Sample:
    message = EmailMessage()
    message["From"], message["To"] = "ImmoMarket <leads@immomarket.example>", "office@agency.example"
    message["Date"] = "Mon, 23 Nov 2026 13:12:07 +0000"
    message.set_content(PLAIN)
    message.add_alternative(html, subtype="html")
    return Sample(kind, "made", "en", message.as_bytes(), GIVEN)


def test_every_kind_of_mail_has_samples_and_each_visitors_mailbox_is_among_those_of_the_lead(migrated_sqlite, tmp_path):
    found = letters.in_language(tmp_path / "nl", migrated_sqlite, "nl")
    assert not letters.lacking(found)
    assert len({mail.name for mail in found}) == len(found), "each has a name of its own"
    answers = {str(mail.message["Reply-To"].addresses[0].domain) for mail in found if mail.kind == "lead"}
    assert answers >= {"gmail.com", "outlook.com", "smith-partners.example"}
    assert {mail.lang for mail in found} == {"nl"}
    assert not [remark for mail in found for remark in rules.of_source(mail)]
    assert {kind for mail in found for kind, _ in mail.pictures.values()} == {"image/jpeg"}


def test_a_kind_of_mail_without_a_scene_is_named(migrated_sqlite, tmp_path, monkeypatch):
    monkeypatch.setitem(KINDS, "greeting", KINDS["report"])
    monkeypatch.setattr(letters, "SCENES", {"gmail": letters.SCENES["gmail"]})
    others = "answered, greeting, invitation, mailbox, release, reminder, report, succession, unanswered"
    with pytest.raises(SampleMissing, match=f": {others}$"):
        letters.in_language(tmp_path / "en", migrated_sqlite, "en")


@pytest.mark.parametrize(
    ("html", "remark"),
    [
        (GOOD.replace('lang="en"', 'lang="es"'), "lang is 'es'"),
        (GOOD.format("x" * 40_000), "bytes of HTML"),
        (GOOD.format(f'<img src="{ORIGIN}/1.jpg" width="1" alt="">'), "a picture without height"),
        (
            GOOD.format(f'<img src="{ORIGIN}/2.jpg" width="1" height="1" alt="">'),
            "the site does not give, such as: http",
        ),
        (GOOD.format(f'<img src="{ORIGIN}/heavy.jpg" width="1" height="1" alt="">'), "a picture of 100001 bytes"),
        (GOOD.format('<img src="https://cdn.example/1.jpg" width="1" height="1" alt="">'), "loads https://cdn.example"),
        (GOOD.format('<b style="background:url(//x.example/a.png)">x</b>'), "loads //x.example/a.png"),
        (GOOD.format('<a href="https://track.example/1">x</a>'), "leads to https://track.example"),
    ],
)
def test_the_source_of_a_mail_is_objected_to(html: str, remark: str):
    assert any(remark in found for found in rules.of_source(sample(html)))


@pytest.mark.parametrize(
    ("html", "remark"),
    [
        (GOOD.format('<span style="display:block;width:500px">x</span>'), "is 500 px wide in a window of 390"),
        (GOOD.format('<small style="font-size:12px">small print</small>'), "text of 12 px, such as: small print"),
        (GOOD.format('<b style="color:#888">pale</b>'), "contrast 3.54 in light, such as: pale"),
        (GOOD.format('<a style="display:block" href="tel:1">Call</a>'), "px high, such as: Call"),
        (GOOD.format("Somebody"), "not in the first screen: the name"),
        (GOOD.format("Jo Li"), "not in the first screen: the e-mail address"),
        (GOOD.format("Jo Li jo@gmail.com"), "not in the first screen: the phone number"),
        (GOOD.format("Jo Li jo@gmail.com +44 7911 123456"), "not in the first screen: the wish"),
        (GOOD.format('<i style="display:block;height:700px"></i>Jo Li'), "not in the first screen: the name"),
        (
            GOOD.format('<img src="https://cdn.example/1.jpg">'),
            "asks for what the site does not give, such as: https://cdn",
        ),
    ],
)
def test_what_a_mail_looks_like_is_objected_to(browser: Browser, tmp_path, html: str, remark: str):
    way = looks.Way(390, "light", pictures=True)
    assert any(remark in found for _, found in looks.seen(browser, [sample(html)], way, tmp_path))


def test_a_mail_that_is_as_it_should_be_is_not_objected_to(browser: Browser, tmp_path):
    good = GOOD.format(
        'Jo Li, A viewing, <a href="mailto:jo@gmail.com" style="color:#114">+44 7911 123456</a>'
        f'<img src="{ORIGIN}/1.jpg" width="300" height="200" alt="A house" style="display:block">'
    )
    for way in looks.WAYS:
        assert looks.seen(browser, [sample(good)], way, tmp_path) == []
    assert list(rules.of_source(sample(good))) == [] and len(list(tmp_path.glob("*.png"))) == len(looks.WAYS)


def test_a_feature_that_is_left_out_must_be_an_exception_and_an_exception_must_be_needed():
    missing = {"flex": {"outlook.windows"}, "border-radius": {"outlook.windows"}}
    exceptions = {"border-radius": "corners are square", "position": "nothing sticks"}
    assert support.objections(missing, exceptions) == [
        "flex is left out by outlook.windows", "no mail has position any more: strike it",
    ]  # fmt: skip


def test_the_table_of_points_has_a_column_for_each_language_and_names_the_rules():
    judged = [spam.Judged(1.45, {"FREEMAIL_FORGED_REPLYTO": 1.2})]
    head, row = spam.table([sample(GOOD)], judged)
    assert head.split() == ["en", "es", "de", "fr", "nl", "sv"]
    assert row.split() == ["lead-made", "1.4", "FREEMAIL_FORGED_REPLYTO", "1.2"]


@pytest.mark.skipif(not spam.is_there(), reason="SpamAssassin is not installed")
def test_text_in_the_colour_of_its_ground_gives_points(tmp_path):
    hidden = GOOD.format('A home with a view. <span style="color:#ffffff">cheap pills</span>')
    (judged,) = spam.judge([sample(hidden)], tmp_path / "spam")
    assert judged.rules.get("HTML_FONT_LOW_CONTRAST", 0) > 0.5 and "NO_RECEIVED" not in judged.rules

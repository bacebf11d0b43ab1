"""A letter becomes a mail that every reader reads the same, whatever strangers wrote into it."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.mail.composing import Letter, NoAddress, ascii_domain, compose, one_line
from portal.mail.mails import Mail
from tests.cast import NOW
from tests.smtp import read, text

HOSTILE = (
    "=?utf-8?q?a=0D=0ABcc=3A_x@y.example?=", "=?utf-7?q?+AA0-?=",
    "Jane\r\nBcc: all@example.com", "Jane\nSubject: other", "Jane\0Smith", "Jane\u2028Smith", "Jane\u2029\u2029Smith",
    "\u202eenaJ", "👩‍👩‍👧 Smith", "J" * 10_000, '"Jane" <x@example.com>,', "Ж" * 300, "Jane\udcff", "=?utf-8?q?Jane?=",
    "", " ", "Jane, Smith; (x)", "李小龙", "--=_boundary--", "\x1b[31m", "a\tb\x0bc",
)  # fmt: skip
NAMES = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(), max_size=300))
ONCE = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "X-ImmoMarket-Lead")


def mail(recipient: str = "elena@agency.example") -> Mail:
    return Mail(
        id=1, kind="lead", about="lead:IM-7K4Q-2MXD", recipient=recipient, locale="es", queued_at=NOW, due_at=NOW,
        message_id="<lead.0123456789abcdef01234567.1@portal.example>",
    )  # fmt: skip


def composed(letter: Letter, recipient: str = "elena@agency.example", date: datetime = NOW) -> bytes:
    return compose(mail(recipient), letter, "leads@portal.example", date)


@given(name=NAMES, words=NAMES, header=NAMES)
def test_no_name_and_no_words_break_a_mail_or_add_a_header(name, words, header):
    letter = Letter(
        f"Enquiry – {name}", f"Name: {one_line(name)}\n\n{words}\n", f"<p>{one_line(words)}</p>",
        reply_to=(name, "jane@example.com"), headers={"X-ImmoMarket-Lead": header},
    )  # fmt: skip
    raw = composed(letter)
    assert raw == composed(letter)
    assert raw.isascii() and b"\0" not in raw and max(len(line) for line in raw.split(b"\r\n")) <= 998
    got = read(raw)
    assert got.defects == [] and [part.get_content_type() for part in got.walk()][1:] == ["text/plain", "text/html"]
    for name_once in ONCE:
        assert len(got.get_all(name_once, [])) == 1
    assert got["Bcc"] is None
    assert b"\r\nBcc:" not in raw.partition(b"\r\n\r\n")[0]
    (address,) = got["Reply-To"].addresses
    assert address.addr_spec == "jane@example.com"
    assert len(str(got["Subject"])) <= 180


@pytest.mark.parametrize("words", ["a\n.\nb", "From x\n..", "x" * 5000, "=_x\n--=_x--", "tab\tand  spaces "])
def test_the_text_arrives_as_it_was_written(words):
    assert text(read(composed(Letter("s", f"{words}\n", "<p>h</p>")))) == f"{words}\n"


def test_the_headers_are_those_agreed():
    raw = composed(
        Letter("Consulta MB-1042", "t", "h", ("Jane Smith", "jane@example.com"), {"Feedback-ID": "1:lead:x"}, True)
    )
    got = read(raw)
    assert str(got["From"]) == "ImmoMarket <leads@portal.example>"
    assert got["To"] == "elena@agency.example" and got["Reply-To"] == "Jane Smith <jane@example.com>"
    assert got["Message-ID"] == mail().message_id and got["Auto-Submitted"] == "auto-generated"
    assert got["Date"].datetime == datetime(2026, 11, 23, 13, 12, 7, tzinfo=UTC)
    assert "Sender" not in got and "Cc" not in got


def test_an_international_domain_is_written_as_dns_writes_it():
    got = read(composed(Letter("s", "t", "h", ("Jürgen", "juergen@straße.example")), "info@bücher.example"))
    assert got["Reply-To"].addresses[0].addr_spec == "juergen@xn--strae-oqa.example"
    assert got["To"] == "info@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "address", ["jürgen@example.com", "", "nobody", "a@b@c d", "x@\udcff.example", "a b@c.example"]
)
def test_an_address_that_cannot_stand_in_a_header_leaves_no_reply_to(address):
    assert read(composed(Letter("s", "t", "h", ("Jürgen", address))))["Reply-To"] is None


@pytest.mark.parametrize("address", ["elena", "", "elena@agency.example\r\nBcc: x@example.com", "x@-ü-.example"])
def test_a_recipient_that_is_no_address_is_our_mistake_and_no_mail(address):
    with pytest.raises(NoAddress):
        composed(Letter("s", "t", "h"), address)


def test_a_long_line_is_cut_where_it_is_seen_to_be_cut():
    assert one_line("a b\n c\u2028d") == "a b c d"
    assert one_line("x" * 20, 10) == "xxxxxxxxx…"
    assert ascii_domain("a@b.example") == "a@b.example"


@given(NAMES)
def test_a_subject_is_read_as_it_was_written_and_no_line_or_encoded_word_of_it_is_empty(name):
    subject = one_line(f"Enquiry {name}", 150).replace("=?", "= ?")
    (lines,) = re.findall(rb"^Subject: (.*(?:\r\n[ \t].*)*)\r\n", composed(Letter(subject, "t", "h")), re.MULTILINE)
    assert str(read(b"Subject: " + lines + b"\r\n\r\n")["Subject"]) == subject
    assert all(line.strip() and len(line) <= 76 for line in (b"Subject: " + lines).split(b"\r\n"))
    assert b"?q??=" not in lines and b"?b??=" not in lines


def test_a_long_subject_begins_on_its_first_line():
    subject = "Aanvraag GPHFV-VENTA-000123456-B-" + "langeStraatnaam" * 6
    assert re.search(rb"\r\nSubject: \S", composed(Letter(subject, "t", "h")))

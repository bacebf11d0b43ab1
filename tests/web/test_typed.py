"""What people type comes out clean and says the same."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.web import typed


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  Jane\t Smith \r\n", "Jane Smith"),
        ("Jane\r\nBcc: all@example.com", "Jane Bcc: all@example.com"),
        ("a\u2028b\u2029c\x85d", "a b c d"),
        ("\u202eevil\u202c \u2066x\u2069\u200f", "evil x"),
        ("nul\x00 bell\x07 del\x7f", "nul bell del"),
        ("Jose\u0301", "José"),
        ("lone \ud800 half", "lone half"),
        ("\ufeffbom \ufffe", "bom"),
        ("👩\u200d👩\u200d👧 ok", "👩\u200d👩\u200d👧 ok"),
        ("عربي עברית 日本", "عربي עברית 日本"),
        (None, ""),
    ],
)
def test_a_line_is_one_line_of_plain_text(raw, clean):
    assert typed.line(raw) == clean


def test_paragraphs_keep_their_lines_and_at_most_one_empty_one():
    assert typed.paragraphs("one \r\ntwo\r\rthree\n\n\n\nfour\u2028five\n") == "one\ntwo\n\nthree\n\nfour\nfive"


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text):
    for clean in (typed.line, typed.paragraphs):
        once = clean(text)
        assert clean(once) == once
        assert unicodedata.is_normalized("NFC", once)


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("Jane.Smith@EXAMPLE.com", "Jane.Smith@example.com"),
        ("jane@münchen.de", "jane@xn--mnchen-3ya.de"),
        ("jane+home@example.com", "jane+home@example.com"),
        ("jané@example.com", None),
        ("jane.smith@gmail", None),
        ("jane smith@example.com", None),
        ("jane@example.com\x00", None),
        ('"a b"@example.com', None),
        ("jane@[127.0.0.1]", None),
        ("", None),
    ],
)
def test_an_address_is_taken_in_the_form_mail_can_be_sent_to(address, sent):
    assert typed.email(address) == sent


@pytest.mark.parametrize("slip", ["gmial.com", "gmal.com", "gmaill.com", "gmail.con", "GMIAL.com"])
def test_a_slip_in_a_common_domain_is_recognised(slip):
    assert typed.email_meant(f"j@{slip}") == "j@gmail.com"


@pytest.mark.parametrize("fine", ["gmail.com", "example.com", "gail.org", "", "com"])
def test_other_domains_are_nobodys_slip(fine):
    assert typed.email_meant(f"j@{fine}") is None


@pytest.mark.parametrize(
    ("number", "languages", "read"),
    [
        ("952123456", ("en", "en"), ("+34952123456", "ES")),
        ("+34 952 12 34 56", ("en", "en"), ("+34952123456", "ES")),
        ("0044 20 7946 0958", ("es", "es"), ("+442079460958", "GB")),
        ("020 7946 0958", ("en", "es"), ("+442079460958", "GB")),
        ("030 123456", ("de", "es"), ("+4930123456", "DE")),
        ("ask my secretary", ("en", "en"), ("", "")),
        ("12", ("en", "en"), ("", "")),
    ],
)
def test_a_number_is_read_by_prefix_then_by_language_then_as_spanish(number, languages, read):
    found = typed.phone(number, *languages)
    assert (found.typed, found.e164, found.region) == (number, *read)

"""What people type, made safe to store, mail, export and print, without changing what it says.

Text comes out in NFC without control characters, line separators and direction marks; joiners stay, because emoji and
whole scripts need them. So an accepted lead can always be mailed and exported.
"""

import re
import unicodedata
from typing import NamedTuple

import phonenumbers
from email_validator import EmailNotValidError, validate_email

# Embeddings, overrides, isolates and marks of direction: they turn the text around them on the reader's screen.
_DIRECTION = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_REMOVED = re.compile(f"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff{_DIRECTION}\ufeff\ufdd0-\ufdef\ufff9-\uffff]")
REGIONS = {"en": "GB", "es": "ES", "de": "DE", "nl": "NL", "fr": "FR", "sv": "SE"}
COMMON_DOMAINS = ("gmail.com", "hotmail.com", "outlook.com", "yahoo.com", "icloud.com", "hotmail.es", "yahoo.es")


class Phone(NamedTuple):
    """A number as typed, and as we read it: E.164 and region are empty where it could not be read."""

    typed: str
    e164: str
    region: str


def line(text: str | None) -> str:
    """One line: every kind of white space and line end becomes one space."""
    return " ".join(paragraphs(text).split())


def paragraphs(text: str | None) -> str:
    """Text of several lines, with line feeds only and at most one empty line between paragraphs."""
    clean = _REMOVED.sub("", _LINE_ENDS.sub("\n", text or ""))
    lines = [one.rstrip() for one in unicodedata.normalize("NFC", clean).replace("\t", " ").split("\n")]
    return re.sub("\n{3,}", "\n\n", "\n".join(lines)).strip()


def email(text: str) -> str | None:
    """The address in the form mail can be sent to (domain in A-labels, RFC 5891); None where it is not one."""
    try:
        return validate_email(text, check_deliverability=False, allow_smtputf8=False).ascii_email
    except EmailNotValidError:
        return None


def email_meant(address: str) -> str | None:
    """The address probably meant where its domain is one letter off a common one; None where nothing is odd."""
    name, _, domain = address.rpartition("@")
    meant = next((known for known in COMMON_DOMAINS if _one_slip(domain.lower(), known)), None)
    return f"{name}@{meant}" if meant else None


def phone(text: str, *languages: str) -> Phone:
    """A phone number in any way of writing, read as of the countries these languages suggest, then as Spanish."""
    typed = line(text)
    for region in dict.fromkeys([*(REGIONS.get(language, "ES") for language in languages), "ES"]):
        try:
            number = phonenumbers.parse(re.sub(r"^\s*00", "+", typed), region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            return Phone(typed, e164, phonenumbers.region_code_for_number(number) or "")
    return Phone(typed, "", "")


def _one_slip(typed: str, meant: str) -> bool:
    # One letter missing, doubled, wrong, or two neighbours swapped.
    if typed == meant or abs(len(typed) - len(meant)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(typed, meant, strict=False)) if a != b), min(len(typed), len(meant)))
    left, right = typed[start:], meant[start:]
    return left[1:] == right[1:] or left[1:] == right or left == right[1:] or left[1::-1] + left[2:] == right

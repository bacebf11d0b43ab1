"""The visitor as a contact card: vCard 3.0 (RFC 2426), which phones and Outlook both read; Outlook does not read 4.0.

`CHARSET` is older than 3.0 and stands only where a line is not ASCII: Outlook takes such a line for the machine's own
letters without it, and the others pass over it. A `TEL` without a type is one that Outlook drops. `LANG` is RFC 6350's.
"""

from collections.abc import Iterator

from portal.forwarding.facts import Facts
from portal.mail.composing import Attachment, Letterhead, one_line

NAME = "contact.vcf"
WIDTH = 75  # octets of a line without its end (RFC 2426 §2.6)


def attachment(facts: Facts, letterhead: Letterhead) -> Attachment:
    """The visitor as a file for an address book."""
    lines = [_folded(line) for line in _lines(facts)]
    return Attachment(NAME, "text/vcard", b"".join(lines))


def _lines(facts: Facts) -> Iterator[str]:
    name = one_line(facts.name)
    forename, _, surname = name.partition(" ")
    yield "BEGIN:VCARD"
    yield "VERSION:3.0"
    yield _line("N", surname, forename, "", "", "")
    yield _line("FN", name)
    if facts.company:
        yield _line("ORG", facts.company)
    phone = facts.phone_e164 or facts.phone
    if phone:
        yield _line("TEL;TYPE=CELL,VOICE" if facts.phone_is_mobile else "TEL;TYPE=HOME,VOICE", phone)
    yield _line("EMAIL;TYPE=INTERNET,PREF", facts.email)
    yield _line("LANG", facts.answer_locale)
    about = (facts.reference, facts.property_reference, facts.property_title)
    yield _line("NOTE", f"ImmoMarket {' · '.join(one_line(part) for part in about if part)}")
    yield "END:VCARD"


def _line(name: str, *values: str) -> str:
    value = ";".join(_escaped(one_line(each)) for each in values)
    return f"{name}:{value}" if value.isascii() else f"{name};CHARSET=UTF-8:{value}"


def _escaped(text: str) -> str:
    for sign in "\\;,":  # the backslash first
        text = text.replace(sign, f"\\{sign}")
    return text


def _folded(line: str) -> bytes:
    # By octets, and never inside a character: whoever unfolds character by character must not meet half of one.
    folded, room = [], WIDTH
    for sign in line:
        octets = sign.encode()
        if len(octets) > room:
            folded.append(b"\r\n ")
            room = WIDTH - 1
        folded.append(octets)
        room -= len(octets)
    return b"".join(folded) + b"\r\n"

"""Composing: a letter becomes the bytes of a mail, the same bytes whenever it is composed again.

Owns the headers of our mails (RFC 5322) and how strangers' text gets into them: without controls, cut, one line. The
sender is one fixed address for ever, because agencies' software whitelists it; a visitor stands in Reply-To alone.
"""

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime
from typing import Any

import idna

from portal import templating
from portal.mail.mails import Mail
from portal.signing import Signer

SENDER = "ImmoMarket"
SUBJECT_LENGTH = 180
LINE = 76  # the longest line of quoted-printable (RFC 2045 §6.7) and of encoded words (RFC 2047 §2)
SHORT_SUBJECT = LINE - len("Subject: ")
NAME_LENGTH = 60
UNSUBSCRIBE = "List-Unsubscribe"


class _Whole(UnstructuredHeader):
    """A header of one address, on one line: folded as words are, a long one would be encoded and lead nowhere."""

    def fold(self, *, policy: EmailPolicy) -> str:
        return f"{UNSUBSCRIBE}: {self}{policy.linesep}"


class _Subject(UnstructuredHeader):
    """A subject, folded so that no line and no encoded word of it is empty: the standard fold leaves some."""

    def fold(self, *, policy: EmailPolicy) -> str:
        text = str(self)
        if text.isascii() and len(text) <= SHORT_SUBJECT:
            return f"Subject: {text}{policy.linesep}"
        return f"Subject: {Header(text, 'utf-8', LINE, 'Subject').encode(linesep=policy.linesep)}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("subject", _Subject)  # type: ignore[arg-type]  # the registry itself adds BaseHeader
_HEADERS.map_to_type(UNSUBSCRIBE.lower(), _Whole)  # type: ignore[arg-type]  # the registry itself adds BaseHeader
POLICY = SMTP.clone(max_line_length=LINE, cte_type="7bit", header_factory=_HEADERS)
# They turn the reading order of what follows: a name could then show another subject, or another address.
TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class NoAddress(Exception):
    """What should be an e-mail address is none."""


@dataclass(frozen=True)
class Letterhead:
    """What every letter of this installation carries: the sender's address, the public origin, the signer."""

    address: str
    origin: str
    signer: Signer
    bounces: str  # where reports come back to: the envelope sender, before each mail's tag

    def link(self, path: str) -> str:
        """A path of the site as an address that works in a mail."""
        return f"{self.origin}{path}"


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a letter: its name in ASCII, its type such as `application/json`, its bytes.

    Names are ours, never a stranger's text. The bytes of a `text/` one are UTF-8.
    """

    name: str
    type: str
    content: bytes


@dataclass(frozen=True)
class Letter:
    """What a mail says. `reply_to` is name and address of the one person an answer goes to.

    `stop` is the address at which one click ends all such mail (RFC 8058): a page of ours, never a stranger's text.
    """

    subject: str
    text: str
    html: str
    reply_to: tuple[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    automatic: bool = False
    stop: str = ""
    attachments: tuple[Attachment, ...] = ()


def written(kind: str, locale: str, facts: Mapping[str, Any], **options: Any) -> Letter:
    """A letter from the three templates of its kind: `subject.txt`, `body.txt`, `body.html`."""
    subject, text, html = (
        templating.render(f"mail/{kind}/{part}", locale, **facts) for part in ("subject.txt", "body.txt", "body.html")
    )
    return Letter(subject=subject, text=text, html=html, **options)


def compose(mail: Mail, letter: Letter, sender: str, date: datetime) -> bytes:
    """The bytes of a mail, CRLF line ends, 7 bit. Raises `NoAddress` where the recipient is none."""
    to = _address("", mail.recipient)
    # Only an address that itself needs it (RFC 6531) makes a mail with UTF-8 in its headers.
    message = EmailMessage(POLICY if to.addr_spec.isascii() else POLICY.clone(utf8=True))
    message["From"] = Address(SENDER, addr_spec=sender)
    message["To"] = to
    reply_to = _reply_to(letter)
    if reply_to is not None:
        message["Reply-To"] = reply_to
    message["Subject"] = _in_header(letter.subject, SUBJECT_LENGTH)
    message["Date"] = format_datetime(date)
    message["Message-ID"] = mail.message_id
    if letter.automatic:
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers to these
    if letter.stop:
        message[UNSUBSCRIBE] = f"<{letter.stop}>"
        message[f"{UNSUBSCRIBE}-Post"] = f"{UNSUBSCRIBE}=One-Click"
    for name, value in letter.headers.items():
        message[name] = _in_header(value, NAME_LENGTH)
    message.set_content(clean(letter.text), cte="quoted-printable")
    message.add_alternative(clean(letter.html), subtype="html", cte="quoted-printable")
    message.set_boundary(_boundary(mail, "alternative"))
    _attach(message, mail, letter)
    return message.as_bytes()


def ascii_domain(address: str) -> str:
    """An address with its domain as DNS writes it (IDNA 2008, RFC 5891). The local part stays. Raises `NoAddress`."""
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}{at}{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError:
        raise NoAddress("has no domain") from None


def one_line(text: str, length: int | None = None) -> str:
    """Strangers' text as one line for a header or a `Label: value` line: no controls, no turning marks, cut."""
    line = " ".join(_without(clean(text), TURNING).split())
    return line if length is None or len(line) <= length else f"{line[: length - 1].rstrip()}…"


def clean(text: str) -> str:
    """Text that a mail can hold: line ends as `\\n`; no other controls, no half characters."""
    ends = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n\n")
    return "".join(sign for sign in ends if sign in "\n\t" or unicodedata.category(sign) not in ("Cc", "Cs"))


def _attach(message: EmailMessage, mail: Mail, letter: Letter) -> None:
    # Text and HTML become the first part of a mixed mail, and keep their boundary there.
    for attachment in letter.attachments:
        kind, _, subtype = attachment.type.partition("/")
        parameters = {"charset": "utf-8"} if kind == "text" else {}
        message.add_attachment(
            attachment.content, kind, subtype, filename=attachment.name, params=parameters, cte="base64"
        )
    if letter.attachments:
        message.set_boundary(_boundary(mail, "mixed"))


def _boundary(mail: Mail, level: str) -> str:
    # By chance it would differ each time. "=_" never occurs in quoted-printable and no "_" in base64, so nothing that
    # was written can end its part early; and no level's boundary is the beginning of another's.
    return f"=_{hashlib.sha256(f'{level} {mail.message_id}'.encode()).hexdigest()[:32]}"


def _in_header(text: str, length: int) -> str:
    # The standard library would decode what looks like an encoded word (RFC 2047), line ends and all.
    return one_line(text, length).replace("=?", "= ?")


def _without(text: str, signs: frozenset[str]) -> str:
    return "".join(sign for sign in text if sign not in signs)


def _address(name: str, written_as: str) -> Address:
    address = ascii_domain(written_as)
    local, _, domain = address.rpartition("@")
    try:
        if address.isascii():
            return Address(name, addr_spec=address)
        return Address(name, username=local, domain=domain)
    except (ValueError, IndexError, MessageError):  # whatever the parser of the day makes of it
        raise NoAddress("cannot stand in a header") from None


def _reply_to(letter: Letter) -> Address | None:
    # Without it the address still stands in the body: a mail that cannot be answered by one key beats none.
    if letter.reply_to is None:
        return None
    name, written_as = letter.reply_to
    try:
        address = _address(_in_header(name, NAME_LENGTH), written_as)
    except NoAddress:
        return None
    return address if address.addr_spec.isascii() else None

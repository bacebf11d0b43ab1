"""The captured mails: what the demo would have sent, as its recipients would see it, and as it would be written now in
another language: a preview, which is written for the page alone and kept nowhere. What was sent stays what was sent.

A mail's own HTML is shown in a frame that may do nothing: no script, no request, no form. Its answer is the one place
whose policy allows inline styles, because mail readers want them.
"""

import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

from sqlmodel import Session, col, select
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portal import addresses, message_kinds
from portal.catalogue.invitations import InvitationVoid
from portal.forwarding.facts import PersonGone
from portal.language import locales
from portal.language.messages import N_
from portal.leads import Erased
from portal.mail import outbox
from portal.mail.composing import Letterhead, NoAddress, compose
from portal.mail.outbox import Mail, MailUnknown
from portal.web.guards.headers import POLICY
from portal.web.ops.pages import page
from portal.web.rendering import PRIVATE
from portal.web.site import site
from portal.web.transactions import reading

PAGE = 50
FRAMED = "default-src 'none'; style-src 'unsafe-inline'; img-src data: {photos}; frame-ancestors 'self'; sandbox"
KINDS = {
    "lead": N_("Enquiry to the agency"),
    "confirmation": N_("Confirmation to the visitor"),
    "release": N_("Link to the visitor to release an enquiry"),
    "reminder": N_("Reminder to OptimaSys"),
    "invitation": N_("Address to confirm"),
    "succession": N_("Change of address to agree to"),
    "mailbox": N_("Mailbox that refuses mail, to the other contact"),
    "report": N_("Report of a listing to the agency"),
    "answered": N_("Agency's answer, to the visitor"),
    "unanswered": N_("Enquiries without an answer, to the agency"),
}
# The word, its icon and its class: shape before colour.
STATES = {
    "queued": (N_("Queued"), "clock", "state-off"),
    "sending": (N_("Being sent"), "right", ""),
    "accepted": (N_("Captured"), "check", "state-ok"),
    "uncertain": (N_("Uncertain"), "alert", "state-bad"),
    "refused": (N_("Refused"), "alert", "state-bad"),
    "parked": (N_("Parked"), "pause", "state-off"),
    "cancelled": (N_("Cancelled"), "x", "state-off"),
}
# Names we give; anything else is named by its place.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}\.[a-z0-9]{1,10}")
_ADDRESS = re.compile(r"(https?://[^\s<>\"]+[^\s<>\".,;:)])")


@dataclass(frozen=True)
class Attached:
    """A file that goes with a mail: where it stands (from 1), name, type, bytes."""

    place: int
    name: str
    type: str
    content: bytes


@dataclass(frozen=True)
class Letter:
    """One mail of the outbox with what its bytes say; they are not written before the first try to send it."""

    row: Mail
    message: EmailMessage | None
    preview: str = ""  # the language it was written in for the page alone; empty for what was sent

    @property
    def subject(self) -> str:
        """The subject line; empty before it is written."""
        return str(self.message["Subject"] or "") if self.message else ""

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Every header, in order, decoded."""
        return [(name, str(value)) for name, value in self.message.items()] if self.message else []

    @property
    def lines(self) -> list[tuple[str, bool]]:
        """The plain text in pieces: each with whether it is an address to be linked."""
        return [(piece, bool(_ADDRESS.fullmatch(piece))) for piece in _ADDRESS.split(self.part("plain") or "") if piece]

    @property
    def has_html(self) -> bool:
        """Whether there is something for the frame."""
        return self.part("html") is not None

    @property
    def attachments(self) -> list[Attached]:
        """The files that go with it, in order."""
        parts = enumerate(self.message.iter_attachments(), start=1) if self.message else ()
        return [_attached(place, part) for place, part in parts]

    def part(self, kind: str) -> str | None:
        """The body of one kind, `plain` or `html`; None where there is none."""
        found = self.message.get_body((kind,)) if self.message else None
        return None if found is None else str(found.get_content())


async def every(request: Request) -> Response:
    """The mails, newest first."""
    before = request.query_params.get("before", "")
    if before and not re.fullmatch("[1-9][0-9]{0,17}", before):
        raise HTTPException(404)
    letters = await reading(request, _newest, int(before or 0))
    return await page(
        request, "ops/mails.html", letters=letters[:PAGE], kinds=KINDS, states=STATES,
        earlier=letters[PAGE - 1].row.id if len(letters) > PAGE else None,
    )  # fmt: skip


async def show(request: Request) -> Response:
    """One mail: as HTML in its frame, as text, its headers, and the tries to send it."""
    letter = await asked(request)
    response = await page(
        request, "ops/mail.html", letter=letter, mail=letter.row, kinds=KINDS, states=STATES, languages=locales.NAMES,
        can_preview=letter.row.kind in message_kinds.KINDS and letter.row.recipient != "",
    )  # fmt: skip
    response.headers["Content-Security-Policy"] = f"{POLICY}; frame-src 'self'"
    return response


async def html(request: Request) -> Response:
    """The HTML part alone, for the frame."""
    body = (await asked(request)).part("html")
    if body is None:
        raise MailUnknown("no HTML part")
    photos = f"{site(request).settings.origin}{addresses.MEDIA.partition('{')[0]}"
    headers = {**PRIVATE, "Content-Security-Policy": FRAMED.format(photos=photos)}
    return Response(body, headers=headers, media_type="text/html; charset=utf-8")


async def file(request: Request) -> Response:
    """The bytes as they were frozen, to be opened by a mail program."""
    letter = await reading(request, read, number(request))
    if letter.row.raw is None:
        raise MailUnknown("not written yet")
    headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="mail-{letter.row.id}.eml"'}
    return Response(letter.row.raw, headers=headers, media_type="message/rfc822")


async def asked(request: Request) -> Letter:
    """The mail of a request as it was sent, or as it would be written in the language asked for (`?lang=`)."""
    which, lang = number(request), request.query_params.get("lang", "")
    if not lang:
        return await reading(request, read, which)
    if lang not in locales.SITE:
        raise HTTPException(404)
    here = site(request)
    sender = here.settings.mail_from, here.settings.origin, here.signer, here.settings.bounce_address
    return await reading(request, preview, which, lang, Letterhead(*sender))


def number(request: Request, of: str = "number") -> int:
    """A number in the address of a request. Raises 404 where it is none."""
    written = request.path_params[of]
    if not re.fullmatch("[1-9][0-9]{0,17}", written):
        raise HTTPException(404)
    return int(written)


def read(session: Session, number: int) -> Letter:
    """The mail with this number and what its bytes say. Raises `MailUnknown`."""
    return _read(outbox.by_number(session, number))


def preview(session: Session, number: int, lang: str, letterhead: Letterhead) -> Letter:
    """The mail with this number as it would be written now in this language. Raises `MailUnknown` if it cannot be."""
    row = outbox.by_number(session, number)
    kind = message_kinds.KINDS.get(row.kind)
    if kind is None:
        raise MailUnknown("of no kind that is written")
    other = Mail(**{**row.model_dump(), "locale": lang})
    try:
        raw = compose(other, kind.render(session, other, letterhead), letterhead.address, row.queued_at)
    except (Erased, InvitationVoid, NoAddress, PersonGone):
        raise MailUnknown("what it was about is gone") from None
    return Letter(row, _parsed(raw), lang)


def _newest(session: Session, before: int) -> list[Letter]:
    statement = select(Mail).order_by(col(Mail.id).desc()).limit(PAGE + 1)
    if before:
        statement = statement.where(col(Mail.id) < before)
    return [_read(row) for row in session.exec(statement)]


def _attached(place: int, part: Any) -> Attached:
    name = str(part.get_filename())
    name = name if _NAME.fullmatch(name) else f"attachment-{place}.bin"
    return Attached(place, name, part.get_content_type(), part.get_payload(decode=True) or b"")


def _read(row: Mail) -> Letter:
    return Letter(row, _parsed(row.raw) if row.raw else None)


def _parsed(raw: bytes) -> EmailMessage:
    parser: Any = BytesParser(EmailMessage, policy=default)
    return parser.parsebytes(raw)  # type: ignore[no-any-return]

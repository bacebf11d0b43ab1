"""Returns: what a mail that came back says. Reads strangers' bytes and believes none of them; knows no database.

Delivery status notifications (RFC 3464, and RFC 6533 for addresses beyond ASCII; in multipart/report, RFC 6522) and
feedback reports (ARF, RFC 5965) are read; anything else, an out-of-office answer or a letter, is for a person.
"""

import email
import email.policy
import re
from dataclasses import dataclass
from email.message import Message

LIMIT = 1024 * 1024  # bytes that are read
PARTS = 50  # of a mail, and groups of a report, that are looked at
# RFC 3464 §2.3.3. One that was relayed or expanded went on to where nobody reports: that moves nothing.
OUTCOMES = {"failed": "bounced", "delayed": "delayed", "delivered": "delivered", "relayed": "", "expanded": ""}
STATUS, FEEDBACK = ("message/delivery-status", "message/global-delivery-status"), ("message/feedback-report",)
ORIGINAL = (
    "message/rfc822",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global",
    "message/global-headers",
)
NO_COMPLAINT = ("not-spam", "auth-failure")  # RFC 6430, RFC 6591
ENVELOPE_ID = "Original-Envelope-Id"
STRENGTH = ("", "delivered", "delayed", "bounced")
_STATUS = re.compile(r"\s*([245]\.[0-9]{1,3}\.[0-9]{1,3})\b")
_SAID = re.compile(r"\b[245][0-9]{2}[ -]([245]\.[0-9]{1,3}\.[0-9]{1,3})\b")  # the code in a server's own words
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Returned:
    """What a returned mail says: `kind` is dsn, arf or other; `outcome` the state it moves a mail to, or empty.

    `status` is the enhanced code and `text` the words of the server that gave up; `envelope_id`, `senders` and
    `message_id` are what may name the mail it is about, none of them checked yet.
    """

    kind: str = "other"
    outcome: str = ""
    status: str = ""
    text: str = ""
    envelope_id: str = ""
    senders: tuple[str, ...] = ()
    message_id: str = ""


def read(raw: bytes) -> Returned:
    """What these bytes say; never raises, whatever they are."""
    try:
        message = email.message_from_bytes(raw[:LIMIT], policy=email.policy.compat32)
        kind = str(message.get_param("report-type", "")).lower()
        if message.get_content_type() == "multipart/report" and kind == "delivery-status":
            return _notification(message)
        if message.get_content_type() == "multipart/report" and kind == "feedback-report":
            return _feedback(message)
    except Exception:  # the parser has bugs, and strangers have time
        return Returned()
    return Returned()


def _notification(message: Message) -> Returned:
    blocks = _blocks(_part(message, STATUS))
    recipients = [(_field(block, "Action").lower(), block) for block in blocks if "Action" in block]
    known = [(STRENGTH.index(OUTCOMES[action]), place) for place, (action, _) in enumerate(recipients)
             if action in OUTCOMES]  # fmt: skip
    if not known:
        return Returned()
    action, block = recipients[max(known)[1]]
    said = _field(block, "Diagnostic-Code")
    original = _original(message)
    return Returned(
        "dsn", OUTCOMES[action], _status(_field(block, "Status"), said), said,
        envelope_id=next((_field(each, ENVELOPE_ID) for each in blocks if ENVELOPE_ID in each), ""),
        senders=(_field(original, "Return-Path"),), message_id=_field(original, "Message-ID"),
    )  # fmt: skip


def _status(given: str, said: str) -> str:
    # Exim's 5.0.0 says nothing; the server whose words it passes on often said more.
    status, better = _STATUS.match(given), _SAID.search(said)
    if better and (status is None or (status[1].endswith(".0.0") and better[1][0] == status[1][0])):
        return better[1]
    return status[1] if status else ""


def _feedback(message: Message) -> Returned:
    blocks = _blocks(_part(message, FEEDBACK))
    kind = _field(blocks[0], "Feedback-Type") if blocks else ""
    if not kind:
        return Returned()
    original = _original(message)
    return Returned(
        "arf", "" if kind.lower() in NO_COMPLAINT else "complained", text=kind,
        envelope_id=_field(blocks[0], ENVELOPE_ID),
        senders=(_field(blocks[0], "Original-Mail-From"), _field(original, "Return-Path")),
        message_id=_field(original, "Message-ID"),
    )  # fmt: skip


def _part(message: Message, kinds: tuple[str, ...]) -> Message | None:
    """The report's own part of one of these kinds: never one inside the mail that came back, whatever that holds."""
    parts = message.get_payload()
    own = [part for part in parts[:PARTS] if isinstance(part, Message)] if isinstance(parts, list) else []
    return next((part for part in own if part.get_content_type() in kinds), None)


def _blocks(report: Message | None) -> list[Message]:
    """The groups of fields of a report: of the message first, then of each recipient (RFC 3464 §2.1)."""
    payload = report.get_payload() if report is not None else ""
    if not isinstance(payload, list):
        return _groups(str(payload))
    blocks = [block for block in payload[:PARTS] if isinstance(block, Message)]
    # Python takes a type it does not know (RFC 6533) for a mail: the further groups stand in that mail's text.
    further = blocks[0].get_payload() if len(blocks) == 1 else ""
    return blocks + (_groups(further) if isinstance(further, str) else [])


def _groups(text: str) -> list[Message]:
    groups = [group for group in re.split(r"\r?\n\r?\n", text) if group.strip()]
    return [email.message_from_string(group.lstrip("\r\n")) for group in groups[:PARTS]]


def _original(message: Message) -> Message:
    """The headers of the mail that came back, as far as they were returned."""
    part = _part(message, ORIGINAL)
    if part is None:
        return Message()
    payload = part.get_payload()
    if isinstance(payload, list):
        return next((inner for inner in payload if isinstance(inner, Message)), Message())
    text = part.get_payload(decode=True)
    return email.message_from_bytes(text) if isinstance(text, bytes) else Message()


def _field(block: Message, name: str) -> str:
    # No controls: PostgreSQL stores no NUL. Half characters come from bytes that are in no charset.
    clean = _CONTROLS.sub(" ", str(block.get(name, ""))).encode("utf-8", "replace").decode()
    value = " ".join(clean.split())[:1000]
    # "rfc822; name" and "smtp; 550 5.1.1 …": the type before the value says nothing here.
    return value.partition(";")[2].strip() if name == "Diagnostic-Code" and ";" in value else value

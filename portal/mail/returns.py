"""Returns: what a mail that came back says. Reads strangers' bytes and believes none of them; knows no database.

Delivery status notifications (RFC 3464, in multipart/report, RFC 6522) and feedback reports (ARF, RFC 5965) are read;
anything else, an out-of-office answer or a letter, is for a person.
"""

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

LIMIT = 1024 * 1024  # bytes that are read
PARTS = 50  # of a mail that are looked at
OUTCOMES = {"failed": "bounced", "delayed": "delayed", "delivered": "delivered"}
ENVELOPE_ID = "Original-Envelope-Id"
STRENGTH = ("delivered", "delayed", "bounced")
_STATUS = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")


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
    except (LookupError, ValueError, TypeError, AttributeError, RecursionError):  # the parser has bugs, strangers time
        pass
    return Returned()


def _notification(message: Message) -> Returned:
    report = next(_parts(message, "message/delivery-status"), None)
    blocks = _blocks(report)
    if not blocks:
        return Returned()
    recipients = [block for block in blocks if "Action" in block]
    outcomes = [(OUTCOMES.get(_field(block, "Action").lower(), ""), block) for block in recipients]
    known = [(STRENGTH.index(outcome), place) for place, (outcome, _) in enumerate(outcomes) if outcome]
    outcome, block = outcomes[max(known)[1]] if known else ("", blocks[-1])
    status = _STATUS.match(_field(block, "Status"))
    said = _field(block, "Diagnostic-Code")
    original = _original(message)
    return Returned(
        "dsn", outcome, status[1] if status else "", said,
        envelope_id=next((_field(each, ENVELOPE_ID) for each in blocks if ENVELOPE_ID in each), ""),
        senders=(_field(original, "Return-Path"),), message_id=_field(original, "Message-ID"),
    )  # fmt: skip


def _feedback(message: Message) -> Returned:
    blocks = _blocks(next(_parts(message, "message/feedback-report"), None))
    report, original = blocks[0] if blocks else Message(), _original(message)
    return Returned(
        "arf", "complained", text=_field(report, "Feedback-Type"),
        envelope_id=_field(report, ENVELOPE_ID),
        senders=(_field(report, "Original-Mail-From"), _field(original, "Return-Path")),
        message_id=_field(original, "Message-ID"),
    )  # fmt: skip


def _parts(message: Message, *kinds: str) -> Iterator[Message]:
    for place, part in enumerate(message.walk()):
        if place >= PARTS:
            return
        if part.get_content_type() in kinds:
            yield part


def _blocks(report: Message | None) -> list[Message]:
    """The groups of fields of a report: of the message first, then of each recipient (RFC 3464 §2.1)."""
    if report is None:
        return []
    payload = report.get_payload()
    if isinstance(payload, list):
        return [block for block in payload[:PARTS] if isinstance(block, Message)]
    groups = re.split(r"\r?\n\r?\n", str(payload))[:PARTS]
    return [email.message_from_string(group) for group in groups if group.strip()]


def _original(message: Message) -> Message:
    """The headers of the mail that came back, as far as they were returned."""
    for part in _parts(message, "message/rfc822", "text/rfc822-headers", "message/rfc822-headers"):
        payload = part.get_payload()
        if isinstance(payload, list):
            return payload[0] if payload and isinstance(payload[0], Message) else Message()
        text = part.get_payload(decode=True)
        return email.message_from_bytes(text) if isinstance(text, bytes) else Message()
    return Message()


def _field(block: Message, name: str) -> str:
    value = " ".join(str(block.get(name, "")).split())[:1000]
    # "rfc822; name" and "smtp; 550 5.1.1 …": the type before the value says nothing here.
    return value.partition(";")[2].strip() if name == "Diagnostic-Code" and ";" in value else value

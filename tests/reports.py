"""Reports as mail servers write them, in our own words.

Each is made for a mail: the address it comes back to, its envelope id and its Message-ID.
"""

from collections.abc import Sequence
from dataclasses import dataclass

BOUNDARY = "cut-here"
Group = dict[str, str]


@dataclass(frozen=True)
class About:
    """What a report may say of the mail it is about."""

    sender: str = "bounces+17.0a1b2c3d4e@portal.example"
    envelope_id: str = "17.0a1b2c3d4e"
    message_id: str = "<lead.0123.1@portal.example>"


def postfix(about: About, action: str = "failed", status: str = "5.1.1", said: str = "550 5.1.1 no such user") -> bytes:
    """As Postfix writes: the envelope id, and the headers that came back."""
    message = {
        "Reporting-MTA": "dns; mail.portal.example", "Original-Envelope-Id": about.envelope_id,
        "X-Postfix-Queue-ID": "4Z1Y2X3W4V", "X-Postfix-Sender": f"rfc822; {about.sender}",
    }  # fmt: skip
    group = {
        "Final-Recipient": "rfc822; leads@agency.example", "Original-Recipient": "rfc822;leads@agency.example",
        "Action": action, "Status": status, "Remote-MTA": "dns; mx.agency.example",
        "Diagnostic-Code": f"smtp; {said}",
    }  # fmt: skip
    returned = f"Return-Path: <{about.sender}>\nMessage-ID: {about.message_id}\nSubject: An enquiry\n"
    return report([message, group], ("text/rfc822-headers", returned))


def exchange(about: About) -> bytes:
    """As Exchange Online writes: no envelope id, no Return-Path, the whole mail back, HTML before all."""
    message = {"Reporting-MTA": "dns;AM0PR0000.eurprd01.example", "Received-From-MTA": "dns;mail.portal.example"}
    group = {
        "Final-Recipient": "rfc822;leads@agency.example", "Action": "failed", "Status": "5.1.10",
        "Diagnostic-Code": "smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by lookup",
        "X-Display-Name": "leads@agency.example",
    }  # fmt: skip
    returned = f"Received: from somewhere\nMessage-ID: {about.message_id}\n\nThe text of the mail"
    return report([message, group], ("message/rfc822", returned), "text/html", "<p>Nobody has this address.</p>")


def gmail(about: About) -> bytes:
    """As Google writes: a code over several lines, the headers of the mail back."""
    message = {"Reporting-MTA": "dns; googlemail.example", "Arrival-Date": "Mon, 23 Nov 2026 05:12:09 -0800 (PST)"}
    group = {
        "Final-Recipient": "rfc822; leads@agency.example", "Action": "failed", "Status": "5.2.2",
        "Remote-MTA": "dns; gmail-smtp-in.example. (192.0.2.27, the server for the domain.)",
        "Diagnostic-Code": "smtp; 552-5.2.2 The recipient's inbox is out of storage space.\n 552 5.2.2 See the help.",
        "Last-Attempt-Date": "Mon, 23 Nov 2026 05:12:10 -0800 (PST)",
    }  # fmt: skip
    returned = f"Return-Path: {about.sender}\nMessage-ID: {about.message_id}\n\n----- Message truncated -----"
    return report([message, group], ("message/rfc822", returned))


def exim(about: About) -> bytes:
    """As Exim writes: a status that says nothing, and the words of the server that refused."""
    message = {"Reporting-MTA": "dns; mail.portal.example"}
    group = {
        "Action": "failed", "Final-Recipient": "rfc822;leads@agency.example", "Status": "5.0.0",
        "Remote-MTA": "dns; mx.agency.example", "Diagnostic-Code": "smtp; 550 5.1.1 <leads@agency.example>: unknown",
    }  # fmt: skip
    returned = f"Return-path: <{about.sender}>\nMessage-ID: {about.message_id}\n\nThe text of the mail"
    return report([message, group], ("message/rfc822", returned))


def complaint(about: About, kind: str = "abuse") -> bytes:
    """As a large mailbox provider passes on what its reader pressed (RFC 5965)."""
    fields = lines({
        "Feedback-Type": kind, "User-Agent": "Feedback/1.0", "Version": "1",
        "Original-Mail-From": f"<{about.sender}>", "Original-Rcpt-To": "<leads@agency.example>",
    })  # fmt: skip
    parts = [
        ("text/plain", "This is a report about a mail."), ("message/feedback-report", fields),
        ("message/rfc822", f"Message-ID: {about.message_id}\nSubject: An enquiry\n\nThe text"),
    ]  # fmt: skip
    return mail("multipart/report; report-type=feedback-report", parts)


def report(
    groups: Sequence[Group], returned: tuple[str, str] | None = None, kind: str = "text/plain", words: str = "Sorry.",
    status: str = "message/delivery-status",
) -> bytes:  # fmt: skip
    """A notification of these groups of fields, with what it returns of the mail."""
    parts = [(kind, words), (status, "\n".join(lines(group) for group in groups))]
    return mail("multipart/report; report-type=delivery-status", [*parts, *([returned] if returned else [])])


def mail(kind: str, parts: Sequence[tuple[str, str]]) -> bytes:
    """A mail of several parts."""
    body = "".join(f"--{BOUNDARY}\nContent-Type: {each}\n\n{text}\n" for each, text in parts)
    head = f'From: MAILER-DAEMON@mx.example\nMIME-Version: 1.0\nContent-Type: {kind}; boundary="{BOUNDARY}"\n'
    return f"{head}\n{body}--{BOUNDARY}--\n".encode()


def lines(fields: Group) -> str:
    """Fields as lines."""
    return "".join(f"{name}: {value}\n" for name, value in fields.items())

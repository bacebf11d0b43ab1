"""Causes: what an SMTP reply that refuses a mail means, and who is to blame. Knows no database and no connection.

The enhanced status code (RFC 3463) decides where there is one, because the plain code says one thing for several: 550
is an unknown mailbox here and a spam filter there. Without it the plain code and the command it answered must do.
"""

import re
from dataclasses import dataclass

RCPT, DATA = "rcpt", "data"
CLOSING = 421  # RFC 5321 §3.8: the server closes the connection; says nothing about the mail
# Who is to blame for an outcome, so that whoever reads it knows where to look. Nobody is for one that went well, and
# nobody knows where the relay fell silent after the text.
BLAME = {
    "refused": "address", "full": "recipient", "later": "recipient", "policy": "us", "size": "us", "failed": "us",
    "relay": "relay", "setup": "relay", "uncertain": "", "accepted": "",
}  # fmt: skip

_ENHANCED = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})(?!\S)")
# As Postfix, Exim, Sendmail and Exchange name a mail in their own logs, each in its answer to the final dot.
_QUEUED = re.compile(r"queued as ([\w-]+)|\bid=([\w-]+)|InternalId=(\d+)|^2\.0\.0 (\w{8,}) Message accepted")


@dataclass(frozen=True)
class Cause:
    """What a reply makes of a mail: an outcome (`retrying.OUTCOMES`), and the enhanced code, empty without one."""

    outcome: str
    enhanced: str = ""


def of_reply(phase: str, code: int, text: str) -> Cause:
    """The cause of a reply that is no 250, to RCPT, DATA or the final dot. Raises ValueError where it is no reply."""
    if code // 100 not in (4, 5):
        raise ValueError(f"{code} is no refusal")
    enhanced = enhanced_code(code, text)
    if code == CLOSING:
        return Cause("relay", enhanced)
    known = _by_enhanced(enhanced)
    return Cause(known or _by_code(phase, code), enhanced)


def of_status(enhanced: str) -> str:
    """The outcome that the status code (RFC 3463) of a server that gave up stands for: `later` without one."""
    return _by_enhanced(enhanced) or "later"


def enhanced_code(code: int, text: str) -> str:
    """The enhanced code at the beginning of a reply's text; empty where there is none, or none of the reply's class."""
    found = _ENHANCED.match(text)
    if found is None or int(found[1]) != code // 100:
        return ""
    return ".".join(found.groups())


def queue_id(text: str) -> str | None:
    """The name the relay gave a mail it accepted, by which it is found in the relay's log; None where it told none."""
    found = _QUEUED.search(text)
    return next(name for name in found.groups() if name)[:100] if found else None


def _by_enhanced(enhanced: str) -> str | None:
    if not enhanced:
        return None
    kind, subject, detail = map(int, enhanced.split("."))
    if (subject, detail) == (2, 2):
        return "full"
    if kind == 4:
        return "later"
    if (subject, detail) == (3, 4):
        return "size"
    # 1 address, 2 mailbox, 4 routing: nothing of ours would change it. 5 protocol, 6 content, 7 policy: this mail.
    return {1: "refused", 2: "refused", 3: "refused", 4: "refused", 5: "policy", 6: "policy", 7: "policy"}.get(subject)


def _by_code(phase: str, code: int) -> str:
    if code in (452, 552):
        return "full"
    if code // 100 == 4:
        return "later"
    if code == 523:
        return "size"
    return "refused" if phase == RCPT and code != 554 else "policy"

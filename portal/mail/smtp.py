"""SMTP: one line to the relay, command by command, so that it is always known how far a mail came.

Knows no database. A line keeps its connection from mail to mail and makes a new one where the relay closed it. TLS is
what the relay's address says, never less: `smtp+starttls` and `smtps` demand it with a valid certificate.
"""

import re
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Protocol
from urllib.parse import unquote, urlsplit

from aiosmtplib import SMTP, SMTPResponse, SMTPStatus
from aiosmtplib.email import quote_address
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from portal.mail import causes
from portal.mail.composing import ascii_domain, one_line
from portal.mail.mails import Tried
from portal.mail.retrying import TROUBLES
from portal.settings import CAPTURE, Settings

COMMAND_SECONDS = 30
QUIT_SECONDS = 2  # politeness, while a worker may be told to end
# After the final dot: Postfix asks its own for ten minutes of patience (RFC 5321 §4.5.3.2.6); our host's own is faster.
DATA_SECONDS = {True: 60, False: 600}
MAILS_A_CONNECTION = 50
PLAIN = re.compile(r"[^\s\x00-\x1f\x7f\"(),:;<>@\[\\\]]+@[^\s\x00-\x1f\x7f\"(),:;<>@\[\\\]]+")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class CaptureRefused(Exception):
    """A production portal would swallow every mail."""


class NotHandedOver(Exception):
    """The mail did not get the relay's 250; `tried` says how far it came and why."""

    def __init__(self, tried: Tried) -> None:
        super().__init__(tried.outcome)
        self.tried = tried


@dataclass(frozen=True)
class Envelope:
    """From where to where a mail goes. `id` comes back in reports about it (ENVID, RFC 3461 §4.4).

    A report of failure or delay is asked for always where the relay offers any, one of success where it is wanted.
    """

    sender: str
    recipient: str
    id: str = ""
    wants_success: bool = False


class Line(Protocol):
    """A way to hand mails over, one after the other."""

    name: str

    async def address(self, envelope: Envelope) -> None:
        """Everything before the text: connection, sender, recipient. Raises `NotHandedOver`."""

    async def hand_over(self, raw: bytes) -> Tried:
        """The text and the final dot; the relay's acceptance. Raises `NotHandedOver`."""

    async def close(self) -> None:
        """End the connection, if there is one."""


def lines_to(settings: Settings) -> list[Line]:
    """A line to each relay of the settings, the first to be asked first. Raises `CaptureRefused` outside demo mode."""
    relays = [relay for relay in (settings.smtp_relay, settings.smtp_relay_second) if relay]
    return [_line(settings, relay) for relay in relays]


def _line(settings: Settings, relay: str) -> Line:
    if relay != CAPTURE:
        return RelayLine(relay, settings.mail_domain)
    if settings.mode != "demo":
        raise CaptureRefused("PORTAL_SMTP_RELAY=capture: sends nothing; it is for PORTAL_MODE=demo alone")
    return CaptureLine()


class CaptureLine:
    """The demo's relay: takes every mail and sends none; the outbox keeps the bytes to look at."""

    name = CAPTURE

    async def address(self, envelope: Envelope) -> None:
        """Nothing to do."""

    async def hand_over(self, raw: bytes) -> Tried:
        """Accept."""
        return Tried("accepted", "done", 250, "captured")

    async def close(self) -> None:
        """Nothing to do."""


class RelayLine:
    """A line to an SMTP relay at `smtp://`, `smtp+starttls://` or `smtps://`; `greeting` is our name in EHLO."""

    def __init__(
        self, relay: str, greeting: str, data_seconds: float | None = None, command_seconds: float = COMMAND_SECONDS
    ) -> None:  # fmt: skip
        parts = urlsplit(relay)
        assert parts.hostname is not None
        self.name = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
        self._login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        self._data_seconds = data_seconds or DATA_SECONDS[parts.hostname in LOOPBACK]
        self._mails = 0
        self._client = SMTP(
            hostname=parts.hostname,
            port=parts.port,
            use_tls=parts.scheme == "smtps",
            start_tls=parts.scheme == "smtp+starttls",
            tls_context=None if parts.scheme == "smtp" else _verifying(),
            local_hostname=greeting,
            timeout=command_seconds,
        )

    async def address(self, envelope: Envelope) -> None:
        """Connect where needed, then MAIL and RCPT. Raises `NotHandedOver`.

        A kept connection may have been closed meanwhile; that says nothing, so it is tried once more on a new one.
        """
        if self._mails >= MAILS_A_CONNECTION:
            await self.close()
        reused = self._client.is_connected
        try:
            await self._address(envelope)
        except NotHandedOver as ended:
            self._client.close()
            if not reused or ended.tried.outcome not in TROUBLES:
                raise
            await self._address(envelope)

    async def hand_over(self, raw: bytes) -> Tried:
        """DATA, the text and the final dot. Raises `NotHandedOver`; without any answer its outcome is `uncertain`."""
        self._mails += 1
        wire = on_the_wire(raw)
        try:
            answer = await (self._client.data(raw, timeout=self._data_seconds) if wire is None else self._data(wire))
        except SMTPDataError as said:
            raise NotHandedOver(_answered(said, "data", otherwise="uncertain")) from None
        except (SMTPException, OSError) as silence:
            self._client.close()
            raise NotHandedOver(Tried("uncertain", "data", text=_what(silence))) from None
        text = one_line(answer.message)
        enhanced = causes.enhanced_code(answer.code, text) or None
        return Tried("accepted", "done", answer.code, text, enhanced, causes.queue_id(text))

    async def close(self) -> None:
        """QUIT, politely where the relay still listens."""
        if self._client.is_connected:
            with suppress(SMTPException, OSError):
                await self._client.quit(timeout=QUIT_SECONDS)
        self._client.close()

    async def _data(self, wire: bytes) -> SMTPResponse:
        # The library's own looks for bare line ends by a regular expression: a quarter of what a backlog costs.
        answer = await self._client.execute_command(b"DATA", timeout=self._data_seconds)
        if answer.code != SMTPStatus.start_input:
            raise SMTPDataError(answer.code, answer.message)
        protocol = self._client.protocol
        if protocol is None:
            raise SMTPServerDisconnected("Connection lost")
        protocol.write(wire)
        answer = await protocol.read_response(timeout=self._data_seconds)
        if answer.code != SMTPStatus.completed:
            raise SMTPDataError(answer.code, answer.message)
        return answer

    async def _address(self, envelope: Envelope) -> None:
        to = ascii_domain(envelope.recipient)
        encoding = "ascii" if to.isascii() else "utf-8"
        phase = "connect"
        try:
            if not self._client.is_connected:
                await self._connect()
            if not to.isascii() and not self._client.supports_extension("smtputf8"):
                raise NotHandedOver(Tried("refused", "mail", text="the relay takes ASCII addresses only (no SMTPUTF8)"))
            for_mail, for_rcpt = self._options(envelope, to)
            phase = "mail"
            answer = await self._say(b"MAIL", f"FROM:{path(envelope.sender)}", for_mail, encoding)
            if answer.code != SMTPStatus.completed:
                raise SMTPSenderRefused(answer.code, answer.message, envelope.sender)
            phase = "rcpt"
            answer = await self._say(b"RCPT", f"TO:{path(to)}", for_rcpt, encoding)
            if answer.code not in (SMTPStatus.completed, SMTPStatus.will_forward):
                raise SMTPRecipientRefused(answer.code, answer.message, to)
        except SMTPRecipientRefused as said:
            raise NotHandedOver(_answered(said, phase, otherwise="relay")) from None
        except SMTPSenderRefused as said:
            # The sender is the same in every mail: where it is refused, the relay is set up wrongly, not the mail.
            raise NotHandedOver(Tried(_blamed(said), phase, said.code, one_line(said.message))) from None
        except (SMTPException, OSError) as trouble:
            code = getattr(trouble, "code", None)
            raise NotHandedOver(Tried(_blamed(trouble), phase, code, _what(trouble))) from None

    async def _say(self, verb: bytes, whom: str, options: Sequence[str], encoding: str) -> SMTPResponse:
        parts = (option.encode("ascii") for option in options)
        return await self._client.execute_command(verb, whom.encode(encoding), *parts)

    def _options(self, envelope: Envelope, to: str) -> tuple[list[str], list[str]]:
        for_mail = [] if to.isascii() else ["SMTPUTF8"]
        if not envelope.id or not self._client.supports_extension("dsn"):
            return for_mail, []
        notify = "FAILURE,DELAY,SUCCESS" if envelope.wants_success else "FAILURE,DELAY"
        for_rcpt = [f"NOTIFY={notify}"]
        if to.isascii():
            for_rcpt.append(f"ORCPT=rfc822;{_xtext(to)}")
        return [*for_mail, "RET=HDRS", f"ENVID={_xtext(envelope.id)}"], for_rcpt

    async def _connect(self) -> None:
        self._client.close()
        self._mails = 0
        await self._client.connect()
        if self._client.is_ehlo_or_helo_needed:
            await self._client.ehlo()
        if self._login:
            await self._client.login(*self._login)


def path(address: str) -> str:
    """An address as MAIL and RCPT take it (RFC 5321 §4.1.2). Raises `ValueError` where it would say more than that.

    Only what is not plainly an address is parsed: the library parses each, a twelfth of what a backlog costs.
    """
    return f"<{address}>" if PLAIN.fullmatch(address) else quote_address(address)


def on_the_wire(raw: bytes) -> bytes | None:
    """A mail as DATA sends it, with the final dot (RFC 5321 §4.5.2); None where some line does not end in CRLF."""
    ends = len(raw) - len(raw.translate(None, b"\r\n"))
    if not raw.endswith(b"\r\n") or ends != 2 * raw.count(b"\r\n"):
        return None
    text = raw.replace(b"\r\n.", b"\r\n..") + b".\r\n"
    return b"." + text if raw.startswith(b".") else text


def _answered(said: SMTPResponseException, phase: str, otherwise: str) -> Tried:
    text = one_line(said.message)
    try:
        cause = causes.of_reply(phase, said.code, text)
    except ValueError:  # whatever it was, it was no refusal
        return Tried(otherwise, phase, said.code, text)
    return Tried(cause.outcome, phase, said.code, text, cause.enhanced or None)


def _blamed(trouble: BaseException) -> str:
    # What no waiting mends is told to ops at once: a password, a certificate, a sender that the relay will not take.
    seen: BaseException | None = trouble
    while seen is not None:
        if isinstance(seen, (SMTPAuthenticationError, ssl.SSLCertVerificationError)):
            return "setup"
        seen = seen.__cause__ or seen.__context__
    code = getattr(trouble, "code", None)
    if code is not None and code // 100 == 5:
        return "setup"
    return "setup" if isinstance(trouble, SMTPException) and "STARTTLS" in str(trouble) else "relay"


def _xtext(text: str) -> str:
    """Text as a parameter of MAIL and RCPT can hold it (RFC 3461 §4)."""
    return "".join(sign if "!" <= sign <= "~" and sign not in "+=" else f"+{ord(sign):02X}" for sign in text)


def _what(trouble: BaseException) -> str:
    if isinstance(trouble, SMTPServerDisconnected):
        return "the relay closed the connection"
    return one_line(f"{type(trouble).__name__}: {trouble}")


@cache
def _verifying() -> ssl.SSLContext:
    return ssl.create_default_context()

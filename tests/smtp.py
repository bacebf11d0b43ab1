"""Real SMTP servers on loopback: a post office that keeps what it gets, and a relay that answers from a script.

Both run their own event loop in a thread, so that synchronous tests, worker processes and browsers can use them.
"""

import asyncio
import email
import email.policy
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from types import SimpleNamespace
from typing import Any, ClassVar, Self

from aiosmtpd.smtp import SMTP

DROP = "drop"  # close the connection instead of answering
HANG = "hang"  # never answer


class Loopback:
    """A server on a free port of 127.0.0.1 while inside `with`."""

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._call(self._listen(0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *raised: object) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def relay(self) -> str:
        """The address for PORTAL_SMTP_RELAY."""
        return f"smtp://127.0.0.1:{self.port}"

    async def _listen(self, port: int) -> asyncio.Server:
        raise NotImplementedError

    async def _end(self) -> None:
        self._server.close()
        await self._server.wait_closed()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)


@dataclass
class PostOffice(Loopback):
    """An aiosmtpd server. `at_rcpt` and `at_data` answer instead of 250 where they return a line."""

    at_rcpt: Callable[[str], str | None] = lambda address: None
    at_data: Callable[[bytes], str | None] = lambda raw: None
    smtputf8: bool = True
    raws: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    connections: int = 0

    @property
    def mails(self) -> list[EmailMessage]:
        """What was accepted, as Python's email reads it."""
        return [read(raw) for raw in self.raws]

    def to(self, recipient: str) -> EmailMessage:
        """The one mail accepted for this recipient."""
        (found,) = (mail for mail in self.mails if recipient in str(mail["To"]))
        return found

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        """aiosmtpd asks at each RCPT."""
        said = self.at_rcpt(address)
        if said is None:
            envelope.rcpt_tos.append(address)
        return said or "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """aiosmtpd asks after the final dot."""
        said = self.at_data(envelope.content)
        if said is None:
            self.raws.append(envelope.content)
            self.recipients.extend(envelope.rcpt_tos)
        return said or "250 kept"

    async def _listen(self, port: int) -> asyncio.Server:
        return await self._loop.create_server(self._connected, "127.0.0.1", port)

    def _connected(self) -> SMTP:
        self.connections += 1
        # aiosmtpd looks at every member of what handles its mails: of ours, `mails` would read them all each time.
        hooks = {name: getattr(self, name) for name in dir(type(self)) if name.startswith("handle_")}
        return SMTP(SimpleNamespace(**hooks), enable_SMTPUTF8=self.smtputf8, hostname="post.example", loop=self._loop)


@dataclass
class Scripted(Loopback):
    """A server that answers each step from `script`: a line, or `DROP`, or `HANG`; 250 and the like otherwise.

    `heard` are the commands it was given. It answers a `byte` at a time where told to, closes with 421 after `enough`
    mails on a connection, and speaks TLS from the first byte with a `certificate`.
    """

    script: dict[str, str] = field(default_factory=dict)
    by_the_byte: bool = False
    enough: int | None = None
    certificate: ssl.SSLContext | None = None
    raws: list[bytes] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    USUAL: ClassVar = {
        "greeting": "220 hello", "EHLO": "250 hello", "DATA": "354 go on", "dot": "250 kept", "QUIT": "221 bye",
    }  # fmt: skip

    async def _listen(self, port: int) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", port, ssl=self.certificate)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mails = 0
        try:
            if not await self._answer("greeting", reader, writer):
                return
            while line := await reader.readline():
                self.heard.append(line.decode("utf-8", "replace").strip())
                verb = line[:4].decode("ascii", "replace").upper()
                if verb == "MAIL" and mails == self.enough:
                    writer.write(b"421 4.7.0 enough for this connection\r\n")
                    return
                if not await self._answer(verb, reader, writer):
                    return
                if verb == "DATA" and self._line("DATA").startswith("354"):
                    stuffed = (await reader.readuntil(b"\r\n.\r\n")).removesuffix(b".\r\n")
                    self.raws.append(stuffed.replace(b"\r\n..", b"\r\n."))
                    mails += 1
                    if not await self._answer("dot", reader, writer):
                        return
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def _answer(self, step: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        line = self._line(step)
        if line == HANG:
            await reader.read()  # until the client gives up
        if line in (DROP, HANG):
            return False
        answer = f"{line}\r\n".encode()
        for place in range(0, len(answer), 1 if self.by_the_byte else len(answer)):
            writer.write(answer[place : place + 1] if self.by_the_byte else answer)
            await writer.drain()
        return step != "QUIT"

    def _line(self, step: str) -> str:
        return self.script.get(step, self.USUAL.get(step, "250 OK"))


def read(raw: bytes) -> EmailMessage:
    """A mail as Python's email reads it."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text(mail: EmailMessage, kind: str = "plain") -> str:
    """The text of a mail's part, plain or html."""
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def no_relay() -> str:
    """The address of a port on which nobody listens."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"smtp://127.0.0.1:{taken.getsockname()[1]}"

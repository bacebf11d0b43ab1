"""A proxy before the demo, as an installation has one: it ends TLS, passes on, and keeps what forms were sent with."""

import http.client
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TypeVar

from audit.stand import run

KEPT = ("content-length", "transfer-encoding", "connection")  # of one connection, not of an answer
AnyServer = TypeVar("AnyServer", bound=ThreadingHTTPServer)


@dataclass(frozen=True)
class Sent:
    """A request whose answer stands at an address of its own; or one as it came."""

    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/x-www-form-urlencoded"})


@dataclass(frozen=True)
class Form:
    """The headers a form came with, and the status it was answered with."""

    headers: Mapping[str, str]
    status: int


class Front(ThreadingHTTPServer):
    """The proxy before what listens on `bind`; under `/sent/…` stand the answers to `sent`. `forms` are in order."""

    def __init__(self, bind: str, tls: ssl.SSLContext | None, sent: Mapping[str, Sent]) -> None:
        super().__init__(("localhost", 0), Passing)
        self.bind, self.sent = bind, sent
        self.scheme = "https" if tls else "http"
        self.forms: list[Form] = []
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)


class Onward(ThreadingHTTPServer):
    """Sends everybody on to the same path of another origin."""

    def __init__(self, origin: str) -> None:
        super().__init__(("localhost", 0), Sending)
        self.origin = origin


class Quiet(BaseHTTPRequestHandler):
    """Answers, and writes no log."""

    def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """One whole answer."""
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in KEPT:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


class Passing(Quiet):
    """One request, passed on."""

    server: Front

    def do_GET(self) -> None:
        """Answer as the portal does to what is asked here, or to what stands for it."""
        asked = self.server.sent.get(self.path.removeprefix("/sent/"), Sent(self.path, None, dict(self.headers)))
        self.answer(*self._passed(asked))

    def do_POST(self) -> None:
        """Answer as the portal does to a form, and keep how it came."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, headers, page = self._passed(Sent(self.path, body, dict(self.headers)))
        self.server.forms.append(Form(dict(self.headers), status))
        self.answer(status, headers, page)

    def do_OPTIONS(self) -> None:
        """What scanners ask to see whether other sites may read an answer."""
        self.do_GET()

    def _passed(self, asked: Sent) -> tuple[int, list[tuple[str, str]], bytes]:
        method = "POST" if asked.body is not None else self.command
        connection = http.client.HTTPConnection(self.server.bind, timeout=30)
        told = {"Host": self.headers["Host"], "X-Forwarded-Proto": self.server.scheme, "X-Forwarded-For": "192.0.2.1"}
        connection.request(method, asked.path, asked.body, {**told, **asked.headers})
        answer = connection.getresponse()
        page = answer.read()
        connection.close()
        return answer.status, answer.getheaders(), page


class Sending(Quiet):
    """One request, sent on."""

    server: Onward

    def do_GET(self) -> None:
        """Name the other origin."""
        self.answer(301, [("Location", self.server.origin + self.path)], b"")

    def do_OPTIONS(self) -> None:
        """The same for scanners."""
        self.do_GET()


@contextmanager
def served(server: AnyServer) -> Iterator[AnyServer]:
    """A server at work in a thread."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def tls(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """TLS for localhost, and the certificate made for it."""
    certificate, key = folder / "localhost.pem", folder / "localhost.key"
    folder.mkdir(parents=True, exist_ok=True)
    run([
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost", "-out", str(certificate), "-keyout", str(key),
    ])  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate

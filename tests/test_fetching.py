"""Fetching: what is read, what is refused, and what never shows in a message. The server is real, on loopback."""

import asyncio
import gzip
import io
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

import pytest

from portal import fetching
from portal.fetching import FetchFailed, FetchRefused, Limits

BODY = b"<root>" + b"x" * 200_000 + b"</root>"


class Handler(BaseHTTPRequestHandler):
    """Answers by path; keeps the headers it was sent."""

    seen: list[dict[str, str]]

    def do_GET(self) -> None:
        self.server.seen.append(dict(self.headers))  # type: ignore[attr-defined]
        status, headers, body = ANSWERS.get(self.path.partition("?")[0], (404, {}, b""))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value.replace("PORT", str(self.server.server_address[1])))
        self.send_header("Content-Length", headers.get("Length", str(len(body))))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "/feed": (200, {}, BODY),
    "/zipped": (200, {"Content-Encoding": "gzip"}, gzip.compress(BODY)),
    "/bomb": (200, {"Content-Encoding": "gzip"}, gzip.compress(b"\0" * 30_000_000)),
    "/cut": (200, {"Content-Encoding": "gzip"}, gzip.compress(BODY)[:-20]),
    "/broken": (200, {"Content-Encoding": "gzip"}, b"not gzip at all"),
    "/brotli": (200, {"Content-Encoding": "br"}, b"x"),
    "/short": (200, {"Length": "999999"}, b"x"),
    "/moved": (302, {"Location": "/feed"}, b""),
    "/round": (302, {"Location": "/round"}, b""),
    "/inside": (302, {"Location": "http://169.254.169.254/latest/meta-data"}, b""),
    "/other-port": (302, {"Location": "http://127.0.0.1:1/"}, b""),
    "/file": (302, {"Location": "file:///etc/passwd"}, b""),
}


@pytest.fixture(scope="module")
def server() -> Iterator[ThreadingHTTPServer]:
    """A web server on a loopback port of its own."""
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def fetched(server: ThreadingHTTPServer, path: str, limits: Limits = fetching.LIMITS, user: str = "") -> bytes:
    into = io.BytesIO()
    place = f"127.0.0.1:{server.server_address[1]}"
    size = asyncio.run(fetching.fetch(f"http://{user}{place}{path}", into, (place,), limits))
    assert size == len(into.getvalue())
    return into.getvalue()


@pytest.mark.parametrize("path", ["/feed", "/zipped", "/moved"])
def test_a_body_is_fetched_plain_zipped_or_through_a_redirect(server, path):
    assert fetched(server, path) == BODY


def test_the_host_named_in_the_address_is_asked_for_and_credentials_are_sent(server):
    fetched(server, "/feed", user="agency:secret@")
    headers = server.seen[-1]
    assert headers["Host"] == f"127.0.0.1:{server.server_address[1]}"
    assert headers["Authorization"] == "Basic YWdlbmN5OnNlY3JldA=="


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/none", "answered 404"), ("/round", "more than 5 redirects"), ("/cut", "cut off"),
        ("/broken", "gzip is broken"), ("/brotli", "nobody asked for"), ("/short", "RemoteProtocolError"),
    ],
)  # fmt: skip
def test_what_gives_no_whole_body_fails(server, path, told):
    with pytest.raises(FetchFailed, match=told):
        fetched(server, path)


@pytest.mark.parametrize("path", ["/inside", "/other-port", "/file"])
def test_a_redirect_is_vetted_like_the_first_address(server, path):
    with pytest.raises(FetchRefused):
        fetched(server, path)


@pytest.mark.parametrize("path", ["/feed", "/bomb"])
def test_a_body_too_large_is_left_before_it_is_read(server, path):
    with pytest.raises(FetchFailed, match="larger than 150000 bytes"):
        fetched(server, path, Limits(most_bytes=150_000))


def test_a_fetch_ends_in_time_whatever_the_other_side_does():
    silent = socket.create_server(("127.0.0.1", 0))
    place = f"127.0.0.1:{silent.getsockname()[1]}"
    with silent, pytest.raises(FetchFailed, match=r"not done within 0\.2 seconds|ReadTimeout"):
        asyncio.run(fetching.fetch(f"http://{place}/", io.BytesIO(), (place,), Limits(seconds=0.2)))


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://10.0.0.1/", "http://192.168.1.1/feed.xml",
        "http://169.254.169.254/latest/", "http://0.0.0.0/", "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/", "http://[fe80::1]/", "http://100.64.0.1/", "http://224.0.0.1/", "http://2130706433/",
        "http://0x7f.1/", "http://127.0.0.1:8000/",
        "ftp://agency.example/feed.xml", "file:///etc/passwd", "feed.xml", "",
        "http:///feed", "http://\x00/",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_is_refused(address):
    with pytest.raises(FetchRefused):
        asyncio.run(fetching.fetch(address, io.BytesIO()))


def test_only_the_exact_host_and_port_is_allowed_besides(server):
    with pytest.raises(FetchRefused):
        asyncio.run(fetching.fetch(f"http://127.0.0.1:{server.server_address[1]}/feed", io.BytesIO(), ("127.0.0.1:1",)))


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888"])
def test_public_addresses_are_public(address):
    assert fetching.is_public(ip_address(address))


def test_no_message_shows_credentials_or_keys(server):
    assert fetching.redacted("https://me:secret@agency.example/f.xml?key=1#x") == "https://agency.example/f.xml?…"
    place = f"127.0.0.1:{server.server_address[1]}"
    for path, allow in (("/none?key=hidden", (place,)), ("/short?key=hidden", (place,)), ("/?key=hidden", ())):
        with pytest.raises((FetchFailed, FetchRefused)) as raised:
            asyncio.run(fetching.fetch(f"http://me:secret@{place}{path}", io.BytesIO(), allow))
        assert "secret" not in str(raised.value) and "hidden" not in str(raised.value)
        assert raised.value.__suppress_context__ or raised.value.__context__ is None

"""The fetcher against hostile addresses: whatever it is given, no connection is asked for that is not public.

The resolver is the test's, and so is the last step before the socket: it notes every address the fetcher wants to
connect to and leads the public ones to a server on loopback. A hook of the interpreter notes what really connects.
"""

import asyncio
import io
import socket
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from threading import Thread
from typing import Any
from urllib.parse import unquote

import pytest

from portal import fetching
from portal.fetching import FetchFailed, FetchRefused

PUBLIC = "93.184.215.14"
# What each name resolves to, answer by answer; the last one stays.
NAMES: dict[str, list[list[str]]] = {
    "agency.example": [[PUBLIC]],
    "six.agency.example": [["2606:2800:21f:cb07:6820:80da:af6b:8b2c"]],
    "localhost": [["127.0.0.1", "::1"]],
    "localhost.localdomain": [["127.0.0.1"]],
    "inside.example": [["10.1.2.3"]],
    "both.example": [[PUBLIC, "192.168.7.7"]],
    "both6.example": [["2606:2800:21f:cb07:6820:80da:af6b:8b2c", "fd00::7"]],
    "metadata.google.internal": [["169.254.169.254"]],
    "rebound.example": [[PUBLIC], ["127.0.0.1"]],
    "xn--bcher-kva.example": [["172.16.0.9"]],
    "127.0.0.1.nip.example": [["127.0.0.1"]],
    "nat64.example": [["64:ff9b::a9fe:a9fe"]],
    "empty.example": [[]],
}
HOSTILE = [
    # loopback, in every spelling a resolver takes
    "http://127.0.0.1/", "http://127.1/", "http://127.0.1/", "http://127.255.255.254/", "http://2130706433/",
    "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0x7f.1/", "http://017700000001/", "http://0177.0.0.1/",
    "http://0177.0x0.0.1/", "http://127.0.0.1./", "http://localhost/", "https://localhost./", "http://LOCALHOST/",
    "http://localhost.localdomain/", "http://0/", "http://0.0.0.0/", "http://[::]/", "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/", "http://[::1%25lo]/",
    # IPv4 inside IPv6
    "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[::ffff:0:127.0.0.1]/", "http://[::127.0.0.1]/",
    "http://[64:ff9b::127.0.0.1]/", "http://[64:ff9b::a9fe:a9fe]/", "http://[64:ff9b::8.8.8.8]/",
    "http://[64:ff9b:1::10.0.0.1]/", "http://[64:ff9b:1:fffe::1]/", "http://[2002:7f00:1::]/",
    "http://[2002:a00:1::1]/", "http://[2001::7f00:1]/", "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    # private, local, shared, multicast, reserved
    "http://10.0.0.1/", "http://172.16.0.1/", "http://172.31.255.255/", "http://192.168.1.1/feed.xml",
    "http://169.254.169.254/latest/meta-data/", "http://2852039166/", "http://0xA9FEA9FE/", "http://100.64.0.1/",
    "http://192.0.0.8/", "http://192.0.2.1/", "http://198.18.0.1/", "http://198.51.100.7/", "http://203.0.113.7/",
    "http://192.88.99.1/", "http://224.0.0.1/", "http://239.255.255.250/", "http://240.0.0.1/",
    "http://255.255.255.255/", "http://[fc00::1]/", "http://[fd12:3456::1]/", "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/", "http://[fec0::1]/", "http://[ff02::1]/", "http://[ff0e::1]/", "http://[100::1]/",
    "http://[2001:db8::1]/", "http://[2001:2::1]/", "http://[2001:20::1]/", "http://[3fff::1]/", "http://[5f00::1]/",
    # names that lead inside, and names written to look like others
    "http://inside.example/", "https://inside.example/", "http://both.example/", "http://both6.example/",
    "http://metadata.google.internal/computeMetadata/v1/", "http://nat64.example/", "http://127.0.0.1.nip.example/",
    "http://bücher.example/", "http://BÜCHER.example./", "http://127。0。0。1/", "http://１２７.０.０.１/",
    "http://①②⑦.⓪.⓪.①/", "http://inside。example/",
    # user names, ports, back-slashes and other marks that make two readers see two hosts
    "http://agency.example@127.0.0.1/", "http://agency.example:80@127.0.0.1:80/", "http://agency.example%40@10.0.0.1/",
    "http://127.0.0.1#@agency.example/", "http://127.0.0.1?@agency.example/",
    "http://agency.example\\@127.0.0.1/", "http://127.0.0.1%2f@agency.example:81/", "http://127.0.0.1:8001/ops",
    "http://agency.example:22/", "http://agency.example:99999/", "http://%31%32%37.0.0.1/",
    "http://127.0.0.1%00.agency.example/", "http://127.0.0.1\r\nHost: agency.example/", "http:///127.0.0.1/",
    "http:127.0.0.1", "//127.0.0.1/", "http://[::1/", "http://", "http://[]/", "http://./",
    # other schemes
    "file:///etc/passwd", "ftp://agency.example/", "gopher://127.0.0.1:25/_HELO", "dict://127.0.0.1:11211/",
    "data:text/plain,x", "unix:///run/x.sock", "jar:http://127.0.0.1/!/", "HTTP+UNIX://x/", "javascript:0",
]  # fmt: skip
INSIDE = [
    "http://127.0.0.1/", "http://[::1]/", "http://inside.example/", "//10.0.0.1/", "http://2130706433/",
    "http://agency.example@127.0.0.1/", "http://169.254.169.254/", "file:///etc/passwd", "http://agency.example:25/",
    "https://[64:ff9b::7f00:1]/", "//both.example/x", "http://127。0。0。1/",
]  # fmt: skip

connected: list[Any] = []


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        connected.append(arguments[1])


sys.addaudithook(_note)


class Resolver:
    """Answers from `NAMES` and counts how often each name was asked for; numbers are read as the C library does."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, host: Any, port: int, *rest: Any, **named: Any) -> list[Any]:
        host = host.decode() if isinstance(host, bytes) else host
        self.asked.append(host)
        name = host.rstrip(".").lower()
        answers = NAMES.get(name) or [[_number(name)]]
        found = answers[min(self.asked.count(host), len(answers)) - 1]
        return [
            (socket.AF_INET6 if ":" in each else socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
            for each in found
        ]


def _number(host: str) -> str:
    if ":" in host:
        return str(ip_address(unquote(host)))
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        raise socket.gaierror(socket.EAI_NONAME, "no such name") from None


class Loop(asyncio.SelectorEventLoop):
    """Notes what the fetcher wants to connect to; what is public is led to the test's server."""

    server: tuple[str, int]
    wanted: list[str]

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        self.wanted.append(str(address[0]))
        if sock.family != socket.AF_INET:
            raise ConnectionRefusedError
        assert address[1] in {80, 443}
        await super().sock_connect(sock, self.server)


class Handler(BaseHTTPRequestHandler):
    """Sends a picture's worth of bytes, or on to what stands in the query."""

    def do_GET(self) -> None:
        onward = self.path.partition("?to=")[2]
        self.send_response(302 if onward else 200)
        if onward:
            self.send_header("Location", unquote(onward))
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"feed")

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, int]]:
    """What stands behind every public address."""
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield "127.0.0.1", made.server_address[1]
    made.shutdown()
    thread.join()
    made.server_close()


class Net:
    """The fetcher with this test's resolver and sockets."""

    def __init__(self, server: tuple[str, int], resolver: Resolver) -> None:
        self.server, self.resolver = server, resolver
        self.wanted: list[str] = []

    def fetch(self, address: str) -> bytes:
        connected.clear()
        into = io.BytesIO()

        def loop() -> Loop:
            made = Loop()
            made.server, made.wanted = self.server, self.wanted
            return made

        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(fetching.fetch(address, into))
        return into.getvalue()


@pytest.fixture
def net(server: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> Iterator[Net]:
    """The net; afterwards nothing but the test's own server has been connected to."""
    resolver = Resolver()
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    yield Net(server, resolver)
    assert set(connected) <= {server}


def test_there_are_enough_of_them():
    assert len(set(HOSTILE)) == len(HOSTILE) >= 100


@pytest.mark.parametrize("address", HOSTILE, ids=ascii)
def test_a_hostile_address_reaches_nobody(net: Net, address: str):
    with pytest.raises((FetchRefused, FetchFailed)):
        net.fetch(address)
    assert net.wanted == []


@pytest.mark.parametrize("onward", INSIDE, ids=ascii)
def test_a_redirect_inside_is_not_followed(net: Net, onward: str):
    with pytest.raises((FetchRefused, FetchFailed)):
        net.fetch(f"http://agency.example/?to={onward}")
    assert net.wanted == [PUBLIC]


def test_a_redirect_that_comes_back_inside_after_one_outside_is_not_followed(net: Net):
    with pytest.raises(FetchRefused):
        net.fetch("http://agency.example/?to=http://agency.example/?to=http://127.0.0.1/")
    assert net.wanted == [PUBLIC, PUBLIC]


def test_the_answer_that_was_vetted_is_the_one_connected_to(net: Net):
    assert net.fetch("http://rebound.example/") == b"feed"
    assert net.wanted == [PUBLIC] and net.resolver.asked == ["rebound.example"]


def test_a_name_is_vetted_again_when_a_redirect_leads_back_to_it(net: Net):
    with pytest.raises(FetchRefused):
        net.fetch("http://rebound.example/?to=/again")
    assert net.wanted == [PUBLIC] and net.resolver.asked == ["rebound.example"] * 2


@pytest.mark.parametrize(
    "address",
    [
        "http://agency.example/feed.xml", "http://AGENCY.example./", f"http://{PUBLIC}/", "http://agency.example:0/",
        "http://127.0.0.1\\@agency.example/",  # the host vetted is the one connected to, however others would read it
    ],
    ids=ascii,
)  # fmt: skip
def test_an_honest_address_is_fetched(net: Net, address: str):
    assert net.fetch(address) == b"feed"
    assert net.wanted == [PUBLIC]


def test_an_honest_address_of_the_new_kind_is_tried(net: Net):
    with pytest.raises(FetchFailed):
        net.fetch("http://six.agency.example/")
    assert net.wanted == NAMES["six.agency.example"][0]

"""The guards behind the servers themselves: what the wire can carry that no polite client sends."""

import json
import multiprocessing
import socket
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from portal.commands import serving
from portal.web.guards.forwarded import ForwardedGuard
from tests.running import Portal, eventually, free_port

FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


@pytest.fixture(scope="module", params=["granian", "uvicorn"])
def site(request, migrated_sqlite, tmp_path_factory) -> Iterator[Portal]:
    folder = tmp_path_factory.mktemp(request.param)
    file = folder / "portal.sqlite"
    file.write_bytes(migrated_sqlite.read_bytes())
    made = Portal(f"sqlite:///{file}", folder, server=request.param)
    made.start_web()
    yield made
    made.stop()


def say(port: int, said: bytes) -> bytes:
    """The whole answer to these bytes, which ask for the connection to be closed or deserve it."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=60)) as caller:
        caller.sendall(said)
        answer = b""
        while piece := caller.recv(65536):
            answer += piece
    return answer


def status(site: Portal, line: bytes, *fields: bytes, body: bytes = b"") -> int:
    """The status of the answer to a head as it stands here: `{host}` is the site's own name."""
    head = [line + b" HTTP/1.1", *fields, b"Connection: close", b"", body]
    told = b"\r\n".join(head).replace(b"{host}", f"127.0.0.1:{site.port}".encode())
    return int(say(site.port, told).split(b" ", 2)[1])


@pytest.mark.parametrize(
    ("line", "fields", "answered"),
    [
        (b"GET /en/legal", [b"Host: {host}"], 200),
        (b"GET /en/legal", [b"HOST: {host}", b"X-Forwarded-Host: evil.example"], 200),
        (b"GET /en/legal", [], 400),
        (b"GET /en/legal", [b"Host:"], 400),
        (b"GET /en/legal", [b"Host: {host}", b"Host: {host}"], 400),
        (b"GET /en/legal", [b"Host: {host}", b"Host: evil.example"], 400),
        (b"GET /en/legal", [b"Host: evil.example"], 400),
        (b"GET /en/legal", [b"Host: evil.example", b"X-Forwarded-Host: {host}"], 400),
        (b"GET /up", [b"Host: evil.example"], 200),
        (b"GET /up", [], 400),
        (b"GET /up", [b"Host: {host}", b"Host: {host}"], 400),
        (b"GET /en/legal", [b"Host: {host}", b"Host : evil.example"], 400),
    ],
)
def test_a_request_names_our_host_once(site, line, fields, answered):
    assert status(site, line, *fields) == answered


def test_a_head_of_a_hundred_kilobytes_is_refused_by_granian_and_does_no_harm_to_uvicorn(site):
    answered = status(site, b"GET /en/legal", b"Host: {host}", b"X-Large: " + b"x" * 100_000)
    assert answered == (431 if site.server == "granian" else 200)


def test_a_body_whose_length_is_told_twice_is_read_by_its_chunks_and_hung_up_on_or_refused(site):
    # granian drops the length, takes the chunks and hangs up (RFC 9112 §6.3), whatever the client asked.
    head = b"POST /en/report/zzzzzzzzzz HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % site.port + FORM + CHUNKED
    granian = site.server == "granian"
    rest = b"Content-Length: 3\r\n" + (b"" if granian else b"Connection: close\r\n") + b"\r\n3\r\na=1\r\n0\r\n\r\n"
    answer = say(site.port, head + rest + b"GET /up HTTP/1.1\r\nHost: smuggled\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 404 " if granian else b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "fields", [[b"Content-Length: 3", b"Content-Length: 4"], [b"Transfer-Encoding: chunked", b"Transfer-Encoding: x"]]
)
def test_a_body_whose_length_nobody_can_tell_is_refused(site, fields):
    assert status(site, b"POST /en/report/zzzzzzzzzz", b"Host: {host}", *fields, body=b"a=1") == 400


def test_a_body_of_two_hundred_megabytes_is_refused_at_its_announcement(site):
    type_ = FORM.strip()
    assert status(site, b"POST /en/report/zzzzzzzzzz", b"Host: {host}", type_, b"Content-Length: 209715200") == 413


# Who the visitor is


async def tell(scope: Scope, receive: Receive, send: Send) -> None:
    told = {"client": scope["client"][0], "scheme": scope["scheme"], "headers": list(Request(scope).headers)}
    await JSONResponse(told)(scope, receive, send)


def seen() -> ASGIApp:
    """What is seen of a visitor at `/` behind a trusted proxy, and at `/straight` where nobody is trusted."""
    guards = {"/": ForwardedGuard(tell, ["127.0.0.1"]), "/straight": ForwardedGuard(tell, [])}

    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await guards[scope["path"]](scope, receive, send)

    return either


def by_granian(port: int) -> None:
    serving.run(f"{__name__}:seen", f"127.0.0.1:{port}", 1)


def by_uvicorn(port: int) -> None:
    uvicorn.run(f"{__name__}:seen", factory=True, port=port, proxy_headers=False, log_level="error")


def listens(port: int) -> bool:
    with closing(socket.socket()) as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("server", [by_granian, by_uvicorn])
def test_forged_forwarded_headers_reach_nobody(server: Callable[[int], None]):
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(target=server, args=(port,))
    process.start()
    try:
        eventually(lambda: listens(port), within=60)
        for path, client, scheme in (("/", "9.9.9.9", "https"), ("/straight", "127.0.0.1", "http")):
            answer = say(
                port,
                f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: 6.6.6.6, 9.9.9.9\r\n"
                "X-Forwarded-Proto: https\r\nForwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\n\r\n".encode(),
            )
            told = json.loads(answer.partition(b"\r\n\r\n")[2])
            assert (told["client"], told["scheme"]) == (client, scheme)
            assert set(told["headers"]) <= {"host", "connection"}
    finally:
        process.terminate()
        process.join()

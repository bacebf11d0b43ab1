"""Each guard alone, and what every answer of the site says to browsers."""

import re
from typing import Any

import anyio
import pytest
from starlette.exceptions import HTTPException
from starlette.testclient import TestClient

from portal import addresses
from portal.settings import ROOT
from portal.web.app import create
from portal.web.guards import bodies, headers
from portal.web.guards.bodies import BodyGuard
from portal.web.guards.forwarded import ForwardedGuard
from portal.web.guards.host import HostGuard
from portal.web.routes import ROUTES
from tests.web.reading import Page

ADDRESSES = [
    "/", "/en/", "/en/buy", "/es/legal", "/en/nothing/here/at/all", "/up", "/ready", "/static/site.css", "/robots.txt",
]  # fmt: skip


# Headers


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_carries_the_security_headers_and_sets_no_cookie(client, address):
    answered = client.get(address).headers
    assert "unsafe" not in headers.POLICY
    for name, value in headers.PUBLIC.items():
        assert answered[name] == value
    assert "set-cookie" not in answered
    assert "strict-transport-security" not in answered


def test_an_https_origin_adds_what_only_https_may_have(client, settings):
    with TestClient(create(settings.model_copy(update={"origin": "https://immomarket.example"}))) as secure:
        answered = secure.get("/up").headers
    assert answered["content-security-policy"].endswith("; upgrade-insecure-requests")
    assert answered["strict-transport-security"] == "max-age=63072000; includeSubDomains"


def test_a_face_of_one_reader_is_kept_by_nobody_and_says_all_that_the_public_one_says():
    assert headers.PRIVATE.items() > headers.PUBLIC.items()
    assert headers.PRIVATE["Cache-Control"] == "no-store"


@pytest.mark.parametrize("address", ["/en/nothing/here/at/all", "/up", "/ready"])
def test_what_is_no_page_for_everybody_is_kept_by_nobody(client, address):
    assert client.get(address).headers["cache-control"] == "no-store"


# Host


def asked(guard: Any, path: str, *hosts: str) -> bool:
    """Whether the guard passes on a request that names these hosts."""
    passed = []

    async def app(scope, receive, send) -> None:
        passed.append(scope)

    async def refused(scope, receive, send) -> None: ...

    guarded = HostGuard(app, guard, refused)
    scope = {"type": "http", "path": path, "headers": [(b"host", host.encode()) for host in hosts]}
    anyio.run(guarded, scope, None, None)
    return bool(passed)


@pytest.mark.parametrize(
    ("origin", "host", "passed"),
    [
        ("https://immomarket.example", "immomarket.example", True),
        ("https://immomarket.example", "ImmoMarket.Example", True),
        ("https://immomarket.example", "immomarket.example:443", True),
        ("https://immomarket.example", "immomarket.example:80", False),
        ("https://immomarket.example", "www.immomarket.example", False),
        ("https://immomarket.example", "immomarket.example.evil.example", False),
        ("https://immomarket.example", "127.0.0.1:8000", False),
        ("https://immomarket.example", "", False),
        ("http://immomarket.example:8080", "immomarket.example:8080", True),
        ("http://immomarket.example:8080", "immomarket.example", False),
        ("http://127.0.0.1:8000", "localhost:8000", True),
        ("http://localhost:8000", "[::1]:8000", True),
        ("http://[::1]:8000", "127.0.0.1:8000", True),
        ("http://127.0.0.1:8000", "127.0.0.1:8001", False),
        ("http://127.0.0.1:8000", "rebound.example:8000", False),
    ],
)
def test_only_the_host_of_the_origin_is_ours(origin, host, passed):
    assert asked(origin, "/en/", host) is passed


@pytest.mark.parametrize("path", ["/up", "/ready"])
def test_health_is_told_under_any_one_name(path):
    assert asked("https://immomarket.example", path, "10.0.0.7:8000")
    assert not asked("https://immomarket.example", path)
    assert not asked("https://immomarket.example", path, "immomarket.example", "immomarket.example")


@pytest.mark.parametrize("host", ["evil.example", "[", "a b", "immomarket.example@evil.example", "\xff"])
def test_a_request_for_another_host_gets_a_page_that_does_not_name_it(client, host):
    page = Page(client.get("/es/", headers={"host": host.encode("latin-1")}))
    assert page.status == 400
    assert page.text.startswith("No hemos podido leer esta petición")
    assert "evil" not in page.response.text
    assert page.response.headers["cache-control"] == "no-store"
    assert page.response.headers["content-security-policy"] == headers.POLICY


# Forwarded headers


def seen(peer: str | None, *claims: tuple[str, str], proxies: tuple[str, ...] = ("10.0.0.0/8", "::1")) -> Any:
    """The request as the site sees it."""
    found = []

    async def app(scope, receive, send) -> None:
        found.append(scope)

    scope = {
        "type": "http", "scheme": "http", "client": (peer, 51000) if peer else None,
        "headers": [(b"host", b"x"), *((name.lower().encode(), value.encode()) for name, value in claims)],
    }  # fmt: skip
    anyio.run(ForwardedGuard(app, proxies), scope, None, None)
    return found[0]


@pytest.mark.parametrize(
    ("peer", "claims", "visitor"),
    [
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["6.6.6.6, 203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["6.6.6.6", "203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["203.0.113.9:4711"], "203.0.113.9"),
        ("10.0.0.1", ["[2001:db8::7]:4711"], "2001:db8::7"),
        ("10.0.0.1", ["::ffff:203.0.113.9"], "203.0.113.9"),
        ("::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("::1", ["2001:db8::7"], "2001:db8::7"),
        ("10.0.0.1", ["6.6.6.6, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["6.6.6.6, nonsense, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("192.0.2.1", ["6.6.6.6"], "192.0.2.1"),
        ("192.0.2.1", ["10.0.0.1"], "192.0.2.1"),
        (None, ["6.6.6.6"], None),
    ],
)
def test_the_right_most_address_that_is_no_trusted_proxy_is_the_visitor(peer, claims, visitor):
    scope = seen(peer, *(("X-Forwarded-For", claim) for claim in claims))
    assert (scope["client"][0] if scope["client"] else None) == visitor


def test_without_trusted_proxies_nothing_is_believed_even_from_the_same_machine():
    scope = seen("127.0.0.1", ("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-Proto", "https"), proxies=())
    assert (scope["client"], scope["scheme"]) == (("127.0.0.1", 51000), "http")


@pytest.mark.parametrize(("told", "scheme"), [("https", "https"), ("HTTPS", "https"), ("javascript", "http")])
def test_the_scheme_of_a_trusted_proxy_is_the_visitors(told, scheme):
    assert seen("10.0.0.1", ("X-Forwarded-Proto", told))["scheme"] == scheme
    assert seen("192.0.2.1", ("X-Forwarded-Proto", told))["scheme"] == "http"


@pytest.mark.parametrize("peer", ["10.0.0.1", "192.0.2.1"])
@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "True-Client-IP"])
def test_nothing_behind_the_guard_can_read_a_claim(peer, name):
    assert seen(peer, (name, "6.6.6.6"), ("Accept", "*/*"))["headers"] == [(b"host", b"x"), (b"accept", b"*/*")]


# Bodies


def read(messages: list[dict[str, Any]], *told: tuple[bytes, bytes], method: str = "POST", **limits: Any) -> list[str]:
    """What an application sees that reads these messages twice as long as there are any."""
    kinds = []

    async def receive():
        if not messages:
            await anyio.sleep_forever()
        return messages.pop(0)

    async def app(scope, receive, send) -> None:
        while messages:
            kinds.append((await receive())["type"])
        if limits:
            await receive()

    anyio.run(BodyGuard(app, **limits), {"type": "http", "method": method, "headers": list(told)}, receive, None)
    return kinds


def piece(size: int, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": b"x" * size, "more_body": more}


@pytest.mark.parametrize("pieces", [0, 3])
def test_a_body_that_does_not_arrive_in_time_is_refused(pieces):
    with pytest.raises(HTTPException) as refused:
        read([piece(1) for _ in range(pieces)], seconds=0.05)
    assert refused.value.status_code == 408


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ([(b"content-length", b"65537")], 413),
        ([(b"content-length", b"9" * 5000)], 413),
        ([(b"content-length", b"1"), (b"transfer-encoding", b"chunked")], 400),
    ],
)
def test_what_the_head_gives_away_is_refused_before_anything_is_read(told, status):
    messages = [piece(1)]
    with pytest.raises(HTTPException) as refused:
        read(messages, *told)
    assert (refused.value.status_code, len(messages)) == (status, 1)


def test_once_the_body_is_complete_the_visitor_leaving_is_passed_on():
    assert read([piece(1, more=False), {"type": "http.disconnect"}]) == ["http.request", "http.disconnect"]


def test_the_body_of_a_get_is_left_alone():
    assert read([piece(bodies.MAX_BODY + 1)], method="GET") == ["http.request"]


# Routes


def test_every_route_takes_its_path_from_the_one_list_and_every_path_has_a_route():
    paths = {value for name, value in vars(addresses).items() if name.isupper() and isinstance(value, str)}
    of_ops = ("/ops", "/style", "/metrics")
    assert {route.path for route in ROUTES} == {path for path in paths if not path.startswith(of_ops)}


def test_routes_have_names_of_their_own():
    names = [route.name for route in ROUTES]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z_]+", name) for name in names)


def test_nothing_but_the_guard_reads_forwarded_headers():
    for path in (ROOT / "portal").rglob("*.py"):
        if path.name != "forwarded.py":
            assert "x-forwarded" not in path.read_text().lower(), path

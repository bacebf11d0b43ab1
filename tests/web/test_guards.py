"""The headers of every answer, the clock on every body, and the one list of routes."""

import re

import anyio
import pytest
from starlette.exceptions import HTTPException
from starlette.testclient import TestClient

from portal import addresses
from portal.web import guards
from portal.web.app import create
from portal.web.routes import ROUTES

ADDRESSES = [
    "/", "/en/", "/en/buy", "/es/legal", "/en/nothing/here/at/all", "/up", "/ready", "/static/site.css", "/robots.txt",
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_carries_the_security_headers_and_sets_no_cookie(client, address):
    headers = client.get(address).headers
    assert headers["content-security-policy"] == guards.POLICY
    assert "unsafe" not in guards.POLICY
    for name, value in guards.HEADERS.items():
        assert headers[name] == value
    assert "set-cookie" not in headers
    assert "strict-transport-security" not in headers


def test_an_https_origin_adds_what_only_https_may_have(client, settings):
    with TestClient(create(settings.model_copy(update={"origin": "https://immomarket.example"}))) as secure:
        headers = secure.get("/up").headers
    assert headers["content-security-policy"].endswith("; upgrade-insecure-requests")
    assert headers["strict-transport-security"] == "max-age=63072000; includeSubDomains"


@pytest.mark.parametrize("chunks", [0, 3])
def test_a_body_that_does_not_arrive_in_time_is_refused(chunks):
    async def drip() -> None:
        sent = 0

        async def receive():
            nonlocal sent
            sent += 1
            if sent > chunks:
                await anyio.sleep_forever()
            return {"type": "http.request", "body": b"x", "more_body": True}

        async def app(scope, receive, send):
            while (await receive()).get("more_body"):
                pass

        await guards.BodyLimits(app, seconds=0.05)({"type": "http"}, receive, None)

    with pytest.raises(HTTPException) as refused:
        anyio.run(drip)
    assert refused.value.status_code == 408


def test_once_the_body_is_complete_the_visitor_leaving_is_passed_on():
    async def run() -> list[str]:
        messages = iter([{"type": "http.request", "body": b"x", "more_body": False}, {"type": "http.disconnect"}])
        seen = []

        async def receive():
            return next(messages)

        async def app(scope, receive, send):
            seen.append((await receive())["type"])
            seen.append((await receive())["type"])

        await guards.BodyLimits(app, size=1)({"type": "http"}, receive, None)
        return seen

    assert anyio.run(run) == ["http.request", "http.disconnect"]


def test_every_route_takes_its_path_from_the_one_list_and_every_path_has_a_route():
    paths = {value for name, value in vars(addresses).items() if name.isupper() and isinstance(value, str)}
    assert {route.path for route in ROUTES} == {path for path in paths if not path.startswith(("/ops", "/style"))}


def test_routes_have_names_of_their_own():
    names = [route.name for route in ROUTES]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z_]+", name) for name in names)

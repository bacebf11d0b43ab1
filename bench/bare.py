"""The limit of the server: one plain-text route of a bare Starlette application, served as `portal serve` does."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bench import wrk
from portal.commands import serving
from tests.running import eventually, free_port


def create() -> Starlette:
    """One route, no guard, no cache."""

    async def alive(request: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    return Starlette(routes=[Route("/up", alive)])


@contextmanager
def plain() -> Iterator[str]:
    """The address of the route, served by one process for as long as the block runs."""
    bind = f"127.0.0.1:{free_port()}"
    server = multiprocessing.get_context("spawn").Process(target=serving.run, args=(f"{__name__}:create", bind, 1))
    server.start()
    try:
        eventually(lambda: wrk.answers(f"http://{bind}/up"))
        yield f"http://{bind}/up"
    finally:
        server.terminate()
        server.join()

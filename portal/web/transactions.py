"""Blocking work of a request: in one of a few threads, with one session, the writing ones in one transaction.

Handlers are async and never see a session; what they hand over runs start to end on one thread.
"""

from asyncio import get_running_loop
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

import anyio.to_thread
from sqlmodel import Session
from starlette.requests import Request

from portal.web.site import site

THREADS = 8  # as many as the database has connections: more would only wait inside instead of outside
TURN_SECONDS = 10.0  # a visitor waits for others who write: longer would be worse than to be told to come back
# Reading SQLite and filling in a page is work of one interpreter: threads that do it at once hand its lock to and fro
# at every row, and make a third fewer pages than one alone. PostgreSQL is waited for, so there several make them.
MAKERS = {"sqlite": 1, "postgresql": THREADS}

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


async def in_thread(
    request: Request, work: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> Result:
    """Run blocking work beside the event loop."""
    return await anyio.to_thread.run_sync(partial(work, *args, **kwargs), limiter=site(request).threads)


async def making(
    request: Request, work: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> Result:
    """Run what makes a page beside the event loop, and beside all else that waits for the database.

    A maker goes from one page straight to the next: waiting in between for the event loop took it a fifth of its time.
    """
    known = copy_context().run  # with the number of the request
    return await get_running_loop().run_in_executor(site(request).makers, known, partial(work, *args, **kwargs))


async def reading(
    request: Request,
    work: Callable[Concatenate[Session, Parameters], Result],
    *args: Parameters.args,
    **kwargs: Parameters.kwargs,
) -> Result:
    """Run `work` with a session for reading, in a thread."""

    def read() -> Result:
        with site(request).database.read() as session:
            return work(session, *args, **kwargs)

    return await in_thread(request, read)


async def writing(
    request: Request,
    work: Callable[Concatenate[Session, Parameters], Result],
    *args: Parameters.args,
    **kwargs: Parameters.kwargs,
) -> Result:
    """Run `work` in one transaction, in a thread: durable when this returns, nothing written when it raises."""

    def transact(session: Session) -> Result:
        return work(session, *args, **kwargs)

    return await in_thread(request, site(request).database.write, transact)

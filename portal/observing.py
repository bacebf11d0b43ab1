"""Logs: one JSON object a line on stderr, in UTC. Only the keys in `ALLOWED` are ever written.

The one place that knows structlog and the logging module. A log must never hold a person: the text of an event is a
constant, values pass an allow-list, an exception leaves its type and the places it passed, never its message, and of
other libraries' records only the template is kept, never what was to be filled in.
"""

import logging
import logging.config
import sys
import traceback
from contextvars import ContextVar
from types import TracebackType
from typing import Any, TypeAlias

import structlog
from structlog.typing import EventDict, WrappedLogger

from portal.settings import ROOT

ALLOWED = frozenset({
    "event", "level", "time", "logger", "error", "where", "agency", "attempt", "bind", "code", "count", "feed", "kind",
    "lead", "mail", "media", "method", "outcome", "phase", "process", "property", "request", "route", "run", "seconds",
    "state", "status", "version", "worker",
})  # fmt: skip

# The number of the request that is being handled; empty elsewhere. Its own thread and those it starts see it.
REQUEST: ContextVar[str] = ContextVar("request", default="")

Raised: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]


class Lines(logging.Formatter):
    """Records of the standard library's logging as the same lines: granian, asyncio, SQLAlchemy."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; of the message only its template's first line: granian writes whole tracebacks into it."""
        event: EventDict = {"event": str(record.msg).partition("\n")[0], "logger": record.name}
        event["exc_info"] = record.exc_info
        for process in _PROCESSORS:
            event = process(None, record.levelname.lower(), event)
        return str(event)


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": f"{__name__}.Lines"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "loggers": {"_granian": {"level": "INFO"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}


def configure() -> None:
    """Send the records of the standard library's logging here too, for this process."""
    logging.config.dictConfig(LOGGING)


class _Stderr:
    """Where the lines go: whatever stderr is at that moment, in one write, so that processes never mix theirs."""

    def msg(self, line: str) -> None:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    debug = info = warning = error = critical = msg


def _without_message(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    # The message of an exception may quote a form or a statement's parameters; its type and its way may not.
    raised = _raised(event.pop("exc_info", None))
    if raised:
        event["error"] = raised[0].__name__
        event["where"] = [_place(frame) for frame in traceback.extract_tb(raised[2])[-6:]]
    return event


def _raised(given: Any) -> Raised | None:
    if isinstance(given, BaseException):
        return type(given), given, given.__traceback__
    found = given if isinstance(given, tuple) else sys.exc_info() if given else (None, None, None)
    return found if found[0] is not None else None


def _place(frame: traceback.FrameSummary) -> str:
    return f"{frame.filename.removeprefix(f'{ROOT}/')}:{frame.lineno} {frame.name}"


def _allowed(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    return {key: value for key, value in event.items() if key in ALLOWED}


def _with_request(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    number = REQUEST.get()
    return {**event, "request": number} if number else event


_PROCESSORS: list[Any] = [
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    _without_message,
    _with_request,
    _allowed,
    structlog.processors.JSONRenderer(),
]

log: Any = structlog.wrap_logger(
    _Stderr(), processors=_PROCESSORS, wrapper_class=structlog.make_filtering_bound_logger(logging.INFO)
)

"""The clock: whether it can be believed about what cannot be taken back.

Compares the machine's time with the seconds that went by. Never used for what must go on whatever the clock says.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from portal.db import utcnow
from portal.observing import log

JUMP = timedelta(minutes=1)  # what time servers set right at once and no clock loses between two looks
BELIEVED_AFTER = 3600.0  # seconds without another jump


class Clock:
    """The time of one process. A clock that jumped is not steady for an hour, in which somebody may set it right.

    One that was wrong already when the process began is not noticed.
    """

    def __init__(self, told: Callable[[], datetime] = utcnow, gone: Callable[[], float] = time.monotonic) -> None:
        self._told, self._gone = told, gone
        self._began = self._beginning()
        self._jumped_at: float | None = None

    def is_steady(self) -> bool:
        """Whether the time has gone on like the seconds since the process began, or for an hour since it jumped."""
        began, gone = self._beginning(), self._gone()
        jump, self._began = began - self._began, began
        if abs(jump) > JUMP:
            self._jumped_at = gone
            log.warning("clock jumped, nothing is deleted for an hour", seconds=int(jump.total_seconds()))
        return self._jumped_at is None or gone - self._jumped_at >= BELIEVED_AFTER

    def _beginning(self) -> datetime:
        return self._told() - timedelta(seconds=self._gone())

"""Locking: one process at a time, and one thread of it, changes a folder that the ledger keeps outside its database.

Owns the file `lock` of such a folder, which holds nothing. Must never be held while somebody is waited for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: there one process alone may seal
    fcntl = None  # type: ignore[assignment]


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until nobody else is in the folder, and keep others out of it for the block."""
    with (folder / "lock").open("w") as lock:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield

"""Running the Django site: gunicorn with one sync worker, the fastest of its servers for this page."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import wrk
from tests.running import REPOSITORY, eventually, free_port


@contextmanager
def django(database: Path, templates: Path) -> Iterator[str]:
    """The site on this database file with these templates; its address."""
    url = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "gunicorn", "--workers=1", "--worker-class=sync", "--log-level=warning"]
    server = subprocess.Popen(
        [*command, f"--bind={url.removeprefix('http://')}", "bench.peers.site:application"],
        env={**os.environ, "PEER_DATABASE": str(database), "PEER_TEMPLATES": str(templates)}, cwd=REPOSITORY,
    )  # fmt: skip
    try:
        eventually(lambda: wrk.answers(f"{url}/up"))
        yield url
    finally:
        server.terminate()
        server.wait()

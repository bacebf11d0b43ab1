"""Values that others published, kept beside the project: a test that wants one is skipped where they are absent."""

from pathlib import Path

import pytest

from portal.settings import ROOT

FOLDER = ROOT.parent / "shared" / "vectors"


def published(name: str) -> str:
    """The text of one of those files."""
    path: Path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"the published values in {name} are not at hand")
    return path.read_text(encoding="utf-8")

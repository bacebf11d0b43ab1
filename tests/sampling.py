"""The samples of a lead's mail that the README shows to whoever writes software for agencies: one in each language.

`python -m tests.sampling` writes them anew into `tests/samples`.
"""

from dataclasses import replace
from pathlib import Path

from portal.language import locales
from tests.lettering import FACTS, composed

FOLDER = Path(__file__).parent / "samples"


def samples() -> dict[str, bytes]:
    """Each sample by the name of its file."""
    return {f"lead.{locale}.eml": composed(replace(FACTS, answer_locale=locale), locale) for locale in locales.SITE}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, raw in samples().items():
        (FOLDER / name).write_bytes(raw)

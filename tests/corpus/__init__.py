"""The corpus of enquiries by which the screening is judged: how its lines are read. Never what they should score.

README.md says how the lines are made, what each kind is and how they are split.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import FormData

FILE = Path(__file__).with_name("enquiries.jsonl")
ORIGIN = "https://portal.example"  # stands for the portal's own origin in headers and words
EVERY = 5


@dataclass(frozen=True)
class Case:
    """One line. `fields`, `headers` and `earlier` are as they came, before the form has cleaned anything."""

    line: int
    id: str
    honest: bool
    note: str
    locale: str
    fields: dict[str, str]
    headers: list[list[str]]
    earlier: dict[str, int]

    @property
    def kind(self) -> str:
        """What sort of enquiry it is: the first word of the note."""
        return self.note.partition(": ")[0]

    @property
    def held_out(self) -> bool:
        """Whether the line is kept out of tuning and reported apart."""
        return self.line % EVERY == 0

    def posted(self) -> FormData:
        """The fields under the names the form gives them."""
        return FormData([("language" if name == "answer_locale" else name, each) for name, each in self.fields.items()])


def cases() -> Iterator[Case]:
    """All lines, in the order of the file."""
    with FILE.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            yield Case(line=number, **json.loads(line))

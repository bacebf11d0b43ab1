"""What Gmail, Outlook for Windows and Apple Mail leave out of our mails, by the data of caniemail.com.

Whatever one of them does not know may stand in a mail only where the mail is as good without it. Those are listed here,
each with what takes its place; one that no mail needs any more is struck from the list.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from audit.stand import node, npm, run
from tests.letters import Sample
from tests.smtp import text

CHECKERS = ("caniemail@2.0.2",)
CLIENTS = ("gmail.*", "outlook.windows", "apple-mail.*")
EXCEPTIONS = {
    "<style> element": "holds the colours for dark windows alone; everything else stands inline",
    "@media": "without it the mail stays light, with its colours as they are, or the program darkens it itself",
    "border-radius": "corners are square",
    "color-scheme meta tag": "says that we bring colours of our own for dark windows; else the program chooses them",
    "display:none": "the line that is shown beside the subject in a list of mails then stands above the mail too",
    "white-space": "a reference or an option of a command may break at its hyphen",
}


def check(found: Sequence[Sample], folder: Path) -> int:
    """Print what is left out by whom; how many features are that are no exception, or exceptions nobody needs."""
    missing, partly = _left_out(found, folder / "support")
    for line in (wrong := objections(missing)):
        print(f"support      {line}")
    for feature, clients in sorted(missing.items()):
        if feature in EXCEPTIONS:
            print(f"support      {feature}: not in {', '.join(sorted(clients))}; {EXCEPTIONS[feature]}")
    print(f"support      in part only: {', '.join(sorted(partly))}")
    print(f"support      {len(found)} mails, {len(missing)} features not everywhere, {len(wrong)} objections")
    return len(wrong)


def objections(missing: Mapping[str, set[str]], exceptions: Mapping[str, str] = EXCEPTIONS) -> list[str]:
    """A line for each feature that is left out and no exception, and for each exception that nothing needs."""
    lines = [
        f"{feature} is left out by {', '.join(sorted(clients))}"
        for feature, clients in sorted(missing.items()) if feature not in exceptions
    ]  # fmt: skip
    return lines + [f"no mail has {feature} any more: strike it" for feature in sorted(set(exceptions) - set(missing))]


def _left_out(found: Sequence[Sample], folder: Path) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """The features some client does not know, and those some client knows in part, each with its clients."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for mail in found:
        path = folder / f"{mail.lang}-{mail.name}.html"
        path.write_text(text(mail.message, "html"))
        files.append(str(path))
    script = Path(__file__).with_suffix(".mjs")
    said = run([node(), str(script), str(npm(folder, CHECKERS)), ",".join(CLIENTS), *files])
    missing: defaultdict[str, set[str]] = defaultdict(set)
    partly: defaultdict[str, set[str]] = defaultdict(set)
    rows = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    if len(rows) != len(files):
        raise SystemExit(f"caniemail read {len(rows)} of {len(files)} mails:\n{said[-2000:]}")
    for row in rows:
        for feature, clients in row["errors"].items():
            missing[feature].update(clients)
        for feature, clients in row["warnings"].items():
            partly[feature].update(clients)
    return missing, partly

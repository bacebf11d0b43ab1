"""What the Nu HTML checker says of every page."""

import json
import urllib.error
import urllib.request
from pathlib import Path

from audit.stand import Site, npm, run


def check(site: Site, folder: Path) -> int:
    """Print every message of the checker; how many there are."""
    saved = folder / "markup"
    saved.mkdir(exist_ok=True)
    for name in site.pages:
        (saved / f"{name}.html").write_bytes(_fetched(site.url(name)))
    (saved / "form-errors.html").write_bytes(_fetched(site.url("form"), b"name="))
    jar = npm(folder) / "vnu-jar" / "build" / "dist" / "vnu.jar"
    files = [str(saved / f"{name}.html") for name in (*site.pages, "form-errors")]
    said = run(["java", "-jar", str(jar), "--format", "json", *files], check=False)
    messages = json.loads(said[said.index("{") :])["messages"]
    for message in messages:
        print(f"{Path(message['url']).name}:{message.get('lastLine')} {message['type']}: {message['message']}")
    print(f"Nu checker: {len(messages)} messages on {len(files)} pages")
    return len(messages)


def _fetched(url: str, sent: bytes | None = None) -> bytes:
    try:
        with urllib.request.urlopen(url, sent) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as refused:
        return bytes(refused.read())

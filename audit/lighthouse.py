"""Lighthouse's four scores of the pages that matter: mobile, simulated throttling, the median of five runs."""

import json
import os
import statistics
from pathlib import Path

from audit.stand import Site, node, npm, run
from tests.browsers import executable

PAGES = ("home", "list", "property", "form")
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
RUNS = 5


def score(site: Site, folder: Path) -> int:
    """Print the scores; how many are below 100."""
    program = npm(folder) / "lighthouse" / "cli" / "index.js"
    below = 0
    print(f"{'Lighthouse':12}" + "".join(f"{name:>16}" for name in CATEGORIES))
    for page in PAGES:
        runs = [_run(program, site.url(page), folder / f"lighthouse-{page}-{number}.json") for number in range(RUNS)]
        medians = [statistics.median(run[name] for run in runs) for name in CATEGORIES]
        below += sum(median < 100 for median in medians)
        print(f"{page:12}" + "".join(f"{median:16.0f}" for median in medians))
    return below


def _run(program: Path, url: str, report: Path) -> dict[str, float]:
    os.environ["CHROME_PATH"] = executable()
    flags = "--headless=new --disable-gpu" + (" --no-sandbox" if os.geteuid() == 0 else "")
    run([
        node(), str(program), url, "--quiet", "--output=json", f"--output-path={report}", f"--chrome-flags={flags}",
        f"--only-categories={','.join(CATEGORIES)}",
    ])  # fmt: skip
    found = json.loads(report.read_text())["categories"]
    return {name: round(found[name]["score"] * 100) for name in CATEGORIES}

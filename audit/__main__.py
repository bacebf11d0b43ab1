"""`make audit`: pictures of every page into var/audit/pictures, the Nu checker, Lighthouse; on a demo of its own.

The checkers come from npm into var/audit, with the Node of the dependency group `audit`; the Nu checker wants Java.
Ends with 1 where a checker finds something.
"""

import sys
from pathlib import Path

from audit import lighthouse, markup, pictures
from audit.stand import demo
from portal.settings import ROOT

FOLDER = ROOT / "var" / "audit"


def main(folder: Path) -> int:
    """Run every audit on one demo; 1 where something was found."""
    folder.mkdir(parents=True, exist_ok=True)
    with demo(folder) as site:
        taken = pictures.take(site, folder / "pictures")
        print(f"{taken} pictures in {folder / 'pictures'}: look at each")
        wrong = markup.check(site, folder)
        below = lighthouse.score(site, folder)
    return 1 if wrong or below else 0


if __name__ == "__main__":
    sys.exit(main(FOLDER))

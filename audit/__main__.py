"""`make audit`: visits and forms of real browsers, the Nu checker, pictures, Lighthouse, the scores of the headers.

A workbook is read back by LibreOffice, and mails are looked at by themselves; all else is on a demo of its own.
Checkers come from npm into var/audit, with the Node of the dependency group `audit`; the Nu checker wants Java. Ends
with 1 where a visit fails or a checker finds something.
"""

import sys
from pathlib import Path

from audit import firefox, headers, lighthouse, markup, pictures, senders, workbooks
from audit.mails import __main__ as mails
from audit.stand import demo
from portal.settings import ROOT

FOLDER = ROOT / "var" / "audit"


def main(folder: Path) -> int:
    """Run every audit on one demo; 1 where something was found."""
    folder.mkdir(parents=True, exist_ok=True)
    misread = workbooks.check(folder)
    misprinted = mails.check(folder / "mails")
    with demo(folder) as site:
        failed = firefox.walk(site)
        misjudged = senders.check(site, folder)
        wrong = markup.check(site, folder)
        taken = pictures.take(site, folder / "pictures")
        print(f"{taken} pictures in {folder / 'pictures'}: look at each")
        below = lighthouse.score(site, folder)
        short = headers.check(site, folder)
    return 1 if misread or misprinted or failed or misjudged or wrong or below or short else 0


if __name__ == "__main__":
    sys.exit(main(FOLDER))

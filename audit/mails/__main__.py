"""`python -m audit.mails`: the audits of our mails, or those named: `looks`, `spam`, `support`. 1 where one objects."""

import io
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from pathlib import Path

from audit.mails import looks, spam, support
from portal.settings import ROOT
from tests.letters import Sample, SampleMissing, samples

AUDITS: dict[str, Callable[[Sequence[Sample], Path], int]] = {
    "looks": looks.check, "spam": spam.check, "support": support.check,
}  # fmt: skip


def check(folder: Path, names: Sequence[str] = tuple(AUDITS)) -> int:
    """Make the samples and run these audits on them; how much was found."""
    folder.mkdir(parents=True, exist_ok=True)
    told = io.StringIO()
    try:
        with redirect_stderr(told):  # what site and worker log of each sample
            found = samples(folder / "market")
    except SampleMissing as missing:
        print(f"mails        {missing}")
        return 1
    except BaseException:
        sys.stderr.write(told.getvalue())
        raise
    print(f"mails        {len(found)} samples of {len({mail.kind for mail in found})} kinds")
    return sum(AUDITS[name](found, folder) for name in names)


if __name__ == "__main__":
    wanted = sys.argv[1:] or list(AUDITS)
    if set(wanted) - set(AUDITS):
        sys.exit(f"python -m audit.mails [{'|'.join(AUDITS)}] …")
    sys.exit(1 if check(ROOT / "var" / "audit" / "mails", wanted) else 0)

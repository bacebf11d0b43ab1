"""What SpamAssassin says of every mail, by its own rules without network, as the recipient's server would ask it.

A mail to a person outside a filter's network of friends has to be far below the 5 points at which it is filed away:
software that takes leads is often stricter, and the tests that need the network come on top.
"""

import os
import re
import shutil
import subprocess
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from audit.stand import run
from portal.language import locales
from tests.letters import Sample

MOST = 2.0
PROCESSES = 2
PACKAGE = ("apt-get", "install", "--yes", "--no-install-recommends", "spamassassin")
# What differs from mailbox to mailbox is left out: what was learned there, and who wrote there before.
QUESTION = (
    "spamassassin", "--local", "--test-mode", "--nocreate-prefs", "--cf=use_bayes 0", "--cf=use_auto_welcomelist 0",
    "--cf=report_safe 0", "--cf=clear_report_template", "--cf=add_header all Scores _SCORE_ _TESTSSCORES(,)_",
)  # fmt: skip
ANSWER = re.compile(rb"^X-Spam-Scores: (-?[\d.]+) (\S+)", re.MULTILINE)
MARK = re.compile(rb"^X-Sample: (\d+)", re.MULTILINE)
WORTHLESS = 0.05  # points: rules that only remark


class Judged(NamedTuple):
    """The points of one mail, and the points of each rule that gave or took some."""

    points: float
    rules: dict[str, float]


def check(found: Sequence[Sample], folder: Path) -> int:
    """Print the points of each mail by language with the rules that gave them; how many have more than they may."""
    if not _fetched():
        print("spam         skipped, SpamAssassin is not installed. Run: sudo apt-get install spamassassin")
        return 0
    began = time.monotonic()
    judged = judge(found, folder / "spam")
    for line in table(found, judged):
        print(f"spam         {line}")
    above = [mail for mail, said in zip(found, judged, strict=True) if said.points > MOST]
    for mail in above:
        print(f"spam         above {MOST}: {mail.name} in {mail.lang}")
    seconds = time.monotonic() - began
    print(
        f"spam         {len(found)} mails, {len(above)} above {MOST} points; {seconds:.0f} s on {PROCESSES} processes"
    )
    return len(above)


def judge(found: Sequence[Sample], folder: Path) -> list[Judged]:
    """What SpamAssassin says of each, in order."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    paths = []
    for number, mail in enumerate(found):
        path = folder / f"{mail.lang}-{mail.name}.eml"
        path.write_bytes(f"X-Sample: {number}\r\n".encode() + received(mail))
        paths.append(str(path))
    with ThreadPoolExecutor(PROCESSES) as pool:
        said = b"".join(pool.map(_asked, [paths[start::PROCESSES] for start in range(PROCESSES)]))
    said = re.sub(rb"\r?\n[ \t]+", b"", said)  # long header lines are folded
    answers = dict(zip(map(int, MARK.findall(said)), map(_read, ANSWER.findall(said)), strict=True))
    return [answers[number] for number in range(len(found))]


def received(mail: Sample) -> bytes:
    """The mail with the trace that our relay and the recipient's server put before it (RFC 5321 §4.4).

    Without it a filter takes a mail as never sent, and leaves out every rule about how it came.
    """
    message = mail.message
    to, date = str(message["To"]), str(message["Date"])
    here = str(message["From"].addresses[0].domain)
    there = to.rpartition("@")[2]
    lines = (
        f"Return-Path: <bounces+1@{here}>",
        f"Received: from mail.{here} (mail.{here} [185.199.45.12])",
        "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) server-digest SHA256)",
        f"\tby mx1.{there} (Postfix) with ESMTPS id 4Rk1Yz2xQbz9sT",
        f"\tfor <{to}>; {date}",
        f"Received: from portal.{here} (localhost [127.0.0.1])",
        f"\tby mail.{here} (Postfix) with ESMTP id 4Rk1Yz1aabz1k",
        f"\tfor <{to}>; {date}",
    )
    return "".join(f"{line}\r\n" for line in lines).encode() + mail.raw


def table(found: Sequence[Sample], judged: Sequence[Judged]) -> list[str]:
    """A line for each mail: its points in each language, and the most any language got by each rule."""
    points: defaultdict[str, dict[str, float]] = defaultdict(dict)
    rules: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for mail, said in zip(found, judged, strict=True):
        points[mail.name][mail.lang] = said.points
        for rule, worth in said.rules.items():
            rules[mail.name][rule] = max(worth, rules[mail.name].get(rule, worth))
    lines = [f"{'':24}" + "".join(f"{lang:>6}" for lang in locales.SITE)]
    for name, by_language in sorted(points.items()):
        row = "".join(f"{by_language[lang]:6.1f}" if lang in by_language else f"{'':6}" for lang in locales.SITE)
        fired = ", ".join(f"{rule} {worth:.1f}" for rule, worth in sorted(rules[name].items()))
        lines.append(f"{name:24}{row}  {fired}")
    return lines


def is_there() -> bool:
    """Whether this machine has SpamAssassin."""
    return shutil.which("spamassassin") is not None


def _asked(paths: Sequence[str]) -> bytes:
    if not paths:
        return b""
    done = subprocess.run([*QUESTION, *paths], capture_output=True, check=False, timeout=600)
    if done.returncode:
        raise SystemExit(f"spamassassin failed:\n{done.stderr.decode(errors='replace')[-2000:]}")
    return done.stdout


def _read(answer: tuple[bytes, bytes]) -> Judged:
    points, rules = answer
    named = (rule.split("=") for rule in rules.decode().split(",") if "=" in rule)
    return Judged(float(points), {name: float(worth) for name, worth in named if abs(float(worth)) >= WORTHLESS})


def _fetched() -> bool:
    """Whether there is one; where one is root on Debian it is fetched."""
    if not is_there() and shutil.which("apt-get") and os.geteuid() == 0:
        run(["apt-get", "update"], check=False)
        run(PACKAGE, check=False)
    return is_there()

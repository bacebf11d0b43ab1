"""Mail leaving: how fast a backlog drains against a client without a database, and how soon a click reaches the relay.

`python -m bench.drain` runs all of it; `drain` or `clicks` runs one part, `--on sqlite` or `--on postgresql` on one
database. One lead's mail, rendered and frozen, is multiplied by SQL. The portal's own worker, with all else it does,
hands the mails to Postfix's `smtp-sink`; in turns the same SMTP client sends the same bytes by the same commands, over
one connection each. Then visitors send leads to a site while its worker runs, and a server notes when it says its 250.
It ends with 1 where a limit is missed. PostgreSQL syncs to disk as it does in earnest.
"""

import argparse
import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from uuid import uuid4

from aiosmtplib import SMTP
from sqlalchemy import update
from sqlmodel import Session, col, func, select

from bench import pages
from bench.enquiring import UNCOUNTED, Sender, fresh
from bench.multiplying import multiply
from portal import forwarding
from portal.db import Database, affected, table_of, utcnow
from portal.enquiries import receiving
from portal.mail import tags
from portal.mail.composing import Letterhead, compose
from portal.mail.mails import Mail
from portal.mail.smtp import MAILS_A_CONNECTION
from portal.message_kinds import KINDS
from portal.signing import Signer
from tests import cast
from tests.running import Portal, eventually, free_port
from tests.smtp import PostOffice, read, text

ON = ("sqlite", "postgresql")
MAILS, ROUNDS, WIDE = 10_000, 3, 10
OF_BARE, OF_ONE = 0.20, 2.0  # one connection against the bare client; ten connections against one
CLICKS_A_SECOND, SECONDS, P95 = 5, 60, 1.0
SENDER, DOMAIN, KEY = "leads@immomarket.example", "immomarket.example", "k" * 40


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and end with 1 where a limit is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.drain")
    parser.add_argument("part", nargs="?", choices=["drain", "clicks"])
    parser.add_argument("--on", choices=ON)
    parser.add_argument("--mails", type=int, default=MAILS, help="of each backlog")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args(arguments)
    if shutil.which("smtp-sink") is None and asked.part != "clicks":
        sys.exit("smtp-sink is missing. Run: sudo apt-get install postfix")
    missed = list[str]()
    for kind in [asked.on] if asked.on else ON:
        if asked.part != "clicks":
            missed += _drain(kind, asked.mails, asked.rounds)
        if asked.part != "drain":
            missed += _click(kind)
    if missed:
        sys.exit(f"beyond their limits: {', '.join(missed)}")


def _drain(kind: str, mails: int, rounds: int) -> list[str]:
    bare, one, wide = list[float](), list[float](), list[float]()
    with fresh(kind) as (database, folder), _sink() as port:
        _fill(database, mails)
        for _ in range(rounds):
            bare.append(asyncio.run(_send_bare(database, port)))
            one.append(_send_ours(database, folder, port, 1))
            wide.append(_send_ours(database, folder, port, WIDE))
    # Turn by turn, so that a neighbour who is busy for a while counts on both sides.
    share = median(ours / theirs for ours, theirs in zip(one, bare, strict=True))
    gain = median(many / ours for many, ours in zip(wide, one, strict=True))
    print(f"{kind}: {mails:,} mails, medians of {rounds}: bare client {median(bare):,.0f} a second;", end=" ")
    print(f"worker with one connection {median(one):,.0f}, {share:.0%} (limit {OF_BARE:.0%});", end=" ")
    print(f"with {WIDE} {median(wide):,.0f}, {gain:.1f} times that of one (limit {OF_ONE})", flush=True)
    return [f"one connection on {kind}"] * (share < OF_BARE) + [f"{WIDE} connections on {kind}"] * (gain < OF_ONE)


@contextmanager
def _sink() -> Iterator[int]:
    """The port of a server that takes every mail and keeps none."""
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []  # it refuses to run as root
    sink = subprocess.Popen(["smtp-sink", *user, f"127.0.0.1:{port}", "100"])
    try:
        eventually(lambda: _listens(port))
        yield port
    finally:
        sink.terminate()
        sink.wait()


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def _fill(database: Database, mails: int) -> None:
    def publish(session: Session) -> Any:
        cast.policy(session)
        return cast.home(session, cast.agency(session))

    now = utcnow()
    enquiry = cast.enquiry(database, database.write(publish), now)
    database.write(lambda session: receiving.receive(session, enquiry, cast.SENDING, cast.SIGNER, cast.SETTINGS, now))
    letterhead = Letterhead(SENDER, "https://immomarket.example", Signer(KEY), f"bounces@{DOMAIN}")

    def freeze(session: Session) -> None:
        mail = session.exec(select(Mail).where(Mail.kind == forwarding.KIND)).one()
        mail.raw = compose(mail, KINDS[mail.kind].render(session, mail, letterhead), SENDER, now)
        others = update(Mail).where(col(Mail.kind) != forwarding.KIND)
        affected(session, others.values(state="cancelled", settled_at=now))

    database.write(freeze)
    database.write(lambda session: multiply(session, mails))


def _send_ours(database: Database, folder: Path, port: int, connections: int) -> float:
    """Mails a second that a worker hands over, from the first 250 to the last."""
    _queue_again(database)
    portal = Portal(
        database.url, folder, f"smtp://127.0.0.1:{port}", mail_connections=connections, mail_from=SENDER,
    )  # fmt: skip
    portal.start_worker()
    try:
        eventually(lambda: _left(database) == 0, within=600)
    finally:
        portal.stop()
    with database.read() as session:
        asked = select(func.count(), func.min(Mail.accepted_at), func.max(Mail.accepted_at))
        number, first, last = session.exec(asked.where(Mail.state == "accepted")).one()
    assert first is not None and last is not None
    return (number - 1) / (last - first).total_seconds()


def _queue_again(database: Database) -> None:
    now = utcnow() - timedelta(seconds=1)
    disclosure = table_of(forwarding.Disclosure)
    values = {"state": "queued", "attempts": 0, "accepted_at": None, "settled_at": None, "queued_at": now}
    mails = update(Mail).where(col(Mail.kind) == forwarding.KIND).values(**values, due_at=now)
    database.write(lambda session: affected(session, mails))
    database.write(lambda session: affected(session, update(disclosure).values(passed_at=None)))


def _left(database: Database) -> int:
    with database.read() as session:
        waiting = select(func.count()).where(col(Mail.state).in_(("queued", "sending", "uncertain")))
        return session.exec(waiting).one()


async def _send_bare(database: Database, port: int) -> float:
    with database.read() as session:
        mails = session.exec(select(Mail.id, Mail.recipient, Mail.raw).where(Mail.kind == forwarding.KIND)).all()
    signer, client = Signer(KEY), SMTP(hostname="127.0.0.1", port=port, start_tls=False, local_hostname=DOMAIN)
    begun = time.perf_counter()
    for place, (number, recipient, raw) in enumerate(mails):
        if place % MAILS_A_CONNECTION == 0:
            if place:
                await client.quit()
            await client.connect()
            await client.ehlo()
        tag = tags.of(signer, number or 0)
        options: tuple[list[str], list[str]] = ([], [])
        if client.supports_extension("dsn"):
            options = (["RET=HDRS", f"ENVID={tag}"], ["NOTIFY=FAILURE,DELAY,SUCCESS", f"ORCPT=rfc822;{recipient}"])
        await client.mail(tags.sender(f"bounces@{DOMAIN}", tag), options=options[0])
        await client.rcpt(recipient, options=options[1])
        await client.data(raw or b"")
    took = time.perf_counter() - begun
    await client.quit()
    return len(mails) / took


@dataclass
class _Watch(PostOffice):
    """A post office that notes when it said its 250 of each mail."""

    times: list[float] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """aiosmtpd asks after the final dot."""
        answer = await super().handle_DATA(server, session, envelope)
        self.times.append(time.perf_counter())
        return answer


def _click(kind: str) -> list[str]:
    number = CLICKS_A_SECOND * SECONDS
    with fresh(kind) as (database, folder), _Watch() as relay:
        database.write(pages.publish)
        with Portal(database.url, folder, relay.relay, **UNCOUNTED) as portal:
            portal.wait_ready()
            sender = Sender(portal, database)
            clicks = {uuid4().hex: each / CLICKS_A_SECOND for each in range(number)}
            begun = time.perf_counter()
            with ThreadPoolExecutor(16) as pool:
                list(pool.map(lambda click: sender.send_one(begun + click[1], click[0]), clicks.items()))
            eventually(lambda: _left(database) == 0)
    took = _waits(relay, {word: begun + due for word, due in clicks.items()})
    assert len(took) == number, f"{number} leads were sent, {len(took)} reached the relay"
    p95 = quantiles(took, n=20)[-1]
    print(f"{kind}: {number} leads at {CLICKS_A_SECOND} a second, from the click to the relay's 250:", end=" ")
    print(f"{median(took):.2f} s in the median, p95 {p95:.2f} s (limit {P95})", flush=True)
    return [f"from click to relay on {kind}"] * (p95 >= P95)


def _waits(relay: _Watch, clicks: dict[str, float]) -> list[float]:
    found = dict[str, float]()
    for raw, at in zip(relay.raws, relay.times, strict=True):
        mail = read(raw)
        words = text(mail).rpartition("Question ")[2].split()
        if mail["X-ImmoMarket-Lead"] and words and words[0] in clicks:
            found.setdefault(words[0], at - clicks[words[0]])
    return list(found.values())


if __name__ == "__main__":
    main()

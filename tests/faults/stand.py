"""Where faults are tried: visitors who remember what they were told, a relay that takes its time, and the checks after.

Nothing here knows the portal's code paths: visitors read the form as served, the relay keeps the bytes as received,
and the checks read the tables.
"""

import asyncio
import http.client
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import count
from random import Random
from typing import Any
from urllib.parse import urlencode

from sqlmodel import Session, col, select

from portal import addresses
from portal.catalogue.properties import Property
from portal.db import Database
from portal.forwarding import reckoning
from portal.leads import Lead, LeadPerson
from portal.ledger import LedgerEvent
from portal.mail.mails import Mail
from tests import cast
from tests.clients import QUIET
from tests.running import Portal
from tests.smtp import PostOffice, read, text

WAITING = ("queued", "sending", "uncertain")


@dataclass
class Relay(PostOffice):
    """A post office that can be away for a while, and that thinks before it keeps a mail and before it says so.

    So a kill meets mails on both sides of the moment at which the relay has them.
    """

    chance: Random = field(default_factory=Random)
    longest_pause: float = 0.0
    _read: int = 0
    _links: dict[str, None] = field(default_factory=dict)

    def go_away(self) -> None:
        """From now on nobody answers at the relay's address."""
        self._call(self._end())

    def come_back(self) -> None:
        """Answer at the same address again."""
        self._server = self._call(self._listen(self.port))

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """aiosmtpd asks after the final dot."""
        await asyncio.sleep(self.chance.uniform(0, self.longest_pause))
        answer = await super().handle_DATA(server, session, envelope)
        await asyncio.sleep(self.chance.uniform(0, self.longest_pause))
        return answer

    def copies(self) -> dict[str, list[bytes]]:
        """What was kept, by Message-ID."""
        kept: dict[str, list[bytes]] = {}
        for raw in self.raws:
            kept.setdefault(str(read(raw)["Message-ID"]), []).append(raw)
        return kept

    def links(self) -> list[str]:
        """The paths at which visitors release what was held, in the order in which the mails arrived."""
        fresh = self.raws[self._read :]
        self._read += len(fresh)
        for raw in fresh:
            self._links.update(dict.fromkeys(re.findall(r"/en/release/\S+", text(read(raw)))))
        return list(self._links)


class Fields(HTMLParser):
    """The fields of a page's forms as a browser would send them, untouched."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Keep each input that is hidden or chosen."""
        given = dict(attributes)
        chosen = given.get("type") == "hidden" or "checked" in given
        if tag == "input" and chosen and given.get("name"):
            self.sent[str(given["name"])] = given.get("value") or "on"


class Visitors:
    """Visitors of one home, each with words of their own. They remember what they sent and what they were told."""

    def __init__(self, portal: Portal, home: Property) -> None:
        self.portal = portal
        self.page = addresses.enquire("en", home.public_id, "home")
        self.attempted: set[str] = set()
        self.told: dict[str, str] = {}
        self.released: set[str] = set()
        self.answers: Counter[int] = Counter()
        self.bare: list[str] = []  # what visitors typed and did not get back when they were refused
        self._numbers = count(1)

    @contextmanager
    def storming(self, visitors: int = 4, links: Callable[[], Sequence[str]] = tuple) -> Iterator[None]:
        """Enquiries, as many as the site can take, until it is killed or the block ends; meanwhile `links` release."""
        form, over = self.form(), threading.Event()
        threads = [threading.Thread(target=self._storm, args=(form, over)) for _ in range(visitors)]
        threads.append(threading.Thread(target=self._press_all, args=(links, over)))
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def form(self) -> dict[str, str]:
        """The fields of the form, as the site serves it."""
        with self.connection() as connection:
            answer, body = _ask(connection, "GET", self.page)
            if answer.status == 301:
                self.page = answer.headers["Location"]
                answer, body = _ask(connection, "GET", self.page)
        assert answer.status == 200, body
        return Fields(body).sent

    def enquire(self, form: dict[str, str], connection: http.client.HTTPConnection | None = None) -> int:
        """One enquiry; the status of the answer. Raises what the connection raises when the site is killed."""
        number = next(self._numbers)
        words = f"Question {number}"
        who = {"name": f"Visitor {number}", "email": f"visitor-{number}@example.com", "words": words, "language": "en"}
        self.attempted.add(words)
        if connection is None:
            with self.connection() as connection:
                return self._send(connection, words, form | who)
        return self._send(connection, words, form | who)

    def references(self) -> dict[str, str]:
        """The reference each acknowledged visitor reads on the status page, by words."""
        with self.connection() as connection:
            return {words: self._reference(connection, path) for words, path in self.told.items()}

    def press(self, links: Sequence[str], connection: http.client.HTTPConnection) -> None:
        """Press the button of each link, until the site says that it was pressed."""
        for path in links:
            if path not in self.released:
                answer, _ = _ask(connection, "POST", path)
                self.answers[answer.status] += 1
                self.released |= {path} if answer.status == 303 else set()

    def _press_all(self, links: Callable[[], Sequence[str]], over: threading.Event) -> None:
        try:
            with self.connection() as connection:
                while not over.wait(0.02):
                    self.press(links(), connection)
        except (OSError, http.client.HTTPException):  # the site was killed
            return

    def _storm(self, form: dict[str, str], over: threading.Event) -> None:
        try:
            with self.connection() as connection:
                while not over.is_set():
                    self.enquire(form, connection)
        except (OSError, http.client.HTTPException):  # the site was killed
            return

    def _send(self, connection: http.client.HTTPConnection, words: str, fields: dict[str, str]) -> int:
        answer, body = _ask(connection, "POST", self.page, urlencode(fields))
        self.answers[answer.status] += 1
        if answer.status == 303:
            self.told[words] = answer.headers["Location"]
        elif f"{words}</textarea>" not in body or "<h1" not in body:
            self.bare.append(words)
        return answer.status

    def _reference(self, connection: http.client.HTTPConnection, path: str) -> str:
        answer, body = _ask(connection, "GET", path)
        assert answer.status == 200, body
        return body.split('class="lead-reference" value="', 1)[1].split('"', 1)[0]

    @contextmanager
    def connection(self) -> Iterator[http.client.HTTPConnection]:
        """A connection to the site, one request after the other."""
        connection = http.client.HTTPConnection("127.0.0.1", self.portal.port, timeout=30)
        try:
            yield connection
        finally:
            connection.close()


def report(figures: str) -> None:
    """Print what a drill found; pytest shows it with `-s`."""
    print(f"\n{figures}")  # noqa: T201


def publish(database: Database) -> Property:
    """A home whose agency takes enquiries, under a policy in force."""

    def work(session: Session) -> Property:
        cast.policy(session)
        return cast.home(session, cast.agency(session))

    return database.write(work)


def waiting(database: Database) -> int:
    """How many mails are still to be handed over."""
    with database.read() as session:
        return len(session.exec(select(Mail.id).where(col(Mail.state).in_(WAITING))).all())


def in_data_phase(database: Database) -> set[tuple[int | None, str | None]]:
    """The mails whose text was on its way, each with the claim under which it was."""
    with database.read() as session:
        found = session.exec(select(Mail).where(Mail.state == "sending", Mail.phase == "data")).all()
        return {(mail.id, mail.lease_token) for mail in found}


def unanswered(database: Database) -> set[int | None]:
    """The mails whose text may be at the relay, with no answer written down; also where the lease ran out meanwhile."""
    on_its_way = (col(Mail.state) == "sending") & (col(Mail.phase) == "data")
    with database.read() as session:
        return set(session.exec(select(Mail.id).where(on_its_way | (col(Mail.state) == "uncertain"))))


def stored_leads(database: Database) -> dict[str, Lead]:
    """Every lead by the words of its visitor. Each must be there once, with its ledger event, and be in the sum.

    One that was passed on must have one mail to its agency, one that is held none.
    """
    with database.read() as session:
        rows = session.exec(select(LeadPerson.words, Lead).join(Lead)).all()
        recorded = set(session.exec(select(LedgerEvent.id).where(LedgerEvent.type == "lead_recorded")))
        mails = Counter(session.exec(select(Mail.about).where(Mail.kind == "lead")))
        reckoned = reckoning.by_fate(session)
        if database.is_sqlite:
            assert session.connection().exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    leads = dict(rows)
    assert len(leads) == len(rows), "an enquiry was stored twice"
    assert {lead.ledger_event_id for lead in leads.values()} == recorded
    assert mails == {f"lead:{lead.reference}": 1 for lead in leads.values() if lead.screening == "forward"}
    assert reckoned["received"] == len(leads) == sum(reckoned[fate] for fate in reckoning.FATES)
    return leads


def _ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: str | None = None
) -> tuple[http.client.HTTPResponse, str]:
    headers = QUIET | ({"Content-Type": "application/x-www-form-urlencoded"} if body else {})
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer, answer.read().decode()

"""Every kind of mail in every language, as it goes out: forms sent to the real site, mails sent by the real worker.

For tests and audits alike. Each language has a market of its own, in which the scenes below are played one after the
other; whatever mail a scene brings about is a sample named after it. A new kind of mail joins by a scene of its own.
"""

import asyncio
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

from sqlmodel import Session, col, select, update
from starlette.testclient import TestClient

from portal import addresses, db
from portal.catalogue import agencies, invitations, photos, succession
from portal.catalogue.agencies import Agency, Contact, Office
from portal.catalogue.properties import Property, PropertyPhoto
from portal.consent import founding
from portal.db import Database
from portal.demo import plates
from portal.forwarding import answering, confirmation, reminder
from portal.language import locales
from portal.leads import Disclosure, Lead
from portal.ledger import keys
from portal.mail.mails import Mail
from portal.message_kinds import KINDS
from portal.settings import Settings
from portal.signing import Signer
from portal.web.app import create
from portal.work import run
from tests import cast
from tests.clients import QUIET
from tests.smtp import PostOffice, read, text
from tests.web.reading import get
from tests.web.test_enquire import JANE

ORIGIN = "https://immomarket.example"
NEVER_HELD = {"screening_held": 1000, "screening_spam": 1000}
HELD = {"screening_held": 0, "screening_spam": 1000}
LONG_NAME = "Maximiliane-Henriette von Hohenlohe-Waldenburg-Schillingsfürst y Fernández de Córdoba"
LONG_AGENCY = "Gestión Patrimonial Hermanos Fernández-Villaverde de la Axarquía, S.L."
LONG_TOWN, LONG_AREA = "Alhaurín de la Torre", "Urbanización Lomas de San Francisco Javier y Santa Clara Golf"
VISITORS = {
    "gmail": {"name": "Jo Li", "email": "jo.li.1984@gmail.com", "phone": "+44 7911 123456"},
    "outlook": {
        "name": LONG_NAME,
        "email": "maximiliane.hohenlohe-waldenburg@outlook.com",
        "reach": "phone",
        "phone": "+34 952 000 142",
    },
    "company": {"name": "Jane Smith", "email": "jane.smith@smith-partners.example", "reach": "email", "phone": ""},
}
WORDS = {
    "en": "We would like to see the house between the 4th and the 8th of December, in the morning if you can. Is the "
    "bedroom on the ground floor reachable without steps? My mother walks with a stick.",
    "es": "Nos gustaría ver la casa entre el 4 y el 8 de diciembre, por la mañana si es posible. ¿Se llega sin "
    "escalones al dormitorio de la planta baja? Mi madre camina con bastón.",
    "de": "Wir würden das Haus gern zwischen dem 4. und dem 8. Dezember ansehen, am liebsten vormittags. Ist das "
    "Schlafzimmer im Erdgeschoss ohne Stufen erreichbar? Meine Mutter geht am Stock.",
    "fr": "Nous aimerions visiter la maison entre le 4 et le 8 décembre, le matin si possible. Accède-t-on sans marche "
    "à la chambre du rez-de-chaussée ? Ma mère marche avec une canne.",
    "nl": "We willen het huis graag bekijken tussen 4 en 8 december, het liefst in de ochtend. Is de slaapkamer op de "
    "begane grond zonder treden bereikbaar? Mijn moeder loopt met een stok.",
    "sv": "Vi skulle gärna vilja se huset mellan den 4 och den 8 december, helst på förmiddagen. Går det att nå "
    "sovrummet på bottenvåningen utan trappsteg? Min mor går med käpp.",
}  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """One mail as its recipient's server got it, and the scene that brought it about.

    `pictures` are the site's answers to the addresses of its pictures: type and bytes, of those that are there.
    """

    kind: str
    scene: str
    lang: str
    raw: bytes
    pictures: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What it is called among others of its language, in a file's name too."""
        return self.scene if self.scene.startswith(self.kind) else f"{self.kind}-{self.scene}"

    @property
    def message(self) -> EmailMessage:
        """The mail, read."""
        return read(self.raw)


class SampleMissing(Exception):
    """A kind of mail that no scene brings about, named in the message."""


@dataclass
class Market:
    """A site with its database and worker in one language; `refused` are mailboxes their server does not know."""

    lang: str
    folder: Path
    database: Database
    refused: set[str] = field(default_factory=set)

    def settings(self, **changes: object) -> Settings:
        """The settings of this installation; nothing is held but where they say so."""
        return Settings.from_environment(
            {}, database_url=self.database.url, data_directory=self.folder, origin=ORIGIN, secret_key="k" * 40,
            mail_from="leads@immomarket.example", **(NEVER_HELD | changes),
        )  # fmt: skip

    def visit(self, play: Callable[[TestClient], None], **changes: object) -> None:
        """Let a visitor do something on the site."""
        site = create(self.settings(**changes))
        with TestClient(site, base_url=ORIGIN, follow_redirects=False, headers=dict(QUIET)) as client:
            play(client)

    def enquire(self, reference: str, visitor: str, held: bool = False, **fields: str) -> None:
        """One enquiry about a home by its form."""

        def send(client: TestClient) -> None:
            page = client.get(addresses.search(self.lang, "buy", place=reference)).headers["location"]
            words = {"words": WORDS[self.lang], "language": self.lang}
            form = {**get(client, page).form(), **JANE, **words, **VISITORS[visitor], **fields}
            answer = client.post(f"{page}/enquire", data=form)
            assert answer.status_code == 303, answer.text

        self.visit(send, **(HELD if held else {}))

    def work(self, **changes: object) -> None:
        """Let the worker do what is due; what it says is in the market's language, whoever gets it."""
        self.database.write(lambda session: session.execute(update(Mail).values(locale=self.lang)))
        with PostOffice(at_rcpt=lambda box: "550 5.1.1 no such user" if box in self.refused else None) as post:
            asyncio.run(run(self.settings(smtp_relay=post.relay, **changes), self.database, once=True))

    def sent(self) -> dict[int, Mail]:
        """What was accepted so far, by its number."""
        with self.database.read() as session:
            return {mail.id or 0: mail for mail in session.exec(select(Mail).where(Mail.state == "accepted"))}


def samples(folder: Path) -> list[Sample]:
    """A sample of every mail of every scene in every language; the folder is emptied first. Raises `SampleMissing`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    template = Database(f"sqlite:///{folder / 'template.sqlite'}")
    db.migrate(template)
    template.close()
    return [
        sample for lang in locales.SITE for sample in in_language(folder / lang, folder / "template.sqlite", lang)
    ]  # fmt: skip


def lacking(found: Sequence[Sample]) -> set[str]:
    """The kinds of mail of which there is no sample."""
    return set(KINDS) - {sample.kind for sample in found}


def in_language(folder: Path, template: Path, lang: str) -> list[Sample]:
    """The samples of one language, on a copy of a migrated SQLite file, in a new folder. Raises `SampleMissing`."""
    folder.mkdir()
    path = folder / "portal.sqlite"
    shutil.copy(template, path)
    market = Market(lang, folder, Database(f"sqlite:///{path}"))
    try:
        keys.new(market.settings(), market.database, db.utcnow())
        media = photos.receive(market.database, folder, plates.drawn("pool-1"), cast.NOW)
        photos.make_waiting(market.database, folder, cast.NOW)
        market.database.write(lambda session: _furnish(session, lang, media))
        found = [sample for scene in SCENES for sample in _played(market, scene)]
    finally:
        market.database.close()
    missing = lacking(found)
    if missing:
        raise SampleMissing(f"no scene of tests/letters.py brings about: {', '.join(sorted(missing))}")
    return found


def _played(market: Market, scene: str) -> list[Sample]:
    before = market.sent()
    SCENES[scene](market)
    market.work()
    fresh = [mail for number, mail in sorted(market.sent().items()) if number not in before]
    kinds = [mail.kind for mail in fresh]
    found = [
        Sample(mail.kind, scene + f"-{place}" * (kinds.count(mail.kind) > 1), market.lang, mail.raw or b"")
        for place, mail in enumerate(fresh, 1)
    ]
    return [replace(mail, pictures=_pictures(market, mail)) for mail in found]


def _pictures(market: Market, mail: Sample) -> dict[str, tuple[str, bytes]]:
    """What the site gives a mail program that asks for the mail's pictures."""
    asked = re.findall(rf'<img[^>]* src="({ORIGIN}/[^"]+)"', text(mail.message, "html"))
    given = {}

    def fetch(client: TestClient) -> None:
        for address in asked:
            answer = client.get(address)
            if answer.status_code == 200:
                given[address] = (answer.headers["content-type"], answer.content)

    if asked:
        market.visit(fetch)
    return given


def _furnish(session: Session, lang: str, media: str) -> None:
    """Three agencies: one with a short name, one with a long one, and one whose first contact will not be reached."""
    founding.publish_first_policy(session, db.utcnow())
    norte = cast.agency(session)
    _photo(session, cast.home(session, norte), media)
    cast.home(session, norte, "1043", kind="apartment", price_minor=39_500_000, bedrooms=2, plot_m2=None)
    long = cast.agency(session, "fernandez-villaverde", LONG_AGENCY)
    town = cast.places.town(session, LONG_TOWN, "Málaga")
    area = cast.places.area(session, town, LONG_AREA)
    cast.home(session, long, "2077", kind="country_house", reference="GPHFV-VENTA-000123456-B", town_id=town.id,
              area_id=area.id, price_minor=1_249_999_900)  # fmt: skip
    sol = cast.agency(session, "sol", "Sol")
    cast.home(session, sol, "7", area_id=None, reference="7")
    contact = agencies.add_contact(session, sol, "ana@sol.example", db.utcnow(), role="second")
    agencies.confirm(session, contact, db.utcnow(), "link")
    session.execute(update(Office).values(locale=lang))


def _photo(session: Session, home: Property, media: str) -> None:
    session.add(
        PropertyPhoto(
            property_id=home.id, position=0, kind="photo", media=media, source_url="https://agency.example/1.jpg"
        )
    )  # fmt: skip


def _short(market: Market) -> None:
    market.enquire("MB-1042", "gmail")


def _long(market: Market) -> None:
    words = "\n\n".join([WORDS[market.lang]] * 5)
    market.enquire("GPHFV-VENTA-000123456-B", "outlook", words=words, intent="papers", professional="yes",
                   company="Hohenlohe-Waldenburgische Vermögensverwaltungsgesellschaft mbH & Co. KG")  # fmt: skip


def _company(market: Market) -> None:
    market.enquire("MB-1043", "company", intent="question", timing="", funding="")


def _again(market: Market) -> None:
    """Two more by one who enquired: the first comes too soon for a mail, and is named in the second's."""
    market.enquire("MB-1043", "gmail", words="")
    back = update(Mail).values(queued_at=db.utcnow() - timedelta(minutes=61)).where(col(Mail.kind) == "confirmation")
    market.database.write(lambda session: session.execute(back))
    market.enquire("GPHFV-VENTA-000123456-B", "gmail")


def _second(market: Market) -> None:
    market.refused.add("sol@agency.example")
    market.enquire("7", "company")
    market.work()


def _held(visitor: str) -> Callable[[Market], None]:
    home = "GPHFV-VENTA-000123456-B" if visitor == "outlook" else "MB-1042"
    return lambda market: market.enquire(home, visitor, held=True, email=f"held.{VISITORS[visitor]['email']}")


def _released(market: Market) -> None:
    with market.database.read() as session:
        lead = session.exec(select(Lead).where(Lead.screening == "held").order_by(col(Lead.id))).first()
        assert lead is not None
        token = Signer(market.settings().key).sign("release", lead.release_nonce)
    market.visit(lambda client: client.post(addresses.release(market.lang, token)))


def _withdrawn(market: Market) -> None:
    def withdraw(session: Session) -> None:
        home = session.exec(select(Property).where(Property.reference == "MB-1043")).one()
        home.state, home.withdrawn_at = "withdrawn", db.utcnow()

    def send(client: TestClient) -> None:
        page = client.get(addresses.search(market.lang, "buy", place="MB-1043")).headers["location"]
        form = {**get(client, page).form(), **JANE, "language": market.lang, **VISITORS["company"]}
        market.database.write(withdraw)
        client.post(f"{page}/enquire", data=form)

    market.visit(send)


def _invitation(market: Market) -> None:
    def invite(session: Session) -> None:
        agency = session.exec(select(Agency).where(Agency.slug == "fernandez-villaverde")).one()
        contact = agencies.add_contact(session, agency, "new@agency.example", db.utcnow())
        office = session.get_one(Office, contact.office_id)
        invitations.invite(session, contact, office, domain="immomarket.example", now=db.utcnow())
        succession.ask(session, contact, office, domain="immomarket.example", now=db.utcnow())

    market.database.write(invite)


def _answered(market: Market) -> None:
    """The first agency says that it has answered, and the visitor wished to know."""
    signer, now = Signer(market.settings().key), db.utcnow()

    def answer(session: Session) -> None:
        mail = session.exec(select(Mail).where(Mail.kind == "lead").order_by(col(Mail.id))).first()
        assert mail is not None
        token = signer.sign(answering.PURPOSE, mail.id)
        confirmation.wish_answer(session, answering.asked(session, signer, token, now).lead, now)
        answering.answer(session, signer, token, answering.CONTACTED, "immomarket.example", now)

    market.database.write(answer)


def _unanswered(market: Market) -> None:
    """Offices that never close, and leads that were passed on to them days ago."""

    def wait(session: Session) -> None:
        session.execute(update(Office).values(opening_hours="Mo-Su 00:00-24:00", holidays=""))
        passed = col(Disclosure.passed_at).is_not(None)
        session.execute(update(Disclosure).where(passed).values(passed_at=db.utcnow() - timedelta(days=2)))

    market.database.write(wait)


def _report(reason: str, reference: str, words: bool) -> Callable[[Market], None]:
    def send(market: Market) -> None:
        with market.database.read() as session:
            home = session.exec(select(Property).where(Property.reference == reference)).one()
        form = {"reason": reason, "words": WORDS[market.lang] if words else ""}
        market.visit(lambda client: client.post(addresses.report(market.lang, home.public_id), data=form))

    return send


def _reminder(market: Market) -> None:
    """One more lead that reaches nobody, and ops who are told of it and of the held ones."""

    def leave(session: Session) -> None:
        for contact in session.exec(select(Contact).where(Contact.role == "second")):
            contact.retired_at = db.utcnow()

    market.database.write(leave)
    market.enquire("7", "company", words="")
    market.work()
    settings = market.settings(ops_mail="ops@immomarket.example")
    market.database.write(lambda session: reminder.queue_due(session, settings, db.utcnow()))


SCENES: dict[str, Callable[[Market], None]] = {
    "invitation": _invitation, "gmail": _short, "outlook": _long, "company": _company, "again": _again,
    "second": _second, "held-gmail": _held("gmail"), "held-outlook": _held("outlook"),
    "held-company": _held("company"), "released": _released, "report": _report("gone", "MB-1042", False),
    "report-words": _report("wrong", "GPHFV-VENTA-000123456-B", True), "reminder": _reminder,
    "withdrawn": _withdrawn, "answered": _answered, "unanswered": _unanswered,
}  # fmt: skip

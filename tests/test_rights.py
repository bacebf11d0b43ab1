"""What must be forgotten is forgotten: in no file, dump or new export; and what was recorded still proves itself.

`Zoë Quendrilla` is erased; forty others are not. Each string of hers is unlike any other in the tests, and the searches
are shown to find them before.
"""

import asyncio
import base64
import dataclasses
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session, SQLModel, select

from portal import auditing, exporting, forwarding, leads, tables
from portal.catalogue.agencies import Agency
from portal.catalogue.properties import Property
from portal.db import SQLITE, Database
from portal.enquiries import receiving, releasing
from portal.enquiries.releasing import NotHeld
from portal.exporting import Order
from portal.forwarding import reckoning, reminder, stopping
from portal.leads import Confirmation, Disclosure, Erased, Lead, LeadPerson, StatusLink
from portal.ledger import LedgerEvent, LedgerPayload, bundles, keys, mirror, recovering, shredding, verifying
from portal.ledger.shredding import LedgerTombstone
from portal.mail import outbox
from portal.mail.composing import Letterhead
from portal.mail.delivery import Delivery, Way
from portal.mail.outbox import Mail, MailAttempt, MailIsUnderWay, Tried
from portal.mail.retrying import Circuit, Patience
from portal.mail.smtp import CaptureLine, Envelope
from portal.message_kinds import KINDS
from portal.receipts import documents, reading
from portal.rights import erasure, rectification
from portal.rights.rectification import NotRectifiable
from portal.settings import CAPTURE, ROOT, Settings
from tests import cast
from tests.cast import NOW, SIGNER
from tests.sealed import kept, verified

ZOE = {
    "name": "Zoë Quendrilla", "email": "zq.unmistakable@visitor.example", "phone": "0699 887 766 55",
    "phone_e164": "+34699887766", "company": "Quendrilla y Hermanas", "words": "Is the bougainvillea-clad tower ours?",
    "professional": True,
}  # fmt: skip
STRINGS = [str(value) for value in ZOE.values() if value is not True] + ["Quendrilla"]
LATER = NOW + timedelta(minutes=30)


@dataclasses.dataclass
class House:
    """An installation: a database, a data directory with keys, a home to ask about."""

    database: Database
    settings: Settings
    home: Property

    def receive(self, forced: dict[str, int] | None = None, now=NOW, **changes: Any) -> Lead:
        """One more enquiry."""
        enquiry = cast.enquiry(self.database, self.home, now, **changes)
        settings = cast.SETTINGS.model_copy(update=forced or {})
        return self.database.write(
            lambda session: receiving.receive(session, enquiry, cast.SENDING, SIGNER, settings, now).lead
        )

    def deliver(self, line: Any = None, now=LATER) -> None:
        """Send what is due, as the worker does."""
        letterhead = Letterhead("leads@portal.example", "https://portal.example", SIGNER, "bounces@portal.example")
        lane = Delivery(
            self.database, [Way(line or CaptureLine(), Circuit())], KINDS, letterhead, Patience(), lambda: now,
            asyncio.Event(),
        )  # fmt: skip
        asyncio.run(lane.deliver_due())

    def seal(self) -> None:
        """Seal everything, and mirror it."""
        mirror.sealed(self.settings, self.database, LATER, everything=True)

    def erase(self, lead: Lead, now=LATER) -> int:
        """Erase a lead's person for good."""
        return erasure.forget(self.database, self.settings, lead.reference, "art-17-1-b", "Ana", now, "R-1")

    def require_sound(self) -> None:
        """The ledger verifies, and live rows agree with it."""
        self.seal()
        trusted = [keys.sealing(self.settings).vkey]
        assert verifying.verify(self.database, trusted, None, LATER).problems == []
        assert auditing.audit(self.database) == []

    def mails(self) -> list[Mail]:
        """Every mail, oldest first."""
        with self.database.read() as session:
            return list(session.exec(select(Mail).order_by(Mail.id)))

    def fate(self) -> dict[str, int]:
        """How many leads met which fate."""
        with self.database.read() as session:
            found = reckoning.by_fate(session)
        assert found["received"] == sum(found[fate] for fate in reckoning.FATES)
        return {name: count for name, count in found.items() if count}


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    def publish(session: Session) -> Property:
        cast.policy(session)
        return cast.home(session, cast.agency(session))

    settings = Settings.from_environment(
        {}, database_url=database.url, data_directory=tmp_path, origin="https://portal.example", secret_key="k" * 40,
        mail_from="leads@portal.example", smtp_relay=CAPTURE, mode="demo",
    )  # fmt: skip
    keys.new(settings, database, NOW)
    return House(database, settings, database.write(publish))


def others(house: House, number: int) -> list[Lead]:
    return [
        house.receive(name=f"Other {each}", email=f"other{each}@visitor.example", words=f"A question, number {each}")
        for each in range(number)
    ]


def forms(string: str) -> Iterator[bytes]:
    """A string as it stands in files: plain, in a dump of bytes, in mails as quoted or as base64."""
    plain = string.encode()
    yield plain
    yield plain.hex().encode()
    for shift in range(3):
        yield base64.b64encode(b"\0" * shift + plain)[4 if shift else 0 : -4]


def contents(path: Path) -> Iterator[bytes]:
    yield path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())


def found(folder: Path, *strings: str) -> set[tuple[str, str]]:
    """Which of these strings stand in which files."""
    return {
        (string, path.name)
        for path in folder.rglob("*") if path.is_file()
        for content in contents(path)
        for string in strings
        if any(form in content for form in forms(string))
    }  # fmt: skip


@pytest.fixture
def dump(house: House, request: pytest.FixtureRequest) -> Callable[[], None]:
    """Writes what PostgreSQL would dump into the data directory."""

    def into_file() -> None:
        if not house.database.is_sqlite:
            cluster = request.getfixturevalue("cluster")
            program = cluster.binaries / "pg_dump"
            if not program.exists():
                pytest.skip("needs pg_dump beside the server")
            name = house.database.engine.url.database
            command = [str(program), "-h", str(cluster.folder), "-U", "portal", "-d", str(name)]
            text = subprocess.run(command, capture_output=True, check=True).stdout
            (house.settings.data_directory / "dump.sql").write_bytes(text)

    return into_file


def export(house: House, form: str) -> Path:
    path = house.settings.data_directory / f"leads.{form}"
    order = Order(form, "Ana", "quarterly count")
    exporting.to_file(house.database, order, path, house.settings, LATER, lambda rows: None)
    return path


def test_an_erased_person_stands_in_no_file_and_the_proofs_hold(house, dump, tmp_path, capfd):
    crowd = others(house, 20)
    zoe = house.receive(**ZOE)
    crowd += [house.receive(email=f"late{each}@visitor.example", words=f"And {each}?") for each in range(20)]
    house.deliver()
    house.seal()
    dump()
    searched = "portal.sqlite" if house.database.is_sqlite else "dump.sql"
    before = {string for string, name in found(tmp_path, *STRINGS) if name.startswith(searched)}
    assert before == set(STRINGS)
    promise = keys.promise(house.settings)
    with house.database.read() as session:
        facts = reading.read(session, session.get_one(Lead, crowd[0].id))
        old = documents.proved(session, facts, "https://portal.example", "en", promise)

    assert house.erase(zoe) == 1
    dump()
    for form in ("csv", "jsonl", "xlsx"):
        export(house, form)
        (tmp_path / f"leads.{form}").rename(tmp_path / f"after.{form}")
    assert found(tmp_path, *STRINGS) == set()
    assert not any(string in "".join(capfd.readouterr()) for string in STRINGS)
    assert found(tmp_path, zoe.reference, "other7@visitor.example") >= {
        (zoe.reference, "after.csv"), ("other7@visitor.example", "after.jsonl"), (zoe.reference, "erasures.jsonl"),
    }  # fmt: skip
    house.require_sound()

    with house.database.read() as session:
        new = documents.proved(session, facts, "https://portal.example", "en", promise)
        left = bundles.of_lead(session, zoe.reference, promise)
    vkey = keys.sealing(house.settings).vkey
    passed = bundles.attached({"dct:identifier": zoe.reference}, left, promise)
    for document in (old, new, passed):
        assert verified(kept(tmp_path / "receipt.jsonld", document), "--key", vkey) == 0
    kinds = {kind(event) for event in left["events"] if set(event["halves"]) == {"business"}}
    assert {"lead_recorded", "disclosure_passed", "payload_shredded"} <= kinds
    assert not any("person" in event["halves"] for event in left["events"])


def kind(event: dict[str, Any]) -> str:
    return str(event["leaf"].split('"type":"')[1].split('"')[0])


def test_rows_that_moved_between_pages_leave_no_copy_behind(tmp_path):
    """`secure_delete` alone leaves some now and then, in the unused space of pages."""
    connection = SQLITE.connect(str(tmp_path / "file.sqlite"), isolation_level=None)
    for statement in ("journal_mode=WAL", "secure_delete=ON", "synchronous=OFF"):
        connection.execute(f"PRAGMA {statement}")
    connection.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, text TEXT)")
    for number in range(400):
        connection.execute("INSERT INTO row VALUES (?, ?)", (number, f"secret-{number:04d}-"))
        earlier = number * 7 % (number + 1)
        grown = f"secret-{earlier:04d}-" * (number * 13 % 90 + 1)
        connection.execute("UPDATE row SET text = ? WHERE id = ?", (grown, earlier))
    connection.execute("UPDATE row SET text = '' WHERE id % 2 = 0")
    made = Database(f"sqlite:///{tmp_path}/file.sqlite")
    assert made.forget_deleted()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert [n for n in range(0, 400, 2) if f"secret-{n:04d}".encode() in content] == []
    assert b"secret-0001" in content
    connection.close()
    made.close()


def test_a_reader_of_an_older_state_holds_back_the_log_and_nobody_else(house):
    if not house.database.is_sqlite:
        assert house.database.forget_deleted()
        return
    with house.database.read() as session:
        session.exec(select(Lead)).all()
        house.receive()
        assert not house.database.forget_deleted()
    house.receive(email="next@visitor.example")
    assert house.database.forget_deleted(at_most=0) is False  # larger than that waits for the night
    assert house.database.forget_deleted()


def test_every_rule_of_a_personal_column_is_decided_on():
    declared = {}
    for table in SQLModel.metadata.sorted_tables:
        for cell in table.c:
            if cell.info["personal"]:
                declared.setdefault(cell.info["personal"], set()).add(table.name)
    assert tables.MODULES
    assert set(declared) == {*erasure.DELETED, erasure.BLANKED, erasure.SHREDDED, *erasure.KEPT}
    assert declared[erasure.BLANKED] == {"mail", "mail_attempt", "returned_mail"}
    assert declared[erasure.SHREDDED] == {"ledger_payload"}
    reached = "from portal.rights import erasure; print(*sorted(table.name for table, *_ in erasure._about_leads()))"
    done = subprocess.run([sys.executable, "-c", reached], capture_output=True, text=True, check=True)
    assert done.stdout.split() == sorted(set().union(*(declared[rule] for rule in erasure.DELETED)))


def test_only_the_person_and_the_ways_to_the_lead_go(house):
    zoe, jane = house.receive(**ZOE), house.receive()
    house.deliver()
    house.erase(zoe)
    with house.database.read() as session:
        assert session.get(LeadPerson, zoe.id) is None and session.get(LeadPerson, jane.id) is not None
        assert [link.lead_id for link in session.exec(select(StatusLink))] == [jane.id]
        (disclosure,) = session.exec(select(Disclosure).where(Disclosure.lead_id == zoe.id))
        assert disclosure.passed_at == LATER
        lead = session.get_one(Lead, zoe.id)
        assert (lead.reference, lead.property_reference) == (zoe.reference, "MB-1042")
    to_agency, to_zoe = (mail for mail in house.mails() if mail.about == f"lead:{zoe.reference}")
    assert (to_agency.kind, to_agency.recipient, to_agency.state) == ("lead", "costa-norte@agency.example", "accepted")
    assert (to_zoe.recipient, to_zoe.raw, to_zoe.raw_sha256, to_zoe.last_text) == ("", None, None, None)
    assert house.fate() == {"received": 2, "accepted": 2}


def test_erasing_twice_leaves_one_tombstone(house):
    zoe = house.receive(**ZOE)
    assert (house.erase(zoe), house.erase(zoe)) == (1, 0)
    with house.database.read() as session:
        (stone,) = session.exec(select(LedgerTombstone))
        (event,) = session.exec(select(LedgerEvent).where(LedgerEvent.type == "payload_shredded"))
        assert (stone.half, stone.tombstone_event_id, stone.at) == ("person", event.id, event.at)
        assert event.about == zoe.reference
        says = session.get_one(LedgerPayload, (event.id, "business")).payload
    assert b'"reason":"art-17-1-b"' in says and b'"request":"R-1"' in says and b"Quendrilla" not in says


def test_a_tombstone_is_never_older_than_what_it_is_about(house):
    lead = house.receive()
    with house.database.read() as session:
        event = session.get_one(LedgerEvent, lead.ledger_event_id)
    early = NOW - timedelta(minutes=5)  # another host's clock is late

    def work(session: Session) -> int:
        return shredding.shred(session, [event.id], "person", "test", "", early)

    assert house.database.write(work) == 1
    with house.database.read() as session:
        assert session.exec(select(LedgerTombstone.at)).one() == event.at


def test_what_waits_in_the_outbox_is_cancelled_and_not_sent(house):
    zoe = house.receive(**ZOE)
    house.erase(zoe)
    house.deliver()
    assert [(mail.kind, mail.state, mail.raw) for mail in house.mails()] == [
        ("lead", "cancelled", None), ("confirmation", "cancelled", None),
    ]  # fmt: skip
    assert house.fate() == {"received": 1, "erased": 1}
    house.require_sound()


class Erasing(CaptureLine):
    """A relay that is spoken to while somebody erases: before the text, or while the text is on its way."""

    def __init__(self, house: House, lead: Lead, moment: str) -> None:
        self.house, self.lead, self.moment = house, lead, moment
        self.handed_over: list[bytes] = []
        self.refused: list[MailIsUnderWay] = []

    async def address(self, envelope: Envelope) -> None:
        await self._erase("address")

    async def hand_over(self, raw: bytes) -> Tried:
        self.handed_over.append(raw)
        await self._erase("text")
        return await super().hand_over(raw)

    async def _erase(self, moment: str) -> None:
        if moment == self.moment:
            try:
                await asyncio.to_thread(self.house.erase, self.lead)
            except MailIsUnderWay as refused:
                self.refused.append(refused)


def test_an_erasure_before_the_text_takes_the_mail_out_of_the_workers_hands(house):
    zoe = house.receive(**ZOE)
    line = Erasing(house, zoe, "address")
    house.deliver(line)
    assert line.handed_over == [] and line.refused == []
    assert {(mail.state, mail.raw) for mail in house.mails()} == {("cancelled", None)}
    assert house.fate() == {"received": 1, "erased": 1}
    house.require_sound()


def test_an_erasure_while_the_text_is_sent_waits_until_the_disclosure_is_written_down(house):
    zoe = house.receive(**ZOE)
    line = Erasing(house, zoe, "text")
    house.deliver(line)
    assert len(line.handed_over) == 2 and len(line.refused) == 2
    with house.database.read() as session:
        assert leads.person_of(session, zoe) is not None
    assert house.erase(zoe) == 1
    with house.database.read() as session:
        assert session.exec(select(Disclosure.passed_at)).one() == LATER
    assert house.fate() == {"received": 1, "accepted": 1}
    house.require_sound()


def test_a_worker_that_died_with_the_text_holds_an_erasure_up_no_longer_than_its_lease(house):
    zoe = house.receive(**ZOE)

    def die(session: Session) -> None:
        (mail,) = outbox.claim(session, NOW, 1)
        outbox.freeze(session, mail, b"Zo\xc3\xab Quendrilla")
        outbox.enter_data(session, [mail])

    house.database.write(die)
    with pytest.raises(MailIsUnderWay):
        house.erase(zoe, NOW)
    assert house.erase(zoe, NOW + outbox.LEASE + timedelta(seconds=1)) == 1
    assert {mail.state for mail in house.mails()} == {"cancelled"}


def test_a_relays_words_to_a_worker_that_lost_its_mail_are_not_kept(house):
    zoe = house.receive(**ZOE)
    (mail,) = house.database.write(lambda session: outbox.claim(session, NOW, 1))
    house.erase(zoe)
    tried = Tried("refused", "rcpt", 550, f"no such user {ZOE['email']}")
    house.database.write(lambda s: outbox.settle(s, mail, tried, "relay", NOW, LATER, Patience()))
    with house.database.read() as session:
        (attempt,) = session.exec(select(MailAttempt))
    assert (attempt.outcome, attempt.code, attempt.text) == ("refused", 550, "")


def test_the_mail_that_stood_for_two_leads_leaves_the_other_to_the_next(house):
    first = house.receive(**ZOE)
    second = house.receive(**{**ZOE, "words": "And the garden?"}, now=NOW + timedelta(minutes=5))
    third = house.receive(**{**ZOE, "words": "And the pool?"}, now=NOW + timedelta(minutes=61))
    with house.database.read() as session:
        named = {row.lead_id: row.mail_id for row in session.exec(select(Confirmation))}
    assert named[first.id] != named[second.id] == named[third.id]
    house.deliver(now=NOW + timedelta(minutes=62))
    house.erase(third, NOW + timedelta(hours=2))
    with house.database.read() as session:
        rows = {row.lead_id: row.mail_id for row in session.exec(select(Confirmation))}
    assert rows == {first.id: named[first.id], second.id: named[second.id]}  # it had gone: it was told
    other = house.receive(**{**ZOE, "words": "Is it quiet?"}, now=NOW + timedelta(minutes=125))
    house.erase(other, NOW + timedelta(minutes=126))
    with house.database.read() as session:
        assert {row.lead_id for row in session.exec(select(Confirmation))} == {first.id, second.id}


@pytest.mark.parametrize("forced", [{"screening_held": 0}, {"screening_spam": 0}], ids=["held", "spam"])
def test_what_was_held_reminds_nobody_and_can_be_released_no_more(house, forced):
    zoe = house.receive(forced, **ZOE)
    nonce = zoe.release_nonce
    house.erase(zoe)
    ops = house.settings.model_copy(update={"ops_mail": "ops@portal.example"})
    assert house.database.write(lambda session: reminder.queue_due(session, ops, LATER)) is None
    assert house.fate() == {"received": 1, "erased": 1}

    def release(session: Session) -> None:
        releasing.release(session, leads.by_reference(session, zoe.reference), "Ana", "honest", "portal.example", LATER)

    with pytest.raises(NotHeld):
        house.database.write(release)
    if nonce:
        token = SIGNER.sign("release", nonce)
        with pytest.raises(releasing.ReleaseVoid), house.database.read() as session:
            releasing.linked(session, SIGNER, token)
    house.require_sound()


def test_a_parked_lead_that_was_erased_is_not_forwarded_later(house):
    def pause(session: Session, at: Any) -> Agency:
        agency = session.exec(select(Agency)).one()
        agency.paused_at = at
        return agency

    house.database.write(lambda session: pause(session, NOW))
    zoe = house.receive(**ZOE)
    house.erase(zoe)
    resume: Callable[[Session], int] = lambda s: forwarding.forward_parked(s, pause(s, None), domain="x", now=LATER)  # noqa: E731
    assert house.database.write(resume) == 0
    assert house.fate() == {"received": 1, "erased": 1}


def test_a_mail_of_an_erased_lead_cannot_be_sent_anew(house):
    zoe = house.receive(**ZOE)
    house.deliver()
    house.erase(zoe)

    def resend(session: Session, number: int) -> None:
        mail = outbox.by_number(session, number)
        made = outbox.resend(session, mail, "Ana", "asked", LATER, "portal.example")
        KINDS[mail.kind].resent(session, mail, made, LATER)

    for mail in house.mails():
        with pytest.raises(Erased):
            house.database.write(lambda session, mail=mail: resend(session, mail.id))


def test_a_restored_copy_is_erased_again(house, tmp_path):
    if not house.database.is_sqlite:
        pytest.skip("the mirror is the same on both; a copy of a file is the quicker one")
    crowd, zoe = others(house, 3), house.receive(**ZOE)
    house.deliver()
    house.seal()
    house.database.forget_deleted()
    shutil.copy(tmp_path / "portal.sqlite", tmp_path / "copy")

    def correct(session: Session) -> bool:
        lead = session.get_one(Lead, zoe.id)
        return rectification.rectify(session, lead, {"company": "Quendrilla"}, SIGNER, "Ana", LATER)

    assert house.database.write(correct)
    house.seal()
    house.erase(zoe)
    house.database.close()
    for path in tmp_path.glob("portal.sqlite*"):
        path.unlink()
    (tmp_path / "copy").rename(tmp_path / "portal.sqlite")
    assert found(tmp_path, *STRINGS)

    key, folder = keys.sealing(house.settings), mirror.folder(house.settings)
    again: recovering.Erase = lambda s, erasures: erasure.erase_again(s, erasures, "Ana", LATER)  # noqa: E731
    done = recovering.recover(house.database, folder, key, LATER, again, "Ana")
    house.database.forget_deleted()
    assert done.erased == 1 and found(tmp_path, *STRINGS) == set()
    with house.database.read() as session:
        assert leads.person_of(session, crowd[0]) is not None
    trusted = [keys.sealing(house.settings).vkey]
    verdict = verifying.verify(house.database, trusted, None, LATER)
    assert verdict.ok and verdict.lost == done.lost > 0, verdict.problems
    assert auditing.audit(house.database) == []


def rectify(house: House, lead: Lead, **changes: Any) -> bool:
    def work(session: Session) -> bool:
        return rectification.rectify(
            session, leads.by_reference(session, lead.reference), changes, SIGNER, "Ana", LATER
        )  # fmt: skip

    return house.database.write(work)


def test_a_rectification_leaves_no_wrong_version_and_sends_the_right_one(house, dump, tmp_path):
    wrong, right = "zq.misstypo@visitor.example", ZOE["email"]
    zoe = house.receive(**{**ZOE, "email": wrong, "name": "Zoe Kwendrila"})
    others(house, 5)
    house.seal()
    assert rectify(house, zoe, email=right, name=ZOE["name"])
    assert not rectify(house, zoe, email=right)
    house.database.forget_deleted()
    dump()
    assert found(tmp_path, wrong, "Kwendrila") == set()
    with house.database.read() as session:
        events = session.exec(
            select(LedgerEvent).where(LedgerEvent.about == zoe.reference, LedgerEvent.type == "lead_rectified")
        ).all()
        assert len(events) == 1
        person = session.get_one(LedgerPayload, (events[0].id, "person")).payload.decode()
        told = session.exec(select(Confirmation.address_fingerprint).where(Confirmation.lead_id == zoe.id)).one()
    assert right in person and told == stopping.mailbox(SIGNER, right)
    house.deliver()
    to_agency, to_zoe = (mail for mail in house.mails() if mail.about == f"lead:{zoe.reference}")
    assert to_zoe.recipient == right and right.encode() in to_agency.raw
    house.require_sound()
    assert house.erase(zoe) == 1
    house.require_sound()


def test_only_facts_of_a_living_record_can_be_rectified(house):
    zoe = house.receive(**ZOE)
    with pytest.raises(NotRectifiable):
        rectify(house, zoe, reference="IM-0000-0000")
    house.erase(zoe)
    with pytest.raises(Erased):
        rectify(house, zoe, name="Zoë")


def test_a_role_that_may_update_no_payload_can_erase(house, request):
    if house.database.is_sqlite:
        pytest.skip("SQLite knows no roles")
    zoe, cluster = house.receive(**ZOE), request.getfixturevalue("cluster")
    name = str(house.database.engine.url.database)
    grants = (ROOT / "README.md").read_text().split("```sql\n")[1].split("```")[0]
    cluster.sql(grants.replace("portal_app", f"app_of_{name}"), name)
    limited = Database(house.database.url.replace("portal@", f"app_of_{name}@"))
    with pytest.raises(ProgrammingError, match="permission denied"):
        limited.write(lambda session: session.exec(select(LedgerPayload).with_for_update()).all())
    assert erasure.forget(limited, house.settings, zoe.reference, "art-17-1-b", "Ana", LATER) == 1
    limited.close()
    house.require_sound()

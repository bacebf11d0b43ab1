"""What a real Postfix makes of our mails and gives back about them: it moves the right mail, by pipe and by maildir."""

import asyncio
import os
import pwd
import shutil
import smtplib
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from portal import work
from portal.catalogue import agencies
from portal.catalogue.agencies import Agency, Contact
from portal.db import Database, utcnow
from portal.enquiries import receiving
from portal.mail import returning, tags
from portal.mail.mails import Mail, ReturnedMail
from portal.settings import Settings
from tests import cast, reports
from tests.cast import SIGNER
from tests.faults.stand import report
from tests.postfix import OUTSIDE, USER, Postfix, PostfixMissing, fetch, others_may_run_this
from tests.reports import About
from tests.running import eventually
from tests.smtp import PostOffice

pytestmark = pytest.mark.drill
DOMAIN, BOX = "portal.example", "box.example"
LATER = {
    "delay_warning_time": "1s",
    "queue_run_delay": "1s",
    "minimal_backoff_time": "1s",
    "maximal_backoff_time": "2s",
}
FATES = {"refused": "bounced", "later": "delayed", "taken": "accepted", "read": "delivered", "second": "accepted"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the pipe's user may write."""
    try:
        fetch()
    except PostfixMissing as missing:
        pytest.skip(str(missing))
    made = Path(tempfile.mkdtemp(prefix="portal-returns-", dir="/tmp"))
    os.chown(made, pwd.getpwnam(USER).pw_uid, -1)
    yield made
    shutil.rmtree(made)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, folder: Path) -> Iterator[Database]:
    """A fresh migrated database that the pipe's user may write too."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), folder / "portal.sqlite")
        os.chown(folder / "portal.sqlite", pwd.getpwnam(USER).pw_uid, -1)
        url = f"sqlite:///{folder}/portal.sqlite"
    else:
        url = request.getfixturevalue("postgres_url")
    with closing(Database(url)) as made:
        yield made


def answer(address: str) -> str | None:
    return {"refused": "550 5.1.1 no such user here", "later": "450 4.2.1 not now"}.get(address.partition("@")[0])


@pytest.mark.timeout(600)
@pytest.mark.parametrize("way", ["pipe", "maildir"])
def test_reports_of_a_real_postfix_move_the_right_mails(database: Database, folder: Path, way: str):
    if way == "pipe" and not others_may_run_this():
        pytest.skip(f"{USER}, who runs the pipe, may not enter this Python's folder")
    environment = {"PORTAL_DATABASE_URL": database.url, "PORTAL_DATA_DIRECTORY": str(folder)}
    into_maildir = {
        "virtual_mailbox_domains": BOX,
        "virtual_mailbox_maps": f"inline:{{ read@{BOX}=read/ bounces@{DOMAIN}=bounces/ }}",
    }
    over = {"transport_maps": f"inline:{{ bounces@{DOMAIN}=virtual: }}"} if way == "maildir" else {}
    with (
        PostOffice(at_rcpt=answer) as hop,
        Postfix(DOMAIN, hop.port, environment, over, **LATER, **into_maildir) as mta,
    ):
        settings = Settings(
            smtp_relay=mta.relay, data_directory=folder, secret_key="k" * 40, mail_from=f"leads@{DOMAIN}",
            bounce_maildir=mta.maildir if way == "maildir" else None,
        )  # fmt: skip
        enquire(database)
        work_once(settings, database)
        sent = mails(database)
        assert {mail.state for mail in sent.values()} == {"accepted"}, mta.log()
        assert all(mail.relay_queue_id and f"{mail.relay_queue_id}: " in mta.log() for mail in sent.values())
        try:
            eventually(lambda: fates(settings, database) == FATES, within=60)
        except AssertionError:
            raise AssertionError(f"{fates(settings, database)}\n{mta.log()}") from None
        said = {name: (mail.last_enhanced, mail.last_text) for name, mail in mails(database).items()}
        assert said["refused"][0] == "5.1.1" and said["refused"][1].endswith("no such user here")
        assert said["later"][0] == "4.2.1"
        strangers(settings, database, mta)
    with database.read() as session:
        rows = session.exec(select(ReturnedMail)).all()
    kinds = sorted(f"{row.kind} {row.outcome or 'relayed'} {row.state}" for row in rows)
    report(f"{way}, {database.engine.dialect.name}: {len(rows)} mails came back: {kinds}; {fates(settings, database)}")


def strangers(settings: Settings, database: Database, mta: Postfix) -> None:
    """From outside a complaint comes in, and a forged report moves nothing; there is no other mailbox."""
    taken = mails(database)["taken"]
    tag = tags.of(SIGNER, taken.id or 0)
    known = About(tags.sender(f"bounces@{DOMAIN}", tag), tag, taken.message_id)
    with smtplib.SMTP("127.0.0.1", mta.port, source_address=(OUTSIDE, 0)) as client:
        forged = f"bounces+{taken.id}.0123456789@{DOMAIN}"
        client.sendmail("", [forged], reports.postfix(About(forged, "", "<x@x>")))
        client.sendmail("fbl@provider.example", [known.sender], reports.complaint(known))
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail("x@provider.example", [f"no-such-mailbox@{DOMAIN}"], b"")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail("x@provider.example", ["somebody@elsewhere.example"], b"")
    eventually(lambda: fates(settings, database)["taken"] == "complained" and waiting_for_a_person(database) == 1, 60)


def waiting_for_a_person(database: Database) -> int:
    with database.read() as session:
        return len(returning.for_a_person(session))


def enquire(database: Database) -> None:
    """One lead to each of four agencies; the one whose mailbox is refused has a second contact."""

    def publish(session: Session):
        cast.policy(session)
        homes = [cast.home(session, cast.agency(session, slug)) for slug in ("refused", "later", "taken", "read")]
        session.exec(select(Contact).where(Contact.email == "read@agency.example")).one().email = f"read@{BOX}"
        first = session.exec(select(Agency).where(Agency.slug == "refused")).one()
        second = agencies.add_contact(session, first, "second@agency.example", utcnow(), role="second")
        agencies.confirm(session, second, utcnow(), "link")
        return homes

    for home in database.write(publish):
        now = utcnow()
        asked = cast.enquiry(database, home, now)
        database.write(
            lambda session, asked=asked, now=now: receiving.receive(
                session, asked, cast.SENDING, SIGNER, cast.SETTINGS, now
            )
        )


def work_once(settings: Settings, database: Database) -> None:
    asyncio.run(work.run(settings, database, once=True))


def mails(database: Database) -> dict[str, Mail]:
    with database.read() as session:
        found = session.exec(select(Mail).where(Mail.kind == "lead").order_by(col(Mail.id)))
        return {mail.recipient.partition("@")[0]: mail for mail in found}


def fates(settings: Settings, database: Database) -> dict[str, str]:
    """How each agency's mail stands, once everything that came back so far was read."""
    work_once(settings, database)
    return {name: mail.state for name, mail in mails(database).items()}

"""`portal outbox`: what ops see of the mails, and what they can do about one."""

import asyncio
import json
from functools import partial

import pytest
from sqlmodel import Session, select

from portal import work
from portal.db import utcnow
from portal.enquiries import receiving
from portal.leads import Lead
from portal.mail.mails import Mail
from portal.settings import Settings
from tests import cast
from tests.smtp import PostOffice


@pytest.fixture
def run(run):
    """Runs one `portal outbox` command."""
    return partial(run, "outbox")


@pytest.fixture
def receive(database):
    """Records one more enquiry about the villa; the lead."""

    def publish(session: Session):
        cast.policy(session)
        return cast.home(session, cast.agency(session))

    home = database.write(publish)

    def one(**changes) -> Lead:
        now = utcnow()
        enquiry = cast.enquiry(database, home, now, **changes)
        work = lambda s: receiving.receive(s, enquiry, cast.SENDING, cast.SIGNER, cast.SETTINGS, now)  # noqa: E731
        return database.write(work).lead

    return one


def work_once(database, tmp_path, relay):
    settings = Settings(
        smtp_relay=relay, data_directory=tmp_path, secret_key="k" * 40, mail_from="leads@portal.example"
    )
    asyncio.run(work.run(settings, database, once=True))


def agency_mail(session: Session, lead: Lead) -> Mail:
    return session.exec(select(Mail).where(Mail.about == f"lead:{lead.reference}", Mail.kind == "lead")).one()


def refusing(address: str) -> str | None:
    return "550 5.1.1 no such user" if "agency" in address else None


def test_the_status_counts_every_lead_once_under_what_became_of_it(database, run, receive):
    for number, state in enumerate(("accepted", "uncertain", "sending", "queued", "parked", "refused", "cancelled")):
        lead = receive(words=str(number))
        database.write(lambda s, lead=lead, state=state: setattr(agency_mail(s, lead), "state", state))
    for number, (field, value) in enumerate(
        (("screening", "held"), ("screening", "spam"), ("parked_reason", "agency_paused"))
    ):
        lead = receive(words=f"other {number}")
        database.write(lambda s, key=lead.id, field=field, value=value: setattr(s.get_one(Lead, key), field, value))
    found = json.loads(run("status", "--json").stdout)
    assert found["leads"] == {
        "received": 10, "accepted": 1, "uncertain": 1, "waiting": 2, "parked": 2, "failed": 1, "cancelled": 1,
        "held": 1, "spam": 1, "erased": 0, "unaccounted": 0,
    }  # fmt: skip
    assert found["mails"]["queued"] >= 4 and found["oldest_waiting_seconds"] >= 0
    assert "unaccounted" in run("status").stdout


def test_an_empty_outbox_has_no_oldest_mail(run):
    found = json.loads(run("status", "--json").stdout)
    assert found["oldest_waiting_seconds"] is None and found["leads"]["received"] == 0
    assert "oldest waiting: none" in run("status").stdout


def test_a_refused_mail_is_listed_and_shown_with_what_the_relay_said(database, run, receive, tmp_path):
    lead = receive()
    with PostOffice(at_rcpt=refusing) as post:
        work_once(database, tmp_path, post.relay)
    (row,) = json.loads(run("list", "--state", "refused", "--json").stdout)
    assert row["recipient"] == "costa-norte@agency.example" and row["last_code"] == 550
    assert "no such user" in run("list").stdout
    shown = json.loads(run("show", str(row["mail"]), "--json").stdout)
    assert dict(shown["headers"])["X-ImmoMarket-Lead"] == lead.reference
    assert shown["attempts"][0]["outcome"] == "refused" and "MB-1042" in shown["text"]
    assert "X-ImmoMarket-Lead" in run("show", str(row["mail"])).stdout


def test_a_refused_mail_is_sent_anew_once_the_address_is_mended(database, run, receive, tmp_path):
    receive()
    with PostOffice(at_rcpt=refusing) as post:
        work_once(database, tmp_path, post.relay)
    (row,) = json.loads(run("list", "--state", "refused", "--json").stdout)
    run("resend", str(row["mail"]), "--reason", "mailbox exists now")
    with PostOffice() as post:
        work_once(database, tmp_path, post.relay)
    assert post.to("costa-norte@agency.example")["Message-ID"] != row["message_id"]
    assert json.loads(run("status", "--json").stdout)["leads"]["accepted"] == 1


def test_a_mail_not_rendered_yet_is_shown_without_text(run, receive):
    receive()
    assert "Not rendered yet." in run("show", "1").stdout


def test_a_waiting_mail_is_cancelled_with_a_reason_and_an_accepted_one_is_not(database, run, receive, tmp_path):
    receive()
    run("cancel", "1", "--reason", "asked for by phone")
    with PostOffice() as post:
        work_once(database, tmp_path, post.relay)
    assert len(post.raws) == 1
    assert "cancelled" in run("cancel", "1", "--reason", "again", code=1).stderr
    assert "accepted" in run("cancel", "2", "--reason", "too late", code=1).stderr
    assert "queued" not in run("list").stdout


def test_what_cannot_be_done_is_refused_in_words(run, receive):
    receive()
    assert "will be tried again by itself" not in run("show", "1").stdout
    assert "it will be tried again by itself" in run("resend", "1", "--reason", "x", code=1).stderr
    for command in (("show", "99"), ("resend", "99", "--reason", "x"), ("cancel", "99", "--reason", "x")):
        assert "portal outbox list" in run(*command, code=1).stderr
    assert "states are" in run("list", "--state", "lost", code=2).stderr
    run("cancel", "1", code=2)

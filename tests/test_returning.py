"""What came back moves the mail it is about, once and only forward; the rest waits for a person."""

import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from portal.catalogue import agencies
from portal.catalogue.agencies import Agency, Contact
from portal.db import Database
from portal.enquiries import receiving
from portal.leads import Disclosure, Lead
from portal.ledger import LedgerEvent
from portal.mail import outbox, returning, returns, tags
from portal.mail.delivery import Kind
from portal.mail.mails import MOVES, REACHED, STATES, Mail, MailEvent, ReturnedMail, Tried
from portal.mail.retrying import Patience
from portal.message_kinds import KINDS
from portal.rights import erasure, retention
from tests import cast, reports
from tests.cast import NOW, SETTINGS, SIGNER
from tests.reports import About

DOMAIN, BOUNCES = "portal.example", "bounces@portal.example"
FIRST, SECOND = "costa-norte@agency.example", "second@agency.example"
MINUTE = timedelta(minutes=1)
UNKNOWN = About("bounces@portal.example", "", "<nobody@portal.example>")


@pytest.fixture
def house(database: Database) -> Database:
    """Costa Norte Homes with a confirmed second contact, and one lead whose mail to the first the relay accepted."""

    def publish(session: Session):
        cast.policy(session)
        home = cast.home(session, cast.agency(session))
        contact = agencies.add_contact(session, session.exec(select(Agency)).one(), SECOND, NOW, role="second")
        agencies.confirm(session, contact, NOW, "link")
        return home

    enquiry = cast.enquiry(database, database.write(publish))
    database.write(lambda session: receiving.receive(session, enquiry, cast.SENDING, SIGNER, SETTINGS, NOW))
    hand_over(database)
    return database


def hand_over(database: Database) -> None:
    """Every mail that is due gets the relay's 250."""

    def work(session: Session) -> None:
        for mail in outbox.claim(session, NOW, 10):
            outbox.freeze(session, mail, b"Subject: An enquiry\r\n\r\nText")
            outbox.enter_data(session, [mail])
            said = Tried("accepted", "done", 250)
            outbox.settle(session, mail, said, "relay", NOW, NOW, Patience())
            KINDS[mail.kind].accepted(session, [mail], NOW)

    database.write(work)


def lead_mail(database: Database, recipient: str = FIRST) -> Mail:
    with database.read() as session:
        return session.exec(select(Mail).where(Mail.kind == "lead", Mail.recipient == recipient)).one()


def about(mail: Mail) -> About:
    tag = tags.of(SIGNER, mail.id or 0)
    return About(tags.sender(BOUNCES, tag), tag, mail.message_id)


def take_in(database: Database, raw: bytes, to: str = BOUNCES, now: datetime = NOW) -> bool:
    return database.write(lambda session: returning.receive(session, raw, to, now))


def apply(database: Database, now: datetime = NOW, kinds: dict[str, Kind] = KINDS) -> int:
    return returning.apply_waiting(database, SIGNER, kinds, now)


def come_back(database: Database, raw: bytes, to: str = BOUNCES) -> str:
    """Take a report in and apply it; how the lead's mail to the first contact then stands."""
    take_in(database, raw, to)
    assert apply(database) == 1
    return lead_mail(database).state


def returned(database: Database) -> ReturnedMail:
    with database.read() as session:
        return session.exec(select(ReturnedMail)).one()


def events(database: Database, kind: str) -> int:
    with database.read() as session:
        return len(session.exec(select(LedgerEvent).where(LedgerEvent.type == kind)).all())


def steps(database: Database, mail: Mail) -> list[tuple[str, str]]:
    with database.read() as session:
        return [(step.state, step.source) for step in outbox.steps(session, mail)]


# Which mail it is about


@pytest.mark.parametrize("by", ["recipient", "envelope id", "return path", "message id"])
def test_a_report_finds_its_mail_by_any_one_name_that_we_gave_it(house, by):
    known = about(lead_mail(house))
    said = {
        "recipient": UNKNOWN, "envelope id": About(BOUNCES, known.envelope_id, "<x@x>"),
        "return path": About(known.sender, "", "<x@x>"), "message id": About(BOUNCES, "", known.message_id),
    }[by]  # fmt: skip
    assert come_back(house, reports.postfix(said), known.sender if by == "recipient" else BOUNCES) == "bounced"
    row = returned(house)
    assert (row.kind, row.outcome, row.state, row.mail_id) == ("dsn", "bounced", "applied", lead_mail(house).id)


def test_a_mail_server_may_have_made_the_tag_upper_case(house):
    known = about(lead_mail(house))
    assert come_back(house, reports.postfix(UNKNOWN), f"<{known.sender.upper()}>") == "bounced"


def test_a_tag_that_we_did_not_make_moves_nothing(house):
    mail = lead_mail(house)
    real = tags.of(SIGNER, mail.id or 0)
    for tag in (f"{mail.id}.0000000000", real[:-1], f"{real}0", f"{(mail.id or 0) + 1}.{real.partition('.')[2]}",
                f"{mail.id}", ".", f"0{real}", "٣.abc", f"{mail.id}.ünïcode", "9" * 30 + ".0123456789"):  # fmt: skip
        forged = About(f"bounces+{tag}@portal.example", tag, "<x@x>")
        take_in(house, reports.postfix(forged), forged.sender)
    assert apply(house) == 10 and lead_mail(house).state == "accepted"
    with house.read() as session:
        assert len(returning.for_a_person(session)) == 10


def test_another_mails_tag_moves_that_mail_alone(house):
    with house.read() as session:
        (other,) = session.exec(select(Mail).where(Mail.kind != "lead"))
    assert come_back(house, reports.postfix(UNKNOWN), about(other).sender) == "accepted"
    with house.read() as session:
        assert session.get_one(Mail, other.id).state == "bounced"


def test_what_nobody_can_match_or_read_waits_for_a_person_who_has_seen_it_then(house):
    for raw in (reports.postfix(UNKNOWN), b"Subject: Out of office\n\nBack on Monday", b""):
        take_in(house, raw, about(lead_mail(house)).sender if b"office" in raw else BOUNCES)
    assert apply(house) == 3 and apply(house) == 0 and lead_mail(house).state == "accepted"
    with house.read() as session:
        rows = returning.for_a_person(session)
    assert [row.kind for row in rows] == ["dsn", "other", "other"]
    house.write(lambda session: returning.note_seen(session, rows[0].id or 0, "Ana", NOW))
    with house.read() as session:
        assert len(returning.for_a_person(session)) == 2
    with pytest.raises(returning.ReturnUnknown), house.read() as session:
        returning.by_number(session, 99)


# What it moves


def test_the_same_bytes_count_once(house):
    raw = reports.postfix(about(lead_mail(house)), "delayed", "4.4.1")
    assert take_in(house, raw) and not take_in(house, raw)
    assert apply(house) == 1 and not take_in(house, raw) and apply(house) == 0
    assert steps(house, lead_mail(house)).count(("delayed", "dsn")) == 1


def test_a_bounce_with_an_address_to_blame_brings_the_second_contact_and_marks_the_first(house):
    assert come_back(house, reports.postfix(about(lead_mail(house)))) == "bounced"
    mail = lead_mail(house)
    assert (mail.last_enhanced, mail.last_text) == ("5.1.1", "550 5.1.1 no such user")
    assert lead_mail(house, SECOND).state == "queued" and events(house, "disclosure_intended") == 2
    with house.read() as session:
        refused = {contact.email: contact.refused_at is not None for contact in session.exec(select(Contact))}
    assert refused == {FIRST: True, SECOND: False}
    assert events(house, "mail_bounced") == 1 and steps(house, mail)[-1] == ("bounced", "dsn")


@pytest.mark.parametrize(
    ("action", "status", "second"),
    [("delayed", "4.4.1", 1), ("failed", "5.2.2", 1), ("failed", "5.0.0", 1), ("failed", "4.4.7", 1),
     ("failed", "5.7.1", 0), ("failed", "5.3.4", 0), ("relayed", "2.0.0", 0), ("delivered", "2.0.0", 0)],
)  # fmt: skip
def test_the_second_contact_is_asked_unless_the_mail_itself_is_to_blame(house, action, status, second):
    come_back(house, reports.postfix(about(lead_mail(house)), action, status, "said"))
    with house.read() as session:
        asked = session.exec(select(Mail).where(Mail.recipient == SECOND)).all()
        assert not any(contact.refused_at for contact in session.exec(select(Contact)))
    assert len(asked) == second


def test_a_report_of_arrival_takes_back_what_was_said_of_the_mailbox(house):
    def refuse(session: Session) -> None:
        contact = session.exec(select(Contact).where(Contact.email == FIRST)).one()
        agencies.note_refusal(session, contact, "5.1.1", NOW)

    house.write(refuse)
    assert come_back(house, reports.postfix(about(lead_mail(house)), "delivered", "2.0.0", "250 ok")) == "delivered"
    with house.read() as session:
        assert session.exec(select(Contact).where(Contact.email == FIRST)).one().refused_at is None
    assert events(house, "mail_delivered") == 1


def test_a_complaint_changes_nothing_else(house):
    before = {kind: events(house, kind) for kind in ("disclosure_intended", "disclosure_passed", "mail_accepted")}
    assert come_back(house, reports.complaint(about(lead_mail(house)))) == "complained"
    with house.read() as session:
        assert len(session.exec(select(Mail).where(Mail.kind == "lead")).all()) == 1
        assert not any(contact.refused_at for contact in session.exec(select(Contact)))
        assert session.exec(select(Agency)).one().paused_at is None
        assert session.exec(select(Lead)).one().parked_reason is None
    assert {kind: events(house, kind) for kind in before} == before and events(house, "mail_complained") == 1


def test_a_report_about_a_mail_that_nobody_answered_for_says_that_it_was_passed_on(house):
    def unanswered(session: Session) -> None:
        mail = session.exec(select(Mail).where(Mail.kind == "lead")).one()
        mail.state, mail.accepted_at, mail.settled_at = "uncertain", None, None
        session.exec(select(Disclosure)).one().passed_at = None

    house.write(unanswered)
    assert come_back(house, reports.postfix(about(lead_mail(house)), "delivered", "2.0.0")) == "delivered"
    mail = lead_mail(house)
    with house.read() as session:
        assert session.exec(select(Disclosure)).one().passed_at == NOW
    assert mail.accepted_at == mail.settled_at == NOW
    assert house.write(lambda session: outbox.claim(session, NOW + timedelta(days=1))) == []


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    begin=st.sampled_from(sorted(set(STATES) - {"sending"})), said=st.lists(st.sampled_from(sorted(MOVES)), max_size=5)
)
def test_reports_in_any_order_move_a_mail_only_forward(house: Database, begin: str, said: list[str]):
    """Against a model: the state is what `MOVES` makes of each report in turn, and each step is written down once."""
    house.write(lambda session: _begin(session, begin))
    state, moved = begin, list[str]()
    words = {"bounced": "failed", "delayed": "delayed", "delivered": "delivered"}
    for place, outcome in enumerate(said):
        known = about(lead_mail(house))
        raw = reports.complaint(known) if outcome == "complained" else reports.postfix(known, words[outcome], "4.0.0")
        raw += f"\n{begin} {said} {place}".encode()
        assert take_in(house, raw) and not take_in(house, raw)
        assert apply(house) == 1
        if state in MOVES[outcome]:
            state = outcome
            moved.append(outcome)
        mail = lead_mail(house)
        assert mail.state == state
        assert state not in REACHED or begin not in ("queued", "uncertain", "parked") or mail.accepted_at is not None
        assert mail.settled_at is not None or not moved
    assert [step for step, source in steps(house, lead_mail(house)) if source in ("dsn", "arf")] == moved
    house.write(lambda session: [session.delete(row) for row in session.exec(select(ReturnedMail))])


def _begin(session: Session, state: str) -> None:
    mail = session.exec(select(Mail).where(Mail.kind == "lead", Mail.recipient == FIRST)).one()
    mail.state, mail.settled_at, mail.accepted_at = state, None, None
    for step in session.exec(select(MailEvent).where(col(MailEvent.source).in_(("dsn", "arf")))):
        session.delete(step)


# When it comes


def test_a_report_that_is_faster_than_the_workers_own_note_waits_for_it(house):
    house.write(lambda session: _hand(session, "sending"))
    take_in(house, reports.postfix(about(lead_mail(house))))
    assert apply(house) == 0 and apply(house, NOW + 4 * MINUTE) == 0 and lead_mail(house).state == "sending"
    house.write(lambda session: _hand(session, "accepted"))
    assert apply(house, NOW + 4 * MINUTE) == 1 and lead_mail(house).state == "bounced"


def test_after_five_minutes_it_is_a_persons(house):
    house.write(lambda session: _hand(session, "sending"))
    take_in(house, reports.postfix(about(lead_mail(house))))
    assert apply(house, NOW + 5 * MINUTE) == 1 and returned(house).state == "person"
    assert lead_mail(house).state == "sending"


def _hand(session: Session, state: str) -> None:
    session.exec(select(Mail).where(Mail.kind == "lead")).one().state = state


def test_one_that_waits_or_that_we_fail_at_holds_up_no_other(house, monkeypatch):
    with house.read() as session:
        (other,) = session.exec(select(Mail).where(Mail.kind != "lead"))
    house.write(lambda session: _hand(session, "sending"))
    take_in(house, reports.postfix(about(lead_mail(house))))
    take_in(house, b"poison")
    take_in(house, reports.postfix(about(other)))
    read = returns.read

    def failing(raw: bytes) -> returns.Returned:
        if raw == b"poison":
            raise ZeroDivisionError
        return read(raw)

    monkeypatch.setattr(returns, "read", failing)
    assert apply(house) == 2 and apply(house) == 0
    with house.read() as session:
        assert session.get_one(Mail, other.id).state == "bounced"
        assert [row.raw for row in returning.for_a_person(session)] == [b"poison"]


def test_a_callback_that_fails_leaves_the_mail_as_it_was_and_the_report_to_a_person(house):
    def fail(*_: object) -> None:
        raise ValueError

    take_in(house, reports.postfix(about(lead_mail(house))))
    assert apply(house, kinds={**KINDS, "lead": Kind(KINDS["lead"].render, failing=fail)}) == 1
    assert lead_mail(house).state == "accepted" and returned(house).state == "person"


def test_two_workers_at_once_apply_each_report_once(house):
    known = about(lead_mail(house))
    for place in range(12):
        take_in(house, reports.postfix(known, "delayed" if place % 2 else "failed", "4.4.1") + b"\n" * place)
    gate, done = threading.Barrier(3), list[int]()

    def work() -> None:
        gate.wait()
        done.append(apply(house))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    gate.wait()
    for worker in workers:
        worker.join()
    assert sum(done) == 12 and lead_mail(house).state == "bounced"
    assert steps(house, lead_mail(house)).count(("bounced", "dsn")) == 1
    assert len(_second_mails(house)) == 1


def _second_mails(database: Database) -> list[Mail]:
    with database.read() as session:
        return list(session.exec(select(Mail).where(Mail.recipient == SECOND, Mail.kind == "lead")))


# A maildir


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    """A maildir as a mail server makes it."""
    for name in ("new", "tmp"):
        (tmp_path / "bounces" / name).mkdir(parents=True)
    return tmp_path / "bounces"


def put(maildir: Path, name: str, raw: bytes) -> Path:
    path = maildir / "new" / name
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("header", ["Delivered-To", "X-Original-To", "Envelope-To"])
def test_a_maildirs_mails_are_taken_in_and_moved(house, maildir, header):
    known = about(lead_mail(house))
    put(maildir, "1.host:2,", f"Return-Path: <>\n{header}: {known.sender}\n".encode() + reports.postfix(UNKNOWN))
    assert returning.collect(house, maildir, NOW) == 1 and returning.collect(house, maildir, NOW) == 0
    assert [path.name for path in maildir.rglob("*") if path.is_file()] == ["1.host:2,S"]
    assert returned(house).recipient == known.sender
    assert apply(house) == 1 and lead_mail(house).state == "bounced"


def test_a_crash_between_commit_and_move_takes_a_mail_in_once(house, maildir, monkeypatch):
    put(maildir, "1", reports.postfix(about(lead_mail(house))))

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", crash)
        with pytest.raises(KeyboardInterrupt):
            returning.collect(house, maildir, NOW)
    assert returned(house).state == "waiting" and (maildir / "new" / "1").exists()
    assert apply(house) == 1
    assert returning.collect(house, maildir, NOW) == 1 and apply(house) == 0
    assert returned(house).state == "applied" and steps(house, lead_mail(house)).count(("bounced", "dsn")) == 1


def test_a_file_that_vanishes_or_cannot_be_read_holds_up_no_other(house, maildir, monkeypatch):
    gone = put(maildir, "1", b"gone")
    (maildir / "new" / "2").mkdir()
    put(maildir, "3", b"Delivered-To: b\0\xff\n\nNUL and bytes of no charset")
    put(maildir, "4", b"x" * (returns.LIMIT + 5))
    opened = Path.open

    def vanishing(path: Path, *how: str):
        path == gone and gone.unlink(missing_ok=True)
        return opened(path, *how)

    monkeypatch.setattr(Path, "open", vanishing)
    assert returning.collect(house, maildir, NOW) == 2
    with house.read() as session:
        kept = session.exec(select(ReturnedMail).order_by(col(ReturnedMail.id))).all()
    assert [(row.recipient, len(row.raw or b"")) for row in kept] == [
        ("b\N{REPLACEMENT CHARACTER}", 46),
        ("", returns.LIMIT),
    ]


def test_without_a_maildir_there_is_nothing_to_take_in(house, tmp_path):
    assert returning.collect(house, tmp_path / "none", NOW) == 0


# What must be forgotten


def test_erasure_takes_the_bytes_that_came_back_matched_or_not(house):
    come_back(house, reports.postfix(about(lead_mail(house))))
    take_in(house, b"From: jane@example.com\n\nplease call me")
    apply(house)
    erase(house)
    with house.read() as session:
        assert {row.raw for row in session.exec(select(ReturnedMail))} == {None}


def test_what_comes_back_after_the_erasure_moves_the_mail_and_leaves_no_bytes_and_no_words(house):
    erase(house)
    assert come_back(house, reports.postfix(about(lead_mail(house)), said="550 5.1.1 jane@example.com")) == "bounced"
    mail = lead_mail(house)
    assert returned(house).raw is None and mail.last_enhanced == "5.1.1" and not mail.last_text
    assert not _second_mails(house), "there is nobody left to pass on"


def erase(database: Database) -> None:
    database.write(lambda session: erasure.erase(session, session.exec(select(Lead)).one(), "asked", "Ana", NOW))


@pytest.mark.parametrize(
    ("state", "days", "kept"),
    [("applied", 29, True), ("applied", 31, False), ("seen", 31, False), ("person", 31, True), ("person", 91, False),
     ("waiting", 31, True), ("waiting", 91, False)],
)  # fmt: skip
def test_the_bytes_of_what_came_back_go_when_their_time_is_over(database, state, days, kept):
    take_in(database, b"words")
    database.write(lambda session: setattr(session.exec(select(ReturnedMail)).one(), "state", state))
    retention.blank_old_mails(database, NOW + timedelta(days=days))
    assert (returned(database).raw is not None) == kept

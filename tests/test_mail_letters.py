"""What the mails say: the lead to the agency, the confirmation to the visitor, the invitation to a contact."""

import asyncio
import re
from datetime import timedelta
from email.message import EmailMessage

import pytest
from sqlmodel import Session, select

from portal import forwarding
from portal.catalogue import agencies, invitations
from portal.catalogue.agencies import Agency, Contact, Office
from portal.db import Database, utcnow
from portal.enquiries import receiving
from portal.enquiries.receiving import Received
from portal.forwarding import facts, reminder, stopping
from portal.leads import Confirmation, Disclosure, LeadPerson, StatusLink
from portal.ledger import LedgerEvent, keys, sealing
from portal.mail import outbox
from portal.mail.composing import Letterhead, compose
from portal.mail.mails import Mail
from portal.message_kinds import KINDS
from portal.receipts import links
from portal.settings import Settings
from portal.work import run
from tests import cast
from tests.cast import NOW, SIGNER
from tests.smtp import PostOffice, read, text

ORIGIN = "https://portal.example"
LETTERHEAD = Letterhead("leads@portal.example", ORIGIN, SIGNER, "bounces@portal.example")
DOMAIN = "portal.example"


HELD = cast.SETTINGS.model_copy(update={"screening_held": 0})


def receive(database: Database, now=NOW, settings=cast.SETTINGS, **changes) -> Received:
    """Jane Smith's enquiry about the villa of Costa Norte Homes, made where they do not exist yet."""

    def publish(session: Session):
        found = session.exec(select(cast.Property)).first()
        if found is None:
            cast.policy(session)
            found = cast.home(session, cast.agency(session))
        return found

    home = database.write(publish)
    enquiry = cast.enquiry(database, home, now, **changes)
    return database.write(lambda session: receiving.receive(session, enquiry, cast.SENDING, SIGNER, settings, now))


def rendered(database: Database, kind: str) -> EmailMessage:
    """The newest mail of this kind, rendered as the worker does."""
    with database.read() as session:
        mail = session.exec(select(Mail).where(Mail.kind == kind).order_by(Mail.id.desc())).first()
        assert mail is not None
        return read(compose(mail, KINDS[kind].render(session, mail, LETTERHEAD), LETTERHEAD.address, NOW))


def in_english(database: Database) -> None:
    database.write(lambda session: [setattr(mail, "locale", "en") for mail in session.exec(select(Mail))])


def test_the_agencys_mail_has_one_line_a_fact_in_the_documented_order_and_the_message_last(database):
    lead = receive(database, professional=True, company="Smith Ltd", timing="3_months").lead
    in_english(database)
    body = text(rendered(database, "lead"))
    labels = re.findall(r"^([A-Z][\w -]+): \S", body.partition("Message:")[0], re.MULTILINE)
    assert labels == [
        "Reference", "Name", "E-mail", "Phone", "Reach by", "Language", "Company", "Wish", "Timing", "Paying with",
        "Property reference", "Property", "Price", "Address of the page", "Received", "Answer by", "Mark as contacted",
    ]  # fmt: skip
    assert f"Reference: {lead.reference}\n" in body and "Property reference: MB-1042\n" in body
    assert "Phone: +447911123456\n" in body and "Price: €1,250,000\n" in body
    assert f"Address of the page: {ORIGIN}/en/p/x-villa\n" in body
    assert "recorded by OptimaSys Group Spain S.L." in body and "under Data Policy version 1;" in body
    assert body.endswith("Message:\nMay we see it, in “December”?\nOr later\n")


def test_a_fact_that_was_not_given_has_no_line(database):
    receive(database, funding="", phone="", phone_e164="", reach="email")
    in_english(database)
    body = text(rendered(database, "lead"))
    assert not re.search(r"^(Company|Timing|Paying with|Phone):", body, re.MULTILINE)
    assert "wa.me" not in text(rendered(database, "lead"), "html")


def test_the_agencys_mail_says_the_same_in_html_and_escapes_what_the_visitor_wrote(database):
    receive(database, name="Jane <b>Smith</b>", words="<script>1</script>\nsecond line & more")
    in_english(database)
    mail = rendered(database, "lead")
    page = text(mail, "html")
    assert "<script>" not in page and "<b>Smith" not in page
    assert "&lt;script&gt;1&lt;/script&gt;<br>second line &amp; more" in page
    assert 'href="mailto:jane@example.com"' in page and 'href="https://wa.me/447911123456"' in page
    for fact in ("MB-1042", "€1,250,000", "Villa in Nueva Andalucía", "+447911123456", "WhatsApp", "Own money"):
        assert fact in page and fact in text(mail)
    assert "http" not in page.replace(ORIGIN, "").replace("https://wa.me", ""), "nothing is loaded from anywhere"
    assert len(page.encode()) < 40_000


def test_the_agencys_mail_can_be_answered_and_filtered(database):
    lead = receive(database, name='Jane "J." Smith').lead
    mail = rendered(database, "lead")
    assert mail["Reply-To"].addresses[0].display_name == 'Jane "J." Smith'
    assert mail["Reply-To"].addresses[0].addr_spec == "jane@example.com"
    assert mail["X-ImmoMarket-Lead"] == lead.reference and mail["X-ImmoMarket-Property-Ref"] == "MB-1042"
    assert mail["To"] == "costa-norte@agency.example" and mail["Auto-Submitted"] is None
    assert "MB-1042" in mail["Subject"] and lead.reference in mail["Subject"] and "Jane" in mail["Subject"]


def test_an_address_that_cannot_stand_in_reply_to_stands_in_the_body(database):
    receive(database, email="jürgen@example.com")
    mail = rendered(database, "lead")
    assert mail["Reply-To"] is None and "jürgen@example.com" in text(mail)


def test_a_label_in_a_name_makes_no_second_line(database):
    receive(database, name="Jane\u2028Price: €1")
    in_english(database)
    assert len(re.findall(r"^Price:", text(rendered(database, "lead")), re.MULTILINE)) == 1


def test_the_mail_of_an_erased_person_cannot_be_written(database):
    received = receive(database)
    database.write(lambda session: session.delete(session.get_one(LeadPerson, received.lead.id)))
    with pytest.raises(Exception, match=received.lead.reference):
        rendered(database, "lead")


@pytest.mark.parametrize("kind", ["confirmation", "release"])
def test_no_mail_to_a_visitor_holds_anything_the_visitor_typed(database, kind):
    canaries = {"name": "Canary Name", "words": "canary words", "company": "Canary Ltd", "phone": "0999 123",
                "phone_e164": "+34999123123"}  # fmt: skip
    receive(database, settings=HELD if kind == "release" else cast.SETTINGS, professional=True, **canaries)
    mail = rendered(database, kind)
    for part in (text(mail), text(mail, "html"), str(mail["Subject"]), str(mail["To"])):
        for canary in canaries.values():
            assert canary.lower() not in part.lower()
    assert mail["Reply-To"] is None and mail["Auto-Submitted"] == "auto-generated"
    assert str(mail["To"]) == "jane@example.com"


def test_the_confirmation_names_recipient_notice_status_page_and_where_to_write(database):
    received = receive(database)
    mail = rendered(database, "confirmation")
    status = f"{ORIGIN}/en/enquiries/{SIGNER.sign('status', received.status.nonce)}"
    for part in (text(mail), text(mail, "html")):
        assert received.lead.reference in part and "Costa Norte Homes" in part and status in part
        assert "Your enquiry is recorded by OptimaSys Group Spain S.L." in part
        assert "Calle Alfredo Palma 10" in part and "29603 Marbella, Málaga" in part


def test_a_held_enquirys_mail_says_what_a_confirmation_says_and_opens_the_release_page(database):
    received = receive(database, settings=HELD)
    mail = rendered(database, "release")
    release = f"{ORIGIN}/en/release/{SIGNER.sign('release', received.lead.release_nonce)}"
    status = f"{ORIGIN}/en/enquiries/{SIGNER.sign('status', received.status.nonce)}"
    assert received.lead.reference in str(mail["Subject"])
    for part in (text(mail), text(mail, "html")):
        assert release in part and status in part and "Costa Norte Homes" in part and "MB-1042" in part
        assert "Your enquiry is recorded by OptimaSys Group Spain S.L." in part and "29603 Marbella" in part


@pytest.mark.parametrize("kind", ["confirmation", "release"])
def test_a_stranger_stops_mail_to_visitors_with_one_click(database, kind):
    receive(database, settings=HELD if kind == "release" else cast.SETTINGS, email="stranger@example.com")
    mail = rendered(database, kind)
    link = stopping.link(LETTERHEAD, "stranger@example.com", "en")
    assert str(mail["List-Unsubscribe"]) == f"<{link}>" and link.startswith(f"{ORIGIN}/en/stop/")
    assert str(mail["List-Unsubscribe-Post"]) == "List-Unsubscribe=One-Click"
    assert link in text(mail) and link in text(mail, "html") and "stranger" not in link


def test_the_link_to_stop_stands_on_one_line_as_it_is(database):
    receive(database)
    with database.read() as session:
        mail = session.exec(select(Mail).where(Mail.kind == "confirmation")).one()
        raw = compose(mail, KINDS["confirmation"].render(session, mail, LETTERHEAD), LETTERHEAD.address, NOW)
    link = stopping.link(LETTERHEAD, "jane@example.com", "en")
    assert f"\r\nList-Unsubscribe: <{link}>\r\n".encode() in raw


def test_mail_to_a_visitor_who_stopped_it_is_not_sent_anew_either(database):
    receive(database)

    def anew(session: Session) -> None:
        stopping.stop(session, stopping.mailbox(SIGNER, "jane@example.com"), NOW)
        mail = session.exec(select(Mail).where(Mail.kind == "confirmation")).one()
        mail.state = "refused"
        session.flush()
        KINDS["confirmation"].resent(session, mail, outbox.resend(session, mail, "ops", "x", NOW, DOMAIN), NOW)

    with pytest.raises(stopping.Stopped):
        database.write(anew)


def test_the_reminder_counts_and_names_references_and_no_person(database):
    held = [receive(database, NOW + timedelta(hours=n), HELD, words=f"Secret {n}").lead for n in range(2)]
    spam = cast.SETTINGS.model_copy(update={"screening_spam": 0})
    receive(database, NOW + timedelta(hours=3), spam, words="Secret spam")
    settings = cast.SETTINGS.model_copy(update={"ops_mail": "ops@portal.example"})
    database.write(lambda session: reminder.queue_due(session, settings, NOW))
    mail = rendered(database, "reminder")
    assert str(mail["Subject"]) == "2 held enquiries wait for a person"
    for part in (text(mail), text(mail, "html")):
        assert all(lead.reference in part for lead in held) and "not looked at either: 1" in part
        assert "Jane" not in part and "jane@" not in part and "Secret" not in part


def test_the_confirmation_leads_to_the_first_status_page_of_a_lead_posted_twice(database):
    first, second = receive(database), receive(database, NOW + timedelta(seconds=5))
    assert second.repeated
    assert SIGNER.sign("status", first.status.nonce) in text(rendered(database, "confirmation"))
    with database.read() as session:
        assert len(session.exec(select(StatusLink)).all()) == 2


def test_the_next_confirmation_names_the_capped_ones(database):
    receive(database)
    capped = receive(database, NOW + timedelta(minutes=20), words="And the garage?").lead
    later = receive(database, NOW + timedelta(minutes=61), words="And the pool?").lead
    mail = rendered(database, "confirmation")
    assert capped.reference in text(mail) and later.reference in text(mail)
    assert capped.reference in str(mail["Subject"]) and later.reference in str(mail["Subject"])


def invited(database: Database) -> Contact:
    def work(session: Session) -> Contact:
        found = agencies.recipient(session, cast.agency(session).id or 0)
        assert found is not None
        contact, office = found
        contact.confirmed_at = None
        invitations.invite(session, contact, office, domain=DOMAIN, now=NOW)
        return contact

    return database.write(work)


def test_an_invitation_asks_the_contact_to_confirm_its_address_by_a_link(database):
    contact = invited(database)
    mail = rendered(database, "invitation")
    link = f"{ORIGIN}/es/confirm/{invitations.token(SIGNER, contact)}"
    assert link in text(mail) and link in text(mail, "html") and mail["Auto-Submitted"] == "auto-generated"
    with database.read() as session:
        found = invitations.read(session, SIGNER, link.rpartition("/")[2])
        assert found.id == contact.id


def test_a_link_is_void_once_the_address_changed_or_the_contact_left(database):
    contact = invited(database)
    token = invitations.token(SIGNER, contact)
    database.write(lambda session: setattr(session.get_one(Contact, contact.id), "email", "other@agency.example"))
    with database.read() as session, pytest.raises(invitations.InvitationVoid):
        invitations.read(session, SIGNER, token)
    with pytest.raises(invitations.InvitationVoid):
        rendered(database, "invitation")


@pytest.mark.parametrize("token", ["", "forged", SIGNER.sign("contact", "x"), SIGNER.sign("contact", [1]),
                                   SIGNER.sign("status", [1, "x"])])  # fmt: skip
def test_a_link_that_is_not_ours_is_void(database, token):
    invited(database)
    with database.read() as session, pytest.raises(invitations.InvitationVoid):
        invitations.read(session, SIGNER, token)


def test_a_contact_can_be_invited_again(database):
    contact = invited(database)

    def again(session: Session) -> Mail:
        kept = session.get_one(Contact, contact.id)
        return invitations.invite(session, kept, session.get_one(Office, kept.office_id), domain=DOMAIN, now=NOW)

    assert database.write(again).generation == 2


def test_the_acceptance_of_a_leads_mail_is_a_disclosure_in_the_ledger(database, tmp_path):
    receive(database, utcnow())  # the worker asks the clock: a mail of some days ago it no longer tries
    with PostOffice() as post:
        settings = Settings(
            smtp_relay=post.relay, data_directory=tmp_path, origin=ORIGIN, mail_from=LETTERHEAD.address,
            secret_key="k" * 40,
        )  # fmt: skip
        asyncio.run(run(settings, database, once=True))
    assert post.to("costa-norte@agency.example")["X-ImmoMarket-Lead"]
    assert text(post.to("jane@example.com"))
    with database.read() as session:
        assert session.exec(select(Disclosure)).one().passed_at is not None
        assert "disclosure_passed" in session.exec(select(LedgerEvent.type)).all()


def test_a_leads_mail_sent_anew_goes_to_the_present_contact_as_a_disclosure_of_its_own(database):
    receive(database)

    def anew(session: Session) -> Mail:
        mail = session.exec(select(Mail).where(Mail.kind == "lead")).one()
        mail.state = "refused"
        session.exec(select(Contact)).one().email = "new@agency.example"
        made = outbox.resend(session, mail, "ops", "typing mistake", NOW, DOMAIN)
        KINDS["lead"].resent(session, mail, made, NOW)
        return made

    made = database.write(anew)
    assert made.recipient == "new@agency.example"
    database.write(lambda session: forwarding.passed(session, [made], NOW))
    with database.read() as session:
        first, second = session.exec(select(Disclosure).order_by(Disclosure.id)).all()
        assert first.passed_at is None and second.passed_at == NOW and second.mail_id == made.id


def test_a_leads_mail_is_not_sent_anew_where_nobody_confirmed_receives_it(database):
    receive(database)

    def anew(session: Session) -> None:
        mail = session.exec(select(Mail).where(Mail.kind == "lead")).one()
        mail.state = "refused"
        session.exec(select(Contact)).one().retired_at = NOW
        KINDS["lead"].resent(session, mail, outbox.resend(session, mail, "ops", "x", NOW, DOMAIN), NOW)

    with pytest.raises(agencies.ContactUnknown):
        database.write(anew)
    with database.read() as session:
        assert len(session.exec(select(Mail).where(Mail.kind == "lead")).all()) == 1


def test_a_confirmation_sent_anew_stands_for_the_same_leads(database):
    lead = receive(database).lead

    def anew(session: Session) -> None:
        mail = session.exec(select(Mail).where(Mail.kind == "confirmation")).one()
        mail.state = "refused"
        session.flush()
        made = outbox.resend(session, mail, "ops", "x", NOW, DOMAIN)
        KINDS["confirmation"].resent(session, mail, made, NOW)

    database.write(anew)
    assert lead.reference in text(rendered(database, "confirmation"))
    with database.read() as session:
        assert session.exec(select(Confirmation)).one().mail_id == 3


def test_the_agency_is_written_to_in_its_own_language(database):
    receive(database)
    with database.read() as session:
        assert session.exec(select(Mail.locale).where(Mail.kind == "lead")).one() == "es"
        assert session.exec(select(Agency)).one().name in text(rendered(database, "confirmation"))


@pytest.mark.parametrize(("kind", "settings"), [("confirmation", cast.SETTINGS), ("release", HELD)])
def test_the_visitors_mail_says_where_the_receipt_is_and_the_agencys_never_does(database, kind, settings):
    lead = receive(database, settings=settings).lead
    with database.read() as session:
        address = f"{ORIGIN}{links.address(session, lead, SIGNER)}"
    mail = rendered(database, kind)
    assert address in text(mail)
    assert f'href="{address}"' in text(mail, "html")
    if kind == "confirmation":
        assert "/receipts/" not in text(rendered(database, "lead")) + text(rendered(database, "lead"), "html")


def test_the_agencys_mail_carries_the_newest_head_of_the_ledger_as_it_was_signed(database, tmp_path, monkeypatch):
    monkeypatch.setattr(facts, "_COIN", re.compile("(?!)"))
    receive(database)
    in_english(database)
    assert "head of our ledger" not in text(rendered(database, "lead"))
    settings = cast.SETTINGS.model_copy(update={"data_directory": tmp_path})
    keys.new(settings, database, NOW)
    key = keys.sealing(settings)
    assert key is not None
    sealing.seal(database, key, NOW, everything=True)
    with database.read() as session:
        head = sealing.latest(session)
    assert head is not None
    mail = rendered(database, "lead")
    before, _, message = text(mail).partition("Message:")
    assert head.note in before and head.note not in message
    for line in head.note.splitlines():
        assert line in text(mail, "html")
    monkeypatch.setattr(facts, "_COIN", re.compile(re.escape(head.note.splitlines()[2])))
    assert "head of our ledger" not in text(rendered(database, "lead")), "a filter would take it for a wallet"


def test_what_filters_take_for_a_wallet_is_known():
    assert facts._COIN.search("portal.example/ledger\n4\nab+1BoatSLRHtKNngkdXEeobR76b53LETtpyT/x=")
    assert not facts._COIN.search("5RiLVxBJ2Zc8Z0CqkgEWlY1y9o2t+3J98t1WpEZ73CNm0viecrnyiWrnqRhWNLy/")

"""Whoever receives an agency's leads has a say in who does so after; a refused mailbox is told to the other one."""

import pytest
from sqlmodel import Session, select

from portal.catalogue import agencies, invitations, succession
from portal.catalogue.agencies import Agency, Contact
from portal.catalogue.invitations import InvitationVoid
from portal.db import Database
from portal.mail.mails import Mail
from tests import cast
from tests.cast import NOW, SIGNER
from tests.smtp import text
from tests.test_agencies import events, receives
from tests.test_mail_letters import rendered

OLD, NEW = "costa-norte@agency.example", "new@agency.example"


def entered(database: Database, run, *options: str) -> Contact:
    """A second address that ops enter for Costa Norte, in place of the present one or beside it."""
    with database.read() as session:
        there = session.exec(select(Agency)).first() is not None
    if not there:
        database.write(cast.agency)
    run("agencies", "edit", "costa-norte", "--email", NEW, *options)
    with database.read() as session:
        return session.exec(select(Contact).where(Contact.email == NEW)).one()


def mails(database: Database, kind: str) -> list[Mail]:
    with database.read() as session:
        return list(session.exec(select(Mail).where(Mail.kind == kind)))


def prove(database: Database, contact: Contact) -> None:
    database.write(lambda session: succession.prove(session, session.get_one(Contact, contact.id), NOW))


def agree(database: Database, contact: Contact) -> None:
    def work(session: Session) -> None:
        found = session.get_one(Contact, contact.id)
        succession.agree(session, found, succession.present(session, found), NOW)

    database.write(work)


def receiving(database: Database) -> str | None:
    with database.read() as session:
        return receives(session, agencies.by_slug(session, "costa-norte"))


@pytest.mark.parametrize("steps", [(prove, agree), (agree, prove)], ids=["proved first", "agreed first"])
def test_a_new_address_takes_over_once_it_is_proved_and_the_present_contact_agrees(database, run, steps):
    contact = entered(database, run)
    assert [mail.recipient for mail in mails(database, "invitation")] == [NEW]
    assert [mail.recipient for mail in mails(database, "succession")] == [OLD]
    for step in steps:
        assert receiving(database) == OLD
        step(database, contact)
    assert receiving(database) == NEW
    (event,) = events(database, "contact_confirmed")
    assert '"agreed":1' in event and '"how":"link"' in event


def test_ops_may_stand_for_both_with_a_reason(database, run):
    entered(database, run)
    run("agencies", "confirm", "costa-norte", "--email", NEW, "--reason", "rang the office")
    assert receiving(database) == NEW


def test_the_first_contact_of_an_agency_needs_nobodys_agreement(database, run):
    run("agencies", "add", "nerja-casas", "--name", "Nerja Casas", "--town", "Nerja", "--email", NEW)
    assert mails(database, "succession") == []
    with database.read() as session:
        contact = session.exec(select(Contact)).one()
    prove(database, contact)
    with database.read() as session:
        assert receives(session, agencies.by_slug(session, "nerja-casas")) == NEW


def test_a_second_contact_needs_the_first_ones_agreement_too(database, run):
    contact = entered(database, run, "--second")
    prove(database, contact)
    with database.read() as session:
        assert session.get_one(Contact, contact.id).state == "waiting"
    agree(database, contact)
    with database.read() as session:
        assert session.get_one(Contact, contact.id).state == "confirmed"
    assert receiving(database) == OLD


def test_a_link_is_void_once_who_was_asked_receives_nothing_any_more_or_the_address_changed(database, run):
    contact = entered(database, run)

    def link(session: Session) -> str:
        found = session.get_one(Contact, contact.id)
        return succession.token(SIGNER, found, succession.present(session, found))

    with database.read() as session:
        token = link(session)
        assert [each.email for each in succession.read(session, SIGNER, token)] == [NEW, OLD]
        with pytest.raises(InvitationVoid):
            succession.read(session, SIGNER, invitations.token(SIGNER, session.get_one(Contact, contact.id)))
    database.write(lambda session: setattr(session.get_one(Contact, contact.id), "email", "other@agency.example"))
    with database.read() as session, pytest.raises(InvitationVoid):
        succession.read(session, SIGNER, token)
    with database.read() as session:
        token = link(session)
    database.write(lambda session: setattr(session.get_one(Contact, 1), "retired_at", NOW))
    with database.read() as session, pytest.raises(InvitationVoid):
        succession.read(session, SIGNER, token)


def test_the_mail_to_the_present_contact_names_the_new_address_and_leads_to_a_page(database, run):
    entered(database, run)
    database.write(lambda session: [setattr(mail, "locale", "en") for mail in session.exec(select(Mail))])
    said = text(rendered(database, "succession"))
    assert f"Enquiries to Costa Norte Homes are to be sent to {NEW} in place of this address." in said
    assert "/en/confirm/" in said


# A mailbox that is refused


def refuse(database: Database, email: str) -> None:
    def work(session: Session) -> None:
        contact = session.exec(select(Contact).where(Contact.email == email)).one()
        succession.note_refusal(session, contact, "5.1.1", "portal.example", NOW)

    database.write(work)


def test_a_refused_mailbox_is_told_to_the_agencys_other_contact_once(database, run):
    contact = entered(database, run, "--second")
    prove(database, contact)
    agree(database, contact)
    for _ in range(2):
        refuse(database, OLD)
    (mail,) = mails(database, "mailbox")
    assert mail.recipient == NEW
    database.write(lambda session: setattr(session.get_one(Mail, mail.id), "locale", "en"))
    assert f"E-mails to {OLD} come back" in text(rendered(database, "mailbox"))
    prove(database, Contact(id=1, office_id=1, email=OLD, created_at=NOW))
    with database.read() as session:
        assert session.get_one(Contact, 1).refused_at is None, "its own link says that it takes mail again"
    refuse(database, OLD)
    assert len(mails(database, "mailbox")) == 2


def test_where_there_is_no_other_contact_the_check_gives_ops_the_phone_number(database, run):
    database.write(cast.agency)
    refuse(database, OLD)
    assert mails(database, "mailbox") == []
    assert "+34 952 000 142" in run("check", code=1).output

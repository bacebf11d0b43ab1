"""The relay may be away: visitors get their thank-you, and every mail goes out after its return."""

from sqlmodel import select

from portal.mail.mails import Mail, MailAttempt
from tests.faults.stand import Relay, Visitors, publish, stored_leads, waiting
from tests.running import Portal, eventually


def tries_at_a_relay_that_is_away(database) -> int:
    with database.read() as session:
        return len(session.exec(select(MailAttempt).where(MailAttempt.outcome == "relay")).all())


def test_enquiries_are_taken_while_the_relay_is_away_and_every_mail_goes_out_after_its_return(
    database, database_url, tmp_path
):
    home = publish(database)
    with Relay() as relay, Portal(database_url, tmp_path, relay.relay, clock_factor=0.001) as portal:
        relay.go_away()
        visitors = Visitors(portal, home)
        form = visitors.form()
        assert [visitors.enquire(form) for _ in range(10)] == [303] * 10
        eventually(lambda: tries_at_a_relay_that_is_away(database) > 1)
        assert (relay.raws, waiting(database)) == ([], 20)

        relay.come_back()
        eventually(lambda: waiting(database) == 0)
        assert set(stored_leads(database)) == visitors.attempted
        with database.read() as session:
            mails = session.exec(select(Mail)).all()
        assert {mail.state for mail in mails} == {"accepted"}
        assert sorted(relay.copies()) == sorted(mail.message_id for mail in mails)
        assert len(relay.raws) == 20

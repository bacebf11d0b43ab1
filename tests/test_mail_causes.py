"""Causes: what each refusal of a relay means, who is to blame, and what the relay called the mails it took."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.mail import causes
from portal.mail.retrying import OUTCOMES


@pytest.mark.parametrize(
    ("phase", "code", "text", "outcome", "enhanced"),
    [
        # The enhanced code decides, whatever the plain one says.
        ("rcpt", 550, "5.1.1 <x@y.example>: user unknown", "refused", "5.1.1"),
        ("rcpt", 550, "5.2.1 mailbox disabled", "refused", "5.2.1"),
        ("rcpt", 550, "5.7.1 blocked, see our policy", "policy", "5.7.1"),
        ("rcpt", 550, "5.4.4 unable to route: domain not found", "refused", "5.4.4"),
        ("rcpt", 550, "5.2.2 over quota", "full", "5.2.2"),
        ("rcpt", 452, "4.2.2 over quota", "full", "4.2.2"),
        ("rcpt", 452, "4.3.1 insufficient system storage", "later", "4.3.1"),
        ("rcpt", 450, "4.1.1 not known yet", "later", "4.1.1"),
        ("data", 550, "5.1.1 no such user", "refused", "5.1.1"),
        ("data", 554, "5.7.1 spam", "policy", "5.7.1"),
        ("data", 554, "5.6.0 malformed", "policy", "5.6.0"),
        ("data", 552, "5.3.4 message too big", "size", "5.3.4"),
        ("data", 451, "4.7.1 greylisted", "later", "4.7.1"),
        # Without one: the plain code and the command.
        ("rcpt", 550, "no such user", "refused", ""),
        ("rcpt", 553, "mailbox name not allowed", "refused", ""),
        ("rcpt", 554, "refused by our filter", "policy", ""),
        ("rcpt", 452, "mailbox full", "full", ""),
        ("rcpt", 552, "mailbox full", "full", ""),
        ("rcpt", 451, "try later", "later", ""),
        ("data", 550, "looks like spam", "policy", ""),
        ("data", 523, "too long", "size", ""),
        ("data", 451, "try later", "later", ""),
        # The server closes: that says nothing of the mail.
        ("rcpt", 421, "4.7.0 too many mails", "relay", "4.7.0"),
        # Not codes of this reply.
        ("rcpt", 550, "4.1.1 contradicts its own class", "refused", ""),
        ("rcpt", 550, "5.1.1.7 is an address of something", "refused", ""),
    ],
)
def test_what_a_refusal_means(phase, code, text, outcome, enhanced):
    assert causes.of_reply(phase, code, text) == causes.Cause(outcome, enhanced)


def test_every_outcome_says_who_is_to_blame():
    assert set(causes.BLAME) == set(OUTCOMES)


@pytest.mark.parametrize("code", [-1, 0, 250, 354, 600])
def test_what_is_no_refusal_has_no_cause(code):
    with pytest.raises(ValueError, match="no refusal"):
        causes.of_reply("data", code, "")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2.0.0 Ok: queued as 4ZxK2d1Jq7z9", "4ZxK2d1Jq7z9"),
        ("OK id=1qXyZa-0001Bc-2D", "1qXyZa-0001Bc-2D"),
        ("2.0.0 4AO9xYzA012345 Message accepted for delivery", "4AO9xYzA012345"),
        ("2.6.0 <lead.1@portal.example> [InternalId=12345678, Hostname=x] Queued mail for delivery", "12345678"),
        ("kept", None),
        ("", None),
    ],
)
def test_the_name_a_relay_gave_a_mail(text, name):
    assert causes.queue_id(text) == name


@given(st.sampled_from(["rcpt", "data"]), st.integers(400, 599), st.text(max_size=1000))
def test_whatever_a_relay_says_has_a_cause_that_fits_into_the_database(phase, code, text):
    cause = causes.of_reply(phase, code, text)
    assert cause.outcome in OUTCOMES and cause.outcome not in ("accepted", "uncertain", "failed")
    assert len(cause.enhanced) <= 11
    assert len(causes.queue_id(text) or "") <= 100

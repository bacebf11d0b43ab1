"""What a mail that came back says: real servers' reports, half ones, broken ones, and none at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.mail import returns
from portal.mail.returns import Returned
from tests import reports
from tests.reports import About

ABOUT = About()
OTHER = Returned()


def failed(status: str = "5.1.1", **more: str) -> dict[str, str]:
    return {"Final-Recipient": "rfc822; a@agency.example", "Action": "failed", "Status": status, **more}


def test_a_report_of_postfix_names_the_mail_three_times():
    read = returns.read(reports.postfix(ABOUT))
    assert (read.kind, read.outcome, read.status, read.text) == ("dsn", "bounced", "5.1.1", "550 5.1.1 no such user")
    assert (read.envelope_id, read.message_id) == (ABOUT.envelope_id, ABOUT.message_id)
    assert read.senders == (f"<{ABOUT.sender}>",)


def test_a_report_of_exchange_names_the_mail_by_its_message_id_alone():
    read = returns.read(reports.exchange(ABOUT))
    assert (read.outcome, read.status, read.message_id) == ("bounced", "5.1.10", ABOUT.message_id)
    assert (read.envelope_id, read.senders) == ("", ("",)) and read.text.startswith("550 5.1.10 RESOLVER")


def test_a_report_of_google_has_its_words_on_one_line():
    read = returns.read(reports.gmail(ABOUT))
    assert (read.outcome, read.status, read.senders) == ("bounced", "5.2.2", (ABOUT.sender,))
    assert read.text.endswith("out of storage space. 552 5.2.2 See the help.")


def test_a_report_of_exim_whose_status_says_nothing_has_that_of_the_server_it_quotes():
    assert returns.read(reports.exim(ABOUT)).status == "5.1.1"


@pytest.mark.parametrize(
    ("status", "said", "meant"),
    [
        ("5.0.0", "550-5.7.1 not wanted", "5.7.1"), ("5.4.4", "550 5.1.1 no", "5.4.4"), ("", "550 5.1.1 no", "5.1.1"),
        ("5.0.0", "450 4.2.1 not now", "5.0.0"), ("5.0.0", "no", "5.0.0"), ("", "no", ""), ("9.1.1", "no", ""),
        ("5.1.1 (no such mailbox)", "no", "5.1.1"), ("5.1.1111", "no", ""), ("٥.1.1", "no", ""),
    ],
)  # fmt: skip
def test_the_status_is_the_reports_own_unless_it_says_nothing(status, said, meant):
    read = returns.read(reports.report([{}, failed(status, **{"Diagnostic-Code": f"smtp; {said}"})]))
    assert read.status == meant


@pytest.mark.parametrize(
    ("action", "outcome"),
    [
        ("failed", "bounced"), ("Failed", "bounced"), ("delayed", "delayed"), ("delivered", "delivered"),
        ("relayed", ""), ("expanded", ""),
    ],
)  # fmt: skip
def test_each_action_has_its_outcome(action, outcome):
    read = returns.read(reports.postfix(ABOUT, action, "2.0.0", "250 ok"))
    assert (read.kind, read.outcome) == ("dsn", outcome)


@pytest.mark.parametrize("groups", [[{}], [{"Reporting-MTA": "dns; x"}], [{}, failed() | {"Action": "eaten"}]])
def test_a_report_without_an_action_that_we_know_is_for_a_person(groups):
    assert returns.read(reports.report(groups)) == OTHER


@pytest.mark.parametrize("actions", [("delivered", "failed", "delayed"), ("failed", "relayed"), ("expanded", "failed")])
def test_of_several_recipients_the_worst_counts(actions):
    groups = [failed(f"5.0.{place}") | {"Action": action} for place, action in enumerate(actions)]
    read = returns.read(reports.report([{"Reporting-MTA": "dns; x"}, *groups]))
    assert (read.outcome, read.status) == ("bounced", f"5.0.{actions.index('failed')}")


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global"])
def test_the_headers_that_came_back_are_read_in_each_form(kind):
    returned = (kind, f"Return-Path: <{ABOUT.sender}>\nMessage-ID: {ABOUT.message_id}\n\nText")
    read = returns.read(reports.report([{}, failed()], returned))
    assert (read.senders, read.message_id) == ((f"<{ABOUT.sender}>",), ABOUT.message_id)


def test_a_report_that_returns_nothing_is_read_all_the_same():
    read = returns.read(reports.report([{"Original-Envelope-Id": "17.x"}, failed()]))
    assert (read.outcome, read.envelope_id, read.message_id) == ("bounced", "17.x", "")


def test_a_report_for_an_address_beyond_ascii_is_read():
    groups = [{"Original-Envelope-Id": "17.x"}, failed(), failed() | {"Final-Recipient": "utf-8; josé@agency.example"}]
    read = returns.read(reports.report(groups, status="message/global-delivery-status"))
    assert (read.outcome, read.status, read.envelope_id) == ("bounced", "5.1.1", "17.x")


def test_eight_bit_words_and_a_charset_that_nobody_knows_are_read():
    raw = reports.postfix(ABOUT, said="550 5.1.1 buzón desconocido").replace(
        b"Content-Type: text/plain", b"Content-Type: text/plain; charset=klingon"
    )
    assert returns.read(raw).outcome == "bounced"
    latin = raw.replace("buzón".encode(), b"buz\xf3n \x00 NUL")
    read = returns.read(latin)
    assert read.outcome == "bounced" and "\0" not in read.text
    assert read.text.encode().decode() == read.text, "it can be stored"


def test_a_report_is_cut_anywhere_and_says_no_more_than_it_did():
    raw = reports.postfix(ABOUT)
    seen = {returns.read(raw[:length]).outcome for length in range(len(raw))}
    assert seen == {"", "bounced"}


def test_what_stands_inside_the_mail_that_came_back_is_not_a_report():
    inner = (
        reports.postfix(About("bounces+99.ffffffffff@portal.example", "99.ffffffffff"))
        .decode()
        .replace("cut-here", "inner")
    )
    assert returns.read(reports.report([], ("message/rfc822", inner))) == OTHER
    around = reports.mail("multipart/report; report-type=delivery-status", [("message/rfc822", inner)])
    assert returns.read(around) == OTHER
    assert returns.read(reports.mail("multipart/mixed", [("message/rfc822", inner)])) == OTHER


def test_a_complaint_names_the_mail():
    read = returns.read(reports.complaint(ABOUT))
    assert (read.kind, read.outcome, read.text) == ("arf", "complained", "abuse")
    assert read.senders[0] == f"<{ABOUT.sender}>" and read.message_id == ABOUT.message_id


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure"])
def test_feedback_that_is_no_complaint_moves_nothing(kind):
    read = returns.read(reports.complaint(ABOUT, kind))
    assert (read.kind, read.outcome) == ("arf", "")


def test_a_complaint_without_its_report_is_for_a_person():
    raw = reports.mail("multipart/report; report-type=feedback-report", [("text/plain", "spam")])
    assert returns.read(raw) == OTHER


@pytest.mark.parametrize(
    "raw",
    [
        b"Auto-Submitted: auto-replied\nSubject: Out of office\n\nBack on Monday.", b"", b"\0" * 100, b"\xff\xfe",
        b"Content-Type: multipart/report; report-type=delivery-status\n\nno boundary",
        b"Content-Type: multipart/report; report-type*=x''delivery-status; boundary=x\n\n--x\n\n--x--",
        reports.mail("multipart/report; report-type=disposition-notification", [("text/plain", "read")]),
        reports.mail("multipart/mixed; report-type=delivery-status", [("message/delivery-status", "Action: failed")]),
    ],
)  # fmt: skip
def test_anything_else_is_for_a_person(raw):
    assert returns.read(raw) == OTHER


@given(st.binary(max_size=2000))
def test_arbitrary_bytes_never_raise(raw):
    assert returns.read(raw).kind == "other"


@given(st.binary(max_size=400), st.binary(max_size=200), st.integers(0, 900), st.sampled_from([0, 1, 2, 3]))
def test_a_report_with_anything_in_it_never_raises_and_can_be_stored(put, over, place, which):
    made = (reports.postfix, reports.exchange, reports.gmail, reports.complaint)[which](ABOUT)
    read = returns.read(made[:place] + put + made[place + len(over) :])
    for said in (read.text, read.status, read.envelope_id, read.message_id, *read.senders):
        assert "\0" not in said and said.encode().decode() == said and len(said) <= 1000


@pytest.mark.parametrize(
    "raw",
    [
        b"".join(
            b'Content-Type: multipart/report; report-type=delivery-status; boundary="%d"\n\n--%d\n' % (n, n)
            for n in range(12_000)
        ),
        b"Content-Type: message/rfc822\n\n" * 40_000,
        reports.report([failed() for _ in range(20_000)]),
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\n" + b"--x\n\n" * 200_000,
        b"A: " + b"(" * returns.LIMIT,
    ],
    ids=["multiparts in multiparts", "mails in mails", "many recipients", "many parts", "one line"],
)  # fmt: skip
def test_hostile_megabytes_are_read_without_harm(raw):
    assert returns.read(raw).outcome in ("", "bounced")  # or the test's time is over

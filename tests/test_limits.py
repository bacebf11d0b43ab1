"""Limits count exactly, whoever counts at once; they keep no subject; and nobody honest meets a ceiling."""

import asyncio
import json
import random
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, func
from sqlmodel import Session, select
from typer.testing import Result

from portal import limits, work
from portal.commands import context
from portal.db import Database, utcnow
from portal.limits import DailyKey, RateCounter, Subject, TooMany
from portal.settings import ROOT, Settings
from tests import counting
from tests.counting import NOW

JANE, WORDS = "jane.smith@visitor.example", "Hello, is the house by the beach still for sale? We come in May."
SUBJECTS: list[Subject] = [
    ("network", "203.0.113.7", "hour"),
    ("address", JANE, "day"),
    ("property", "k7qm2xvd", "hour"),
    ("agency", "costa-norte", "hour"),
    ("words", WORDS, "day"),
]
Show = Callable[..., str]


def count(database: Database, *subjects: Subject, now: datetime = NOW, times: int = 1) -> list[int]:
    counted = []
    for _ in range(times):
        counted = database.write(lambda session: limits.count_all(session, now, subjects))
    return counted


def seen(database: Database, *subjects: Subject, now: datetime = NOW) -> list[int]:
    with database.read() as session:
        return limits.seen_all(session, now, subjects)


def rows(database: Database, table: type) -> int:
    with database.read() as session:
        return session.exec(select(func.count()).select_from(table)).one()


# Whose network an address is


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7/32"),
        (" 203.0.113.7 ", "203.0.113.7/32"),
        ("::ffff:203.0.113.7", "203.0.113.7/32"),
        ("::FFFF:cb00:7107%eth0", "203.0.113.7/32"),
        ("64:ff9b::203.0.113.7", "203.0.113.7/32"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:0DB8:1:2::%en0", "2001:db8:1:2::/64"),
    ],
)
def test_an_address_stands_for_its_network(address: str, network: str):
    assert limits.network(address) == network == limits.network(network)


@pytest.mark.parametrize(
    "address",
    ["", "testclient", "unix:", "unknown", "1.2.3", "010.1.1.1", "203.0.113.7:443", "%eth0", "/", "٢.٢.٢.٢", "\0",
     "\ud800", "127.0.0.1", "::1", "::", "10.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "::2", "192.168.1.1",
     "100.64.0.1", "fe80::1%eth0", "fd00::1"],
)  # fmt: skip
def test_what_names_no_visitors_network_names_none(address: str):
    assert limits.network(address) == ""


@given(
    st.one_of(
        st.text(),
        st.text("0123456789abcdefABCDEF.:%/[] "),
        st.ip_addresses().map(str),
        st.tuples(st.ip_addresses(v=6).map(str), st.text()).map("%".join),
        st.ip_addresses(v=4).map("::ffff:{}".format),
    )
)
def test_no_text_at_all_makes_trouble_as_an_address(address: str):
    network = limits.network(address)
    assert network == limits.network(network)
    if network:
        found = ip_network(network)
        assert found.prefixlen == (32 if found.version == 4 else 64)


# Counting


def test_each_subject_is_counted_for_itself_and_looking_counts_nothing(database: Database):
    assert seen(database, *SUBJECTS) == [0] * 5 and rows(database, DailyKey) == 0
    assert count(database, *SUBJECTS) == [1] * 5
    assert count(database, SUBJECTS[0], ("network", "203.0.113.8", "hour"), SUBJECTS[3]) == [2, 1, 2]
    assert seen(database, *SUBJECTS) == seen(database, *SUBJECTS) == [2, 1, 1, 2, 1]
    # another kind's name is another subject, and so is the same one by the day
    assert seen(database, ("property", "costa-norte", "hour"), ("agency", "costa-norte", "day")) == [0, 0]


def test_several_subjects_are_counted_in_one_statement(database: Database):
    count(database, *SUBJECTS)
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    assert count(database, *SUBJECTS) == [2] * 5
    assert [statement.split()[0] for statement in statements if "BEGIN" not in statement] == ["SELECT", "INSERT"]


def test_what_is_named_twice_is_counted_once_and_nothing_is_counted_of_nobody(database: Database):
    assert count(database, SUBJECTS[3], SUBJECTS[0], SUBJECTS[3]) == [1, 1, 1]
    assert count(database, ("network", "testclient", "hour"), ("address", " ", "day"), times=2) == [0, 0]
    assert seen(database, ("network", "", "hour"), SUBJECTS[0]) == [0, 1]
    assert rows(database, RateCounter) == 2


def test_a_transaction_that_fails_has_counted_nothing(database: Database):
    def fail(session: Session) -> None:
        limits.count_all(session, NOW, SUBJECTS)
        raise TooMany(1)

    with pytest.raises(TooMany):
        database.write(fail)
    assert rows(database, RateCounter) == rows(database, DailyKey) == 0


def test_small_changes_make_no_other_subject(database: Database):
    pairs: list[tuple[Subject, Subject]] = [
        (("network", "2001:db8::1", "hour"), ("network", "2001:db8::ffff", "hour")),
        (("network", "203.0.113.7", "hour"), ("network", "::ffff:203.0.113.7", "hour")),
        (("address", JANE, "day"), ("address", " Jane.SMITH@Visitor.example", "day")),
        (
            ("words", WORDS, "day"),
            ("words", "HELLO!!! is the  house,\u200b by\nthe béach 2 still for sale … we come in May 7", "day"),
        ),
    ]
    for one, other in pairs:
        assert (count(database, one), count(database, other)) == ([1], [2])


def test_words_so_few_that_anybody_writes_them_are_not_counted(database: Database):
    usual = [
        "", "! " * 50, "\ud800" * 50, "Price please 1234567890123456789012345678901234567890", "Is it still available?",
        "¿Sigue disponible? Quisiera visitarlo.", "Ist die Wohnung noch verfügbar?", "Is deze woning nog beschikbaar?",
        "Ce bien est-il toujours disponible ?", "Är bostaden fortfarande till salu?",
    ]  # fmt: skip
    assert count(database, *(("words", words, "day") for words in usual), times=2) == [0] * len(usual)


def test_looking_at_an_order_of_subjects_answers_in_that_order(database: Database):
    count(database, *SUBJECTS)
    count(database, SUBJECTS[2])
    shuffled = random.Random(7).sample(SUBJECTS, 5)
    assert seen(database, *shuffled) == [2 if subject == SUBJECTS[2] else 1 for subject in shuffled]


# Windows and days


def test_a_count_begins_anew_with_its_window(database: Database):
    windows: list[tuple[limits.Per, datetime, int]] = [
        ("hour", NOW.replace(minute=59, second=59), 2),
        ("hour", NOW.replace(hour=15, minute=0), 1),
        ("day", NOW.replace(hour=23, minute=59), 2),
        ("day", NOW.replace(day=24, hour=0, minute=0), 1),
        ("day", datetime.fromisoformat("2026-11-24T00:30:00+01:00"), 2),  # the days are those of UTC
    ]
    for number, (per, later, expected) in enumerate(windows):
        assert count(database, ("address", f"{number}@visitor.example", per)) == [1]
        assert count(database, ("address", f"{number}@visitor.example", per), now=later) == [expected]


def test_the_counters_of_one_subject_in_two_windows_have_nothing_in_common(database: Database):
    for hours in (0, 1, 12):
        count(database, ("address", JANE, "hour"), now=NOW + timedelta(hours=hours))
    with database.read() as session:
        assert len(set(session.exec(select(RateCounter.key)))) == 3
        keys = session.exec(select(DailyKey)).all()
    assert sorted(str(key.day) for key in keys) == ["2026-11-23", "2026-11-24"]
    assert len({key.key for key in keys}) == 2 and {len(key.key) for key in keys} == {32}


def test_keys_and_counters_go_a_day_after_their_time(database: Database):
    count(database, ("address", JANE, "hour"), ("address", JANE, "day"))
    midnight = datetime(2026, 11, 25, tzinfo=UTC)
    for moment, purged, kept, keys in [
        (NOW + timedelta(hours=24, minutes=19), 0, 2, 1),
        (NOW + timedelta(hours=24, minutes=20), 1, 1, 1),
        (midnight - timedelta(seconds=1), 0, 1, 1),
        (midnight, 1, 0, 0),
    ]:
        assert database.write(lambda session, moment=moment: limits.purge(session, moment)) == purged
        assert (rows(database, RateCounter), rows(database, DailyKey)) == (kept, keys)


def test_a_long_purge_goes_in_batches_but_the_key_goes_at_once(database: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "BATCH", 2)
    count(database, *SUBJECTS)
    later = NOW + timedelta(days=2)
    assert [database.write(lambda session: limits.purge(session, later)) for _ in range(4)] == [2, 2, 1, 0]
    count(database, *SUBJECTS)
    database.write(lambda session: limits.purge(session, later))
    assert (rows(database, RateCounter), rows(database, DailyKey)) == (3, 0)


def test_the_worker_purges(database: Database, tmp_path: Path):
    count(database, *SUBJECTS, now=utcnow() - timedelta(days=3))
    count(database, *SUBJECTS, now=utcnow())
    asyncio.run(work.run(Settings(data_directory=tmp_path, secret_key="k" * 40), database, once=True))
    assert (rows(database, RateCounter), rows(database, DailyKey)) == (5, 1)


# At once


def test_nobody_loses_a_count_or_waits_for_good_whatever_the_order(database: Database):
    counting.storm(database.url, range(8))
    assert_each_counted(database, 8)


def test_two_processes_count_as_one(database: Database):
    script = f"from tests.counting import storm; storm({database.url!r}, range({{}}))"
    commands = [[sys.executable, "-c", script.format(seeds)] for seeds in ("4", "4, 8")]
    both = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for command in commands]
    assert [(process.communicate()[1], process.returncode) for process in both] == [("", 0)] * 2
    assert_each_counted(database, 8)


def assert_each_counted(database: Database, seeds: int) -> None:
    assert set(seen(database, *counting.SUBJECTS)) == {seeds * counting.ROUNDS}
    assert rows(database, RateCounter) == len(counting.SUBJECTS) and rows(database, DailyKey) == 1


def test_many_make_the_first_key_of_a_day_at_once_and_all_take_the_same(database: Database):
    with ThreadPoolExecutor(8) as threads:
        counted = list(threads.map(lambda _: count(database, SUBJECTS[0])[0], range(8)))
    assert sorted(counted) == list(range(1, 9)) and rows(database, DailyKey) == 1


# What is kept


def test_the_database_holds_no_subject(database: Database):
    count(database, *SUBJECTS)
    with database.engine.connect() as connection:
        tables = [connection.exec_driver_sql(f"SELECT * FROM {name}").all() for name in ("daily_key", "rate_counter")]
    kept = repr(tables).encode()
    if database.is_sqlite:
        path = Path(str(database.engine.url.database))
        kept += b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    for secret in ("203.0.113", "cb007107", "visitor.example", "jane.smith", "k7qm2xvd", "costa-norte", "beach"):
        assert secret.encode() not in kept


# Ceilings


def settings(**changes: object) -> Settings:
    return Settings(**changes)


def post(database: Database, chosen: Settings, address: str, agency: str = "costa-norte", now: datetime = NOW) -> None:
    def take(session: Session) -> None:
        limits.check(session, now, address, chosen)
        limits.count_all(session, now, [("network", address, "hour"), ("agency", agency, "hour")])

    database.write(take)


def test_a_network_at_its_ceiling_is_told_how_long_and_others_are_not_refused(database: Database):
    chosen = settings(ceiling_network_hour=2)
    for _ in range(2):
        post(database, chosen, "203.0.113.7")
    with pytest.raises(TooMany) as refused:
        post(database, chosen, "::ffff:203.0.113.7")
    assert refused.value.retry_after_seconds == 20 * 60 and "203" not in str(refused.value)
    assert seen(database, SUBJECTS[0], SUBJECTS[3]) == [2, 2]  # the refused one wrote nothing
    post(database, chosen, "203.0.113.8")
    post(database, chosen, "203.0.113.7", now=NOW + timedelta(minutes=20))


def test_the_whole_site_has_a_ceiling_whatever_networks_and_agencies(database: Database):
    chosen = settings(ceiling_hour=3)
    for number in range(3):
        post(database, chosen, f"203.0.113.{number}", agency=str(number))
    with pytest.raises(TooMany) as refused:
        post(database, chosen, "198.51.100.1", now=NOW.replace(minute=59, second=59, microsecond=1))
    assert refused.value.retry_after_seconds == 1
    post(database, chosen, "198.51.100.1", now=NOW.replace(hour=15))


def test_behind_a_proxy_nobody_named_as_trusted_no_ceiling_meets_everybody(database: Database):
    for _ in range(3):
        post(database, settings(ceiling_network_hour=1), "10.0.0.1")


def test_ops_see_how_much_is_counted_and_what_was_stopped(database: Database):
    post(database, settings(), "198.51.100.1", now=NOW - timedelta(hours=1))
    for number in (7, 7, 7, 8, 9):
        post(database, settings(), f"203.0.113.{number}", agency=str(number % 2), now=NOW - timedelta(hours=2))
    for number in (1, 1, 2):
        post(database, settings(), f"2001:db8:{number}::1")
    count(database, ("words", WORDS, "day"))
    with database.read() as session:
        assert limits.tallies(session, NOW, settings(ceiling_network_hour=2, ceiling_hour=5)) == [
            # kind, ceiling, subjects and highest now, highest and stopped of what is kept
            ("agency", "hour", None, 1, 3, 4, 0),
            ("network", "hour", 2, 2, 2, 3, 2),
            ("site", "hour", 5, 1, 3, 5, 1),
            ("words", "day", None, 1, 1, 1, 0),
        ]


# The command


@pytest.fixture
def show(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> Show:
    monkeypatch.setenv("PORTAL_CEILING_NETWORK_HOUR", "2")
    context.settings.cache_clear()
    return lambda *arguments: run("limits", "show", *arguments).stdout


def test_the_command_shows_every_ceiling_and_never_a_subject(database: Database, show: Show):
    assert [(row["what"], row["per"], row["ceiling"], row["subjects_now"]) for row in json.loads(show("--json"))] == [
        ("network", "hour", 2, 0), ("site", "hour", 60_000, 0),
    ]  # fmt: skip
    count(database, *SUBJECTS, now=utcnow())
    heading, *lines = show().splitlines()
    assert heading.startswith("WHAT ") and "SUBJECTS NOW" in heading and heading.endswith("STOPPED KEPT")
    assert [line.split()[:2] for line in lines] == [
        ["address", "day"], ["agency", "hour"], ["network", "hour"], ["property", "hour"], ["site", "hour"],
        ["words", "day"],
    ]  # fmt: skip

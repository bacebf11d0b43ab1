"""Whatever is done to a sealed ledger past its triggers is found, and an honest history never raises an alarm."""

import shutil
from collections import Counter
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from random import Random
from threading import Lock, Thread

import pytest
from sqlmodel import Session, select

from portal import auditing, db
from portal.db import Database
from portal.enquiries.releasing import ReleaseVoid
from portal.leads import Erased, Lead, by_reference
from portal.ledger import keys, mirror, verifying
from portal.ledger.verifying import Problem
from portal.rights import erasure, rectification
from portal.settings import Settings
from tests import cast
from tests.faults import attacks
from tests.faults.attacks import ATTACKS, Attacker, History, Wrong
from tests.faults.stand import report

TIMES = [len(ATTACKS) * 2, pytest.param(1000, marks=pytest.mark.drill)]
keys_at_rest = Lock()  # a key is not changed under the hands of who seals with it
HISTORIES = [0, *(pytest.param(number, marks=pytest.mark.drill) for number in range(1, 50))]


def found(database: Database, past: History, with_mirror: bool) -> list[Problem]:
    """Everything `portal ledger verify` would say, in its order."""
    leaves = iter(past.leaves) if with_mirror else None
    verdict = verifying.verify(database, past.trusted, past.anchor, db.utcnow(), mirrored=leaves)
    return verdict.problems + auditing.audit(database)


def is_told(problems: list[Problem], wrong: Wrong, with_mirror: bool) -> bool:
    """Whether it was found, with the first wrong index where one exists."""
    if not problems:
        return False
    told = problems[0].index
    if wrong.first is None or (wrong.since == -1 and not with_mirror):
        return True
    since = wrong.first if with_mirror or wrong.since is None else wrong.since
    return told is not None and since <= told <= wrong.first


@pytest.mark.parametrize("times", TIMES, ids=lambda times: f"{times} attacks")
def test_every_attack_is_found_with_the_first_wrong_index(times, tmp_path, migrated_sqlite, chance):
    past = attacks.history(tmp_path, migrated_sqlite)
    copy = tmp_path / "attacked.sqlite"
    untouched = Database(f"sqlite:///{past.path}")
    assert found(untouched, past, with_mirror=True) == []
    untouched.close()
    tried: Counter[str] = Counter()
    for number in range(times):
        attack, mind = ATTACKS[number % len(ATTACKS)], Random(chance.random())
        wrong, problems, mirrored = attacked(past, copy, attack, mind)
        tried[attack.__name__] += 1
        assert is_told(problems, wrong, mirrored), (attack.__name__, wrong, mirrored, problems[:5])
    report(f"{times} attacks of {len(tried)} kinds on {len(past.leaves)} entries: {times} found")


def attacked(past: History, copy: Path, attack, mind: Random) -> tuple[Wrong, list[Problem], bool]:
    """What one attack did, and what was found of it."""
    for beside in ("-wal", "-shm"):
        Path(f"{copy}{beside}").unlink(missing_ok=True)
    shutil.copy(past.path, copy)
    attacker, mirrored = Attacker(copy, past, mind), mind.random() < 0.5
    wrong = attack(attacker)
    attacker.file.close()
    database = Database(f"sqlite:///{copy}")
    try:
        return wrong, found(database, past, mirrored), mirrored
    finally:
        database.close()


@pytest.mark.parametrize("number", HISTORIES)
def test_an_honest_history_raises_no_alarm(number, database, tmp_path, chance):
    settings = Settings.from_environment({}, data_directory=tmp_path)
    keys.new(settings, database, db.utcnow())
    home = database.write(lambda s: (cast.policy(s), cast.home(s, cast.agency(s)))[1])
    anchors: list[str] = []
    writers = [Thread(target=write, args=(database, home, settings, Random(chance.random()), at)) for at in range(3)]
    for writer in writers:
        writer.start()
    for _ in range(4):
        look(database, settings, anchors)
    for writer in writers:
        writer.join()
    size = look(database, settings, anchors)
    assert size > 30
    report(f"honest history {number}: {size} entries, no alarm")


def write(database: Database, home, settings: Settings, chance: Random, writer: int) -> None:
    """What may happen to leads, in any order, beside two others who do the same."""
    for number in range(4):
        now = db.utcnow()
        try:
            reference = attacks.enquire(database, home, 100 * writer + number, now)
        except ReleaseVoid:  # another writer erased the lead before it was released
            continue
        with database.read() as session:
            references = list(session.exec(select(Lead.reference)))
        act = chance.choice(["erase", "rectify", "rotate", "pass", "pass"])
        if act == "erase":
            with keys_at_rest:
                erasure.forget(database, settings, chance.choice(references), "asked", "ops", now)
        elif act == "rectify":
            with suppress(Erased):
                database.write(lambda s: rectify(s, reference, now))  # noqa: B023
        elif act == "rotate":
            with keys_at_rest:
                keys.rotate(settings, database, chance.choice(["sealing", "promise"]), now, "ops")
                mirror.sealed(settings, database, now, everything=True)  # as the command does
        else:
            attacks.pass_all(database, now)


def rectify(session: Session, reference: str, now: datetime) -> None:
    """Another name and other words."""
    said = {"name": "Jean", "words": "Another question"}
    rectification.rectify(session, by_reference(session, reference), said, cast.SIGNER, "ops", now)


def look(database: Database, settings: Settings, anchors: list[str]) -> int:
    """Seal and verify while others write, against the head of the look before; how many entries there are."""
    with keys_at_rest:
        mirror.sealed(settings, database, db.utcnow(), everything=True)
        key = keys.sealing(settings)
    assert key is not None
    anchor = anchors[-1] if anchors else None
    verdict = verifying.verify(database, [key.vkey], anchor, db.utcnow())
    assert verdict.ok, verdict.problems
    assert auditing.audit(database) == []
    if newest := mirror.newest_note(mirror.folder(settings)):
        anchors.append(newest)
    return verdict.size

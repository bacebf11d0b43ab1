"""The ledger is sealed: dense leaves, a signed tree, keys that change, a mirror that notices an older copy."""

import json
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session, col, select

from portal import ledger
from portal.commands import checking, context
from portal.db import Database
from portal.ledger import LedgerEvent, LedgerPayload, keys, mirror, promises, recovering, sealing, tree, verifying
from portal.ledger.keys import KeyRefused, LedgerKey
from portal.ledger.mirror import CopyRefused
from portal.ledger.notes import Checkpoint, SigningKey, VerifierKey, opened, sign
from portal.ledger.sealing import LedgerCheckpoint, LedgerLeaf
from portal.ledger.shredding import LedgerTombstone
from portal.settings import ROOT, Settings
from tests.cast import NOW
from tests.running import REPOSITORY

LATER = NOW + timedelta(hours=3)
FOR_GOOD = {
    "event": "id", "payload": "event_id", "leaf": "event_id", "node": "level", "checkpoint": "id",
    "tombstone": "event_id",
}  # fmt: skip
WRITER = """
import sys
from portal import ledger
from portal.db import Database, utcnow
database = Database(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[2])):
    database.write(lambda session: ledger.record(session, "written", utcnow(), {"number": number}))
"""


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    """The settings of a host that has its keys."""
    made = Settings(database_url=database.url, data_directory=tmp_path, origin="https://immo.example")
    keys.new(made, database, NOW)
    return made


def record(database: Database, number: int, kind: str = "written") -> list[str]:
    """That many events, in one transaction; their ids."""
    return database.write(
        lambda session: [ledger.record(session, kind, NOW, {"n": n}, {"who": "Jane"}).id for n in range(number)]
    )


def held(settings: Settings) -> SigningKey:
    key = keys.sealing(settings)
    assert key is not None
    return key


def leaves(database: Database) -> list[LedgerLeaf]:
    with database.read() as session:
        return list(session.exec(select(LedgerLeaf).order_by(col(LedgerLeaf.idx))))


def head(database: Database) -> LedgerCheckpoint:
    with database.read() as session:
        found = sealing.latest(session)
        assert found is not None
        return found


def assert_whole(database: Database) -> None:
    """Every event sealed once, indexes dense, every checkpoint over what the leaves say."""
    found = leaves(database)
    hashes = [leaf.hash for leaf in found]
    assert [leaf.idx for leaf in found] == list(range(len(found)))
    with database.read() as session:
        events = {event.id: event.leaf for event in session.exec(select(LedgerEvent))}
        checkpoints = session.exec(select(LedgerCheckpoint).order_by(col(LedgerCheckpoint.id))).all()
    assert {leaf.event_id for leaf in found} == set(events)
    assert all(leaf.hash == tree.leaf_hash(events[str(leaf.event_id)]) for leaf in found)
    assert all(checkpoint.root == tree.root(hashes[: checkpoint.size]) for checkpoint in checkpoints)
    assert [checkpoint.size for checkpoint in checkpoints] == sorted({checkpoint.size for checkpoint in checkpoints})
    assert checkpoints[-1].size == len(found)


def test_what_was_committed_is_sealed_once_and_in_order(database: Database, settings: Settings):
    record(database, 300)
    assert sealing.seal(database, held(settings), NOW).added == 300
    assert sealing.seal(database, held(settings), NOW).added == 0
    record(database, 450)
    assert sealing.seal(database, held(settings), LATER).size == 750
    assert_whole(database)
    seen = head(database)
    text_of = opened(seen.note, [held(settings).verifier])
    assert Checkpoint.parse(text_of) == Checkpoint("immo.example/ledger", 750, seen.root)


def test_proofs_are_made_from_few_rows(database: Database, settings: Settings):
    record(database, 1100)
    sealing.seal(database, held(settings), NOW)
    hashes, seen = [leaf.hash for leaf in leaves(database)], head(database)
    with database.read() as session:
        node = sealing.reader(session)
        for index in (0, 255, 256, 700, 1099):
            proof = tree.inclusion(index, 1100, node)
            tree.verify_inclusion(hashes[index], index, 1100, proof, seen.root)
        tree.verify_consistency(300, 1100, tree.root(hashes[:300]), seen.root, tree.consistency(300, 1100, node))
        assert node(9, 1) == tree.root(hashes[512:1024])
        with pytest.raises(LookupError):
            node(8, 4)


def test_an_event_older_than_the_last_sealing_is_found_by_the_look_at_everything(
    database: Database, settings: Settings
):
    record(database, 2)
    sealing.seal(database, held(settings), LATER)
    record(database, 1)  # committed late, with the time it began
    assert sealing.seal(database, held(settings), LATER).added == 0
    with database.read() as session:
        assert sealing.oldest_unsealed(session, LATER) == NOW
    assert sealing.seal(database, held(settings), LATER, everything=True).added == 1
    assert_whole(database)


def test_a_tombstone_stands_after_what_it_is_about(database: Database, settings: Settings):
    shredding = record(database, 5, "payload_shredded")
    record(database, 5)
    sealing.seal(database, held(settings), NOW)
    assert {leaf.event_id for leaf in leaves(database)[5:]} == set(shredding)


def test_the_database_refuses_to_change_or_remove_what_is_recorded(database: Database, settings: Settings):
    (event,) = record(database, 1)
    record(database, 255)
    sealing.seal(database, held(settings), NOW)
    database.write(
        lambda session: session.add(
            LedgerTombstone(event_id=event, half="person", tombstone_event_id=event, at=NOW)
        )
    )  # fmt: skip
    for name, column in FOR_GOOD.items():
        refused(database, f"UPDATE ledger_{name} SET {column} = {column}")
        refused(database, f"DELETE FROM ledger_{name} WHERE {column} IS NOT NULL")
    refused(database, "UPDATE ledger_key SET certificate = ''")
    refused(database, "DELETE FROM ledger_key")
    database.write(lambda session: session.delete(session.get_one(LedgerPayload, (event, "person"))))
    with pytest.raises(IntegrityError):
        database.write(lambda session: session.add(LedgerPayload(event_id=event, half="person", salt=b"", payload=b"")))
    if database.is_sqlite:
        refused(database, "INSERT OR REPLACE INTO ledger_leaf (idx, event_id, hash) VALUES (0, NULL, x'00')")
    else:
        refused(database, "TRUNCATE ledger_node")


def refused(database: Database, statement: str) -> None:
    with pytest.raises(IntegrityError, match="the ledger refuses"):
        database.write(lambda session: session.execute(text(statement)))


def test_a_role_with_the_grants_of_the_readme_can_work_and_cannot_rewrite(postgres_url: str, tmp_path: Path):
    owner = Database(postgres_url)
    made = Settings(database_url=postgres_url, data_directory=tmp_path)
    keys.new(made, owner, NOW)
    (grants,) = re.findall(r"```sql\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    exists = "SELECT 1 FROM pg_roles WHERE rolname = 'portal_app'"
    with owner.read() as session:
        made_before = session.execute(text(exists)).first()
    for statement in filter(None, (line.strip() for line in grants.split(";"))):
        if not (made_before and statement.startswith("CREATE ROLE")):
            owner.write(lambda session, statement=statement: session.execute(text(statement)))
    with owner.read() as session:
        assert session.scalar(text(checking.CAN_BYPASS))
    owner.close()
    bound = Database(postgres_url.replace("portal@", "portal_app@"))
    try:
        (event,) = record(bound, 1)
        assert sealing.seal(bound, held(made), NOW).added == 1
        keys.rotate(made, bound, "sealing", NOW, "Ana")
        for name, column in FOR_GOOD.items():
            update = text(f"UPDATE ledger_{name} SET {column} = {column}")
            with pytest.raises(DBAPIError, match="permission denied"):
                bound.write(lambda session, update=update: session.execute(update))
        with bound.read() as session:
            assert not session.scalar(text(checking.CAN_BYPASS))
        with pytest.raises(IntegrityError):
            bound.write(lambda session: session.delete(session.get_one(LedgerPayload, (event, "person"))))
    finally:
        bound.close()


# Keys


def test_the_first_host_makes_both_keys_and_the_next_is_certified_by_it(
    database: Database, settings: Settings, tmp_path: Path
):
    assert keys.new(settings, database, NOW) == []
    assert {keys.path(settings, purpose).stat().st_mode & 0o777 for purpose in ("sealing", "promise")} == {0o600}
    second = settings.model_copy(update={"data_directory": tmp_path / "second"})
    (vkey,) = keys.new(second, database, NOW)
    assert keys.sealing(second) is None
    with pytest.raises(KeyRefused, match="certify where it is"):
        keys.certify(second, database, vkey, NOW)
    assert keys.certify(settings, database, vkey, NOW) == vkey
    with database.read() as session:
        note = session.get_one(LedgerKey, vkey).certificate
    assert promises.certified(note, [held(settings).verifier]).key.vkey == vkey
    assert keys.new(second, database, NOW) == []


def test_a_changed_key_is_certified_by_both_and_the_old_one_seals_no_more(database: Database, settings: Settings):
    old = held(settings)
    record(database, 1)
    sealing.seal(database, old, NOW)
    vkey = keys.rotate(settings, database, "sealing", LATER, "Ana")
    assert held(settings).vkey == vkey != old.vkey
    with pytest.raises(KeyRefused, match="retired"):
        sealing.seal(database, old, LATER, everything=True)
    sealing.seal(database, held(settings), LATER)
    with database.read() as session:
        assert session.get_one(LedgerKey, old.vkey).retired_at == LATER
        note = session.get_one(LedgerKey, vkey).certificate
        assert session.exec(select(LedgerEvent.type).where(LedgerEvent.type == "key_rotated")).one()
    for verifier in (old.verifier, VerifierKey.parse(vkey)):
        assert promises.certified(note, [verifier]).key.vkey == vkey
    assert_whole(database)


def test_a_change_of_keys_that_was_interrupted_is_ended_by_the_next(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as broken:
        broken.setattr(Path, "replace", lambda self, to: (_ for _ in ()).throw(OSError("pulled the plug")))
        with pytest.raises(OSError):
            keys.rotate(settings, database, "sealing", NOW, "Ana")
    record(database, 1)
    with pytest.raises(KeyRefused, match="rotate"):
        sealing.seal(database, held(settings), NOW)
    keys.rotate(settings, database, "sealing", LATER, "Ana")
    assert sealing.seal(database, held(settings), NOW).added == 2
    with database.read() as session:
        assert len(keys.in_use(session, "sealing")) == 1


@pytest.mark.parametrize("purpose", ["sealing", "promise"])
def test_keys_changed_by_several_at_once_follow_each_other(database: Database, settings: Settings, purpose):
    def rotate(_: int) -> str:
        return keys.rotate(settings, database, purpose, LATER, "Ana")

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(rotate, range(12)))
    assert len(set(made)) == 12
    with database.read() as session:
        (last,) = keys.in_use(session, purpose)
    kept = keys.sealing(settings) if purpose == "sealing" else keys.promise(settings)
    assert kept is not None and kept.vkey == last.vkey


def test_a_file_that_holds_no_key_is_refused_without_its_contents(settings: Settings):
    keys.path(settings, "promise").write_text("PRIVATE+KEY+nonsense\n")
    with pytest.raises(KeyRefused, match="holds no key") as refused:
        keys.promise(settings)
    assert "nonsense" not in str(refused.value)


# Concurrent writers


def test_nothing_is_lost_while_many_write_and_two_seal(database: Database, settings: Settings):
    done = Event()

    def seal_on() -> None:
        other = Database(database.url)
        while not done.is_set():
            sealing.seal(other, held(settings), NOW)
        other.close()

    with ThreadPoolExecutor(2) as sealers:
        sealing_on = [sealers.submit(seal_on) for _ in range(2)]
        written = _by_processes(database, 4, 25) if database.is_sqlite else _by_threads(database, 16, 12)
        done.set()
        for each in sealing_on:
            each.result()
    sealing.seal(database, held(settings), LATER, everything=True)
    assert len(leaves(database)) == written
    assert_whole(database)


def _by_threads(database: Database, writers: int, each: int) -> int:
    def write(_: int) -> None:
        for number in range(each):
            database.write(lambda session, number=number: ledger.record(session, "written", NOW, {"number": number}))

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(write, range(writers)))
    return writers * each


def _by_processes(database: Database, writers: int, each: int) -> int:
    command = [sys.executable, "-c", WRITER, database.url, str(each)]
    started = [
        subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(writers)
    ]  # fmt: skip
    for process in started:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
    for process in started:
        process.communicate(timeout=60)
        assert process.returncode == 0
    return writers * each


# The mirror


@pytest.fixture
def copied(sqlite_url: str, tmp_path: Path) -> tuple[Settings, Path]:
    """A host whose ledger is sealed and mirrored, and an older copy of its database."""
    database = Database(sqlite_url)
    made = Settings(database_url=sqlite_url, data_directory=tmp_path / "data", origin="https://immo.example")
    keys.new(made, database, NOW)
    record(database, 300)
    mirror.sealed(made, database, NOW)
    database.close()
    copy = tmp_path / "copy.sqlite"
    shutil.copy(tmp_path / "portal.sqlite", copy)
    return made, copy


def restored(settings: Settings, copy: Path) -> Database:
    shutil.copy(copy, copy.with_name("portal.sqlite"))
    return Database(settings.database)


def nothing(*_: object) -> None:
    raise AssertionError("nothing was erased")


def test_the_mirror_follows_and_notes_nothing_twice(database: Database, settings: Settings):
    record(database, 3)
    assert mirror.sealed(settings, database, NOW) is not None
    assert mirror.catch_up(database, mirror.folder(settings)) == 0
    record(database, 2)
    mirror.sealed(settings, database, NOW)
    hashes = [digest for some in mirror.mirrored_leaves(mirror.folder(settings)) for digest in some]
    assert hashes == [leaf.hash for leaf in leaves(database)]
    assert mirror.newest_note(mirror.folder(settings)) == head(database).note
    assert mirror.behind(database, mirror.folder(settings)) == ""


def test_what_a_crash_tore_is_cut_off_and_written_again(database: Database, settings: Settings):
    record(database, 3)
    mirror.sealed(settings, database, NOW)
    folder = mirror.folder(settings)
    for name in ("leaves", "checkpoints.jsonl"):
        with (folder / name).open("ab") as file:
            file.write(b'{"torn')
    record(database, 1)
    mirror.sealed(settings, database, NOW)
    assert sum(map(len, mirror.mirrored_leaves(folder))) == 4
    assert mirror.newest_note(folder) == head(database).note
    assert all(json.loads(line) for line in (folder / "checkpoints.jsonl").read_text().splitlines())


def test_an_older_copy_is_noticed_and_its_leaves_are_put_back(copied: tuple[Settings, Path]):
    settings, copy = copied
    database = Database(settings.database)
    record(database, 40)
    keys.rotate(settings, database, "sealing", LATER, "Ana")
    mirror.sealed(settings, database, LATER)
    before = head(database).note
    database.close()

    database = restored(settings, copy)
    assert "older copy: it holds 300 sealed events, its mirror 341" in mirror.behind(database, mirror.folder(settings))
    with pytest.raises(CopyRefused):
        mirror.sealed(settings, database, LATER)
    done = recovering.recover(database, mirror.folder(settings), held(settings), LATER, nothing, "Ana")
    assert (done.how, done.appended, done.lost) == ("re-appended", 41, 41)
    with database.read() as session:
        assert before in session.exec(select(LedgerCheckpoint.note)).all()
    record(database, 1)
    assert mirror.sealed(settings, database, LATER, everything=True) is not None
    assert mirror.behind(database, mirror.folder(settings)) == ""
    again = recovering.recover(database, mirror.folder(settings), held(settings), LATER, nothing, "Ana")
    assert again.how == "nothing was amiss"
    database.close()


def test_an_event_of_the_older_copy_gets_its_own_leaf_back(copied: tuple[Settings, Path], tmp_path: Path):
    settings, copy = copied
    database = Database(settings.database)
    (event,) = record(database, 1)
    database.close()
    shutil.copy(tmp_path / "portal.sqlite", copy)  # recorded, and not sealed yet
    database = Database(settings.database)
    mirror.sealed(settings, database, LATER, everything=True)
    database.close()

    database = restored(settings, copy)
    done = recovering.recover(database, mirror.folder(settings), held(settings), LATER, nothing, "Ana")
    assert (done.appended, done.lost) == (1, 0)
    assert leaves(database)[300].event_id == event
    database.close()


def test_what_was_erased_since_the_copy_is_erased_again(copied: tuple[Settings, Path]):
    settings, copy = copied
    database = Database(settings.database)
    event = str(leaves(database)[7].event_id)
    shred(database, event, "art_17")
    mirror.sealed(settings, database, LATER, everything=True)
    database.close()

    database = restored(settings, copy)
    erased = list[tuple[str, str, str]]()

    def erase(session, found):
        erased.extend((each.event, each.half, each.reason) for each in found)
        return len(found)

    done = recovering.recover(database, mirror.folder(settings), held(settings), LATER, erase, "Ana")
    assert erased == [(event, "person", "art_17")]
    assert done.erased == 1
    database.close()


def shred(database: Database, event: str, reason: str) -> None:
    def write(session):
        said = ledger.record(session, "payload_shredded", NOW, {"reason": reason, "events": [event]})
        session.add(LedgerTombstone(event_id=event, half="person", tombstone_event_id=said.id, at=NOW))
        session.flush()
        session.delete(session.get_one(LedgerPayload, (event, "person")))

    database.write(write)


def test_a_copy_that_went_another_way_opens_a_new_epoch(copied: tuple[Settings, Path]):
    settings, copy = copied
    database = Database(settings.database)
    record(database, 5)
    mirror.sealed(settings, database, LATER, everything=True)
    old = head(database).note
    database.close()

    database = restored(settings, copy)
    record(database, 9)
    sealing.seal(database, held(settings), LATER, everything=True)
    folder = mirror.folder(settings)
    assert "differ" in mirror.behind(database, folder)
    assert recovering.recover(database, folder, held(settings), LATER, nothing, "Ana").how == "new epoch"
    seen = head(database)
    assert (seen.origin, seen.size) == ("immo.example/ledger/2", 310)
    with database.read() as session:
        event = str(leaves(database)[309].event_id)
        (said,) = ledger.payloads_of(session, event)
        assert json.loads(said.payload)["checkpoint"] == old
    assert mirror.behind(database, folder) == ""
    assert mirror.newest_note(folder.with_name("ledger.old-1")) == old
    record(database, 1)
    sealing.seal(database, held(settings), LATER, everything=True)
    assert head(database).origin == "immo.example/ledger/2"
    assert_whole(database)
    database.close()


# The commands


def test_the_commands_make_keys_seal_and_show_a_head(run, tmp_path: Path):
    assert "no sealing key" in run("ledger", "seal", code=1).output
    made = run("keys", "new").stdout.split()
    assert len(made) == 2
    run("keys", "new")
    assert run("ledger", "checkpoint", code=1)
    record(context.database(), 2)
    assert json.loads(run("ledger", "seal", "--json").stdout) == {"added": 2, "size": 2}
    opened(run("ledger", "checkpoint").stdout, [VerifierKey.parse(made[0])])
    assert run("keys", "rotate").stdout.strip() not in made
    assert json.loads(run("ledger", "recover", "--json").stdout)["how"] == "nothing was amiss"
    assert run("ledger", "proof", "IM-AAAA-AAAA", code=1)


def test_check_says_what_keeps_the_ledger_from_proving_anything(database: Database, tmp_path: Path):
    made = Settings(database_url=database.url, data_directory=tmp_path)

    def found(*about: str) -> list[str]:
        seen = list(checking.findings(made, LATER))
        return [" ".join(each.level for each in seen if each.about == one) for one in about]

    assert found("ledger", "keys") == ["warning", "warning"]
    keys.new(made, database, NOW)
    record(database, 1)
    assert found("ledger", "keys") == ["fault", "fine"]
    mirror.sealed(made, database, NOW)
    assert found("ledger", "mirror") == ["fine", ""]
    keys.path(made, "sealing").chmod(0o644)
    (mirror.folder(made) / "leaves").write_bytes(b"l" * 64)
    assert found("keys", "mirror") == ["fault fine", "fault"]


def test_a_loss_that_nobody_recovered_from_is_not_believed(copied: tuple[Settings, Path]):
    settings, _ = copied
    database = Database(settings.database)

    def hide(session: Session) -> None:
        for name in session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            session.execute(text(f"DROP TRIGGER {name}"))
        hidden = session.exec(select(LedgerLeaf.event_id).where(LedgerLeaf.idx == 7)).one()
        session.execute(text("UPDATE ledger_leaf SET event_id = NULL WHERE idx = 7"))
        session.execute(text("DELETE FROM ledger_payload WHERE event_id = :hidden"), {"hidden": hidden})
        session.execute(text("DELETE FROM ledger_event WHERE id = :hidden"), {"hidden": hidden})
        ledger.record(
            session,
            "events_lost",
            LATER,
            {"leaves": sign("immomarket.net/ledger/lost\n7 7\n", SigningKey.new("immomarket.net/ledger"))},
        )

    database.write(hide)
    sealing.seal(database, held(settings), LATER, everything=True)
    recovering.recover(database, mirror.folder(settings), held(settings), LATER, nothing, "Ana")
    verdict = verifying.verify(database, [held(settings).vkey], None, LATER)
    assert (verdict.problems[0].index, verdict.lost) == (7, 0)
    database.close()


def test_site_and_worker_do_not_start_on_an_older_copy(run, tmp_path: Path):
    run("keys", "new")
    record(context.database(), 2)
    run("ledger", "seal")
    with (tmp_path / "ledger" / "leaves").open("ab") as file:
        file.write(b"l" * 32)  # of an event that only the lost database had
    for command in (("serve",), ("work", "--once")):
        assert "portal ledger recover" in run(*command, code=1).output
    assert json.loads(run("ledger", "recover", "--json").stdout)["lost"] == 1
    record(context.database(), 1)
    run("work", "--once")
    assert head(context.database()).size == 5  # the two, the lost one, the word that it is lost, and the new one

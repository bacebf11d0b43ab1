"""The stand-alone verifier accepts what is true, refuses everything that was touched, and needs nothing of ours."""

import copy
import json
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from portal.ledger import LedgerPayload, bundles, sealing, tree
from portal.ledger.notes import Checkpoint, SigningKey, VerifierKey, opened, sign
from portal.ledger.promises import certified
from portal.settings import ROOT
from tests.sealed import VERIFIER, Sealed, kept, verified, verifier

LEAD = "IM-7K4Q-2MXD"
RECEIPT = {
    "@type": "dpv:ConsentReceipt",
    "dct:identifier": LEAD,
    "agency": "Costa Norte · Häuser",
    "purposes": ["enquiry"],
}


@pytest.fixture
def log(database) -> Sealed:
    log = Sealed(database)
    for number in range(5):
        log.record("lead_recorded", {"lead": "IM-0000-000" + str(number)}, {"name": "somebody else"})
    log.record(
        "lead_recorded", {"lead": LEAD, "agency": "costa-norte"}, {"name": "Zoë Núñez", "email": "zoe@visitor.example"}
    )
    log.seal()
    log.record("forwarded", {"lead": LEAD, "agency": "costa-norte"})
    return log


def receipt(log: Sealed, halves: tuple[str, ...] = bundles.BOTH) -> dict[str, Any]:
    with log.database.read() as session:
        return bundles.attached(RECEIPT, bundles.of_lead(session, LEAD, log.promise, halves), log.promise)


def export(log: Sealed, folder: Path, content: bytes = b"reference\r\nIM-7K4Q-2MXD\r\n") -> Path:
    """An export beside its manifest, as `portal leads export` writes them; it follows one of the first seal."""
    file = folder / "leads.csv"
    file.write_bytes(content)
    with log.database.read() as session:
        before = sealing.latest(session)
    part = {"schema": "immomarket/export/1", "sha256": sha256(content).hexdigest(), "rows": 1}
    event = log.record("exported", {"manifest": sha256(rfc8785.dumps(part)).hexdigest()})
    size = log.seal()
    with log.database.read() as session:
        hashes = tree.consistency(before.size, size, sealing.reader(session))
        grown = {"from": before.note, "hashes": [b64encode(each).decode() for each in hashes]}
        manifest = bundles.attached(
            {"export": part, "consistency": grown}, bundles.of_event(session, event, log.promise), log.promise
        )
    kept(folder / "leads.csv.manifest.json", manifest)
    return file


def test_a_receipt_holds_before_and_after_it_is_sealed(log, tmp_path, capsys):
    file = kept(tmp_path / "receipt.jsonld", receipt(log))
    assert verified(file, "--key", log.sealing.vkey) == 0
    said = capsys.readouterr().out
    assert "sealed, index 5 of 6: " in said and "promised: " in said and said.endswith("All of it holds.\n")
    assert '"email":"zoe@visitor.example"' in said
    log.seal()
    assert verified(kept(file, receipt(log)), "--key", log.sealing.vkey) == 0
    assert "promised: " not in capsys.readouterr().out


def test_a_receipt_without_its_person_holds_and_shows_none(log, tmp_path, capsys):
    file = kept(tmp_path / "receipt.jsonld", receipt(log, ("business",)))
    assert verified(file, "--key", log.sealing.vkey) == 0
    assert "zoe@" not in file.read_text() + capsys.readouterr().out


def test_a_first_receipt_holds_by_its_promises_alone(database, tmp_path):
    log = Sealed(database)
    log.record("lead_recorded", {"lead": LEAD}, {"name": "Zoë"})
    document = receipt(log)
    assert document["proof"]["checkpoint"] is None
    assert verified(kept(tmp_path / "receipt.jsonld", document), "--key", log.sealing.vkey) == 0


def test_without_a_key_the_verifier_says_which_key_it_took(log, tmp_path, capsys):
    assert verified(kept(tmp_path / "receipt.jsonld", receipt(log))) == 0
    assert (
        f"No --key was given: compare this one, which the file names, with yours: {log.sealing.vkey}"
        in capsys.readouterr().out
    )


def test_a_rotated_ledger_is_followed_from_the_old_key_on(log, tmp_path):
    first = log.sealing.vkey
    log.rotate()
    log.seal()
    file = kept(tmp_path / "receipt.jsonld", receipt(log))
    assert verified(file, "--key", first) == verified(file) == 0
    assert verified(file, "--key", log.sealing.vkey) == 1, "the host's key was certified by the key before"
    assert verified(file, "--key", log.sealing.vkey, "--key", first) == 0


def test_everything_signed_by_keys_of_somebody_else_is_refused(log, database, tmp_path, capsys):
    known = log.sealing.vkey
    log.sealing, log.promise = SigningKey.new(log.sealing.name), SigningKey.new(log.promise.name)
    assert verified(kept(tmp_path / "receipt.jsonld", receipt(log)), "--key", known) == 1
    assert "by no key that you trust" in capsys.readouterr().out


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of every text in a document."""
    if isinstance(value, str):
        yield path
    for name, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from places(inner, (*path, name))


def changed(document: Any, path: tuple[Any, ...]) -> Any:
    """The document with one character of the text at that place changed, in its middle."""
    document = copy.deepcopy(document)
    *way, last = path
    part = document
    for step in way:
        part = part[step]
    text = part[last]
    middle = len(text) // 2
    part[last] = text[:middle] + ("0" if text[middle] != "0" else "1") + text[middle + 1 :]
    return document


def test_no_text_of_a_receipt_can_be_changed(log, tmp_path):
    log.seal()
    document = receipt(log)
    told = {("proof", "origin"), ("proof", "sealing_key")}  # what the reader is to compare, not to believe
    told |= {("proof", "checkpoint")}  # each event's proof carries its own
    found = [path for path in places(document) if path not in told]
    assert len(found) > 15
    file = tmp_path / "receipt.jsonld"
    held = [path for path in found if verified(kept(file, changed(document, path)), "--key", log.sealing.vkey) != 1]
    assert held == []


def test_what_is_left_out_of_a_receipt_is_missed(log, tmp_path):
    whole = receipt(log)
    file = tmp_path / "receipt.jsonld"
    for name in whole:
        assert verified(kept(file, {each: whole[each] for each in whole if each != name})) == 1, name
    bare = {**whole, "proof": {**whole["proof"], "events": []}}
    assert verified(kept(file, bare)) == 1, "a receipt that shows nothing of the ledger proves nothing"
    for name in ("keys", "document", "events"):
        part = {each: whole["proof"][each] for each in whole["proof"] if each != name}
        assert verified(kept(file, {**whole, "proof": part})) == 1, name
    for name in ("promise", "proof"):
        events = [{**event, name: None} for event in whole["proof"]["events"]]
        code = verified(kept(file, {**whole, "proof": {**whole["proof"], "events": events}}))
        assert code == (1 if name == "promise" else 0), "one event is not sealed yet"


def test_an_export_holds_with_its_manifest_beside_it(log, tmp_path, capsys):
    file = export(log, tmp_path)
    assert verified(file, "--key", log.sealing.vkey) == 0
    file.write_bytes(file.read_bytes().replace(b"7K4Q", b"7K4R"))
    assert verified(file, "--key", log.sealing.vkey) == 1
    assert "not the one that was exported" in capsys.readouterr().out


def test_no_text_of_a_manifest_can_be_changed_or_taken_from_another(log, tmp_path):
    file = export(log, tmp_path)
    manifest = tmp_path / "leads.csv.manifest.json"
    document = json.loads(manifest.read_text())
    told = {("proof", "origin"), ("proof", "sealing_key")}
    found = [path for path in places(document) if path not in told]
    held = [path for path in found if verified_with(manifest, changed(document, path), file, log) != 1]
    assert held == []
    assert verified_with(manifest, receipt(log), file, log) == 1, "a true receipt is no manifest"


def verified_with(manifest: Path, document: Any, file: Path, log: Sealed) -> int:
    kept(manifest, document)
    return verified(file, "--key", log.sealing.vkey)


def test_a_ledger_that_lost_what_it_held_at_the_export_before_is_found(log, database, tmp_path, capsys):
    file = export(log, tmp_path)
    manifest = tmp_path / "leads.csv.manifest.json"
    document = json.loads(manifest.read_text())
    forged = Checkpoint(log.sealing.name, 6, tree.leaf_hash(b"what stood there once"))
    content = {
        "export": document["export"],
        "consistency": {**document["consistency"], "from": sign(forged.text, log.sealing)},
    }
    assert verified_with(manifest, bundles.attached(content, document["proof"], log.promise), file, log) == 1
    assert "does not begin with that of the export before" in capsys.readouterr().out


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "null", "[" * 100_000, '{"proof": {}}', '{"proof": {"keys": [1]}}', "\x1b[2J"]
)
def test_what_is_neither_receipt_nor_manifest_is_refused_in_one_line(content, tmp_path, capsys):
    file = tmp_path / "receipt.jsonld"
    file.write_text(content)
    assert verified(file) == 1
    assert capsys.readouterr().out.count("\n") == 1


def test_the_verifier_and_the_portal_agree_on_every_proof():
    module = verifier()
    leaves = [tree.leaf_hash(bytes([number])) for number in range(23)]

    def node(level: int, index: int) -> bytes:
        return tree.root(leaves[index << level : (index + 1) << level])

    for new in range(1, 24):
        for old in range(1, new + 1):
            roots = tree.root(leaves[:old]), tree.root(leaves[:new])
            assert module.roots_from(old, new, tree.consistency(old, new, node), roots[0]) == roots
            assert module.root_from(leaves[old - 1], old - 1, new, tree.inclusion(old - 1, new, node)) == roots[1]


CONTENT = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(max_codepoint=0xD7FF)), inner),
    max_leaves=20,
)


@given(CONTENT)
def test_the_verifier_hashes_json_as_the_portal_does(content):
    assert verifier().hash_json(content) == sha256(rfc8785.dumps(content)).digest()


def test_the_verifier_is_short_and_knows_the_standard_library_and_cryptography_alone(log, tmp_path):
    assert len(VERIFIER.read_text().splitlines()) <= 200
    site = tmp_path / "site"
    site.mkdir()
    for package in ("cryptography", "cffi", "_cffi_backend"):
        spec = find_spec(package)
        place = Path(spec.origin) if spec and spec.origin else pytest.fail(f"where is {package}?")
        place = place.parent if place.stem == "__init__" else place
        (site / place.name).symlink_to(place)
    shutil.copy(VERIFIER, tmp_path / "immomarket_verify.py")
    file = kept(tmp_path / "receipt.jsonld", receipt(log))
    program = "import runpy, sys; sys.path.append('site'); runpy.run_path('immomarket_verify.py', run_name='__main__')"
    for arguments, code in (([file.name], 0), ([file.name, "--key", log.promise.vkey], 1), (["absent"], 2), ([], 2)):
        command = [sys.executable, "-I", "-S", "-c", program, *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr


@pytest.mark.drill
@pytest.mark.timeout(600)
def test_in_an_environment_of_cryptography_alone_a_receipt_and_an_export_hold(log, tmp_path):
    uv, home = str(ROOT / "tools" / "uv"), str(tmp_path / "empty")
    for step in (["venv", "--python", sys.executable, home], ["pip", "install", "--python", home, "cryptography"]):
        done = subprocess.run([uv, *step], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    python = Path(home) / "bin" / "python"
    for file in (kept(tmp_path / "receipt.jsonld", receipt(log)), export(log, tmp_path)):
        command = [python, "-I", VERIFIER, file, "--key", log.sealing.vkey]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "All of it holds."), done.stderr


def test_a_bundle_names_nobody_whose_half_was_not_asked_for_or_is_gone(log):
    with log.database.read() as session:
        rows = session.exec(select(LedgerPayload.half)).all()
        part = bundles.of_lead(session, LEAD, None, ("business",))
    assert "person" in rows
    assert [list(event["halves"]) for event in part["events"]] == [["business"], ["business"]]
    assert [event["promise"] for event in part["events"]] == [None, None]
    assert "Zoë" not in json.dumps(part, ensure_ascii=False)


def test_certificates_say_what_they_are_for_and_opened_heads_what_they_cover(log):
    with log.database.read() as session:
        part = bundles.of_lead(session, LEAD, log.promise)
    first, second = (certified(note, [log.sealing.verifier]) for note in part["keys"])
    assert (first.purpose, first.key) == ("sealing", log.sealing.verifier)
    assert (second.purpose, second.key) == ("promise", log.promise.verifier)
    head = Checkpoint.parse(opened(part["checkpoint"], [VerifierKey.parse(part["sealing_key"])]))
    assert (head.origin, head.size) == (part["origin"], 6)

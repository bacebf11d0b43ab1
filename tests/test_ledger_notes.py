"""Notes and checkpoints are those of C2SP: the published example opens, and nothing that was touched does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.ledger import notes
from portal.ledger.notes import Checkpoint, NoteWrong, SigningKey, VerifierKey
from tests.vectors import published

KEY = SigningKey("immomarket.example/ledger", bytes(range(32)))
OTHER = SigningKey("immomarket.example/ledger", bytes(range(1, 33)))
TEXT = "a line\n\nanother — with an accent: é\n"


def test_the_published_note_opens_with_its_published_key():
    lines = published("signed-note.txt").splitlines()
    vkey = next(line.removeprefix("vkey: ") for line in lines if line.startswith("vkey: "))
    start = lines.index("This is an example message.")
    note = "\n".join(lines[start : start + 3]) + "\n"
    key = VerifierKey.parse(vkey)
    assert key.vkey == vkey
    assert notes.opened(note, [key]) == "This is an example message.\n"
    with pytest.raises(NoteWrong):
        notes.opened(note.replace("example message", "exemple message"), [key])


def test_a_key_survives_its_file_and_says_who_it_is():
    again = SigningKey.parse(KEY.encode() + "\n")
    assert (again.vkey, again.name) == (KEY.vkey, "immomarket.example/ledger")
    assert VerifierKey.parse(KEY.vkey) == KEY.verifier
    assert KEY.encode().startswith("PRIVATE+KEY+immomarket.example/ledger+" + KEY.verifier.hash.hex())
    assert SigningKey.new("a").vkey != SigningKey.new("a").vkey


def test_a_note_of_two_keys_opens_with_either_and_with_no_third():
    note = notes.sign(TEXT, KEY, OTHER)
    assert notes.opened(note, [KEY.verifier]) == notes.opened(note, [OTHER.verifier]) == TEXT
    with pytest.raises(NoteWrong, match="none of the given keys"):
        notes.opened(note, [SigningKey.new(KEY.name).verifier])
    with pytest.raises(NoteWrong, match="none of the given keys"):
        notes.opened(note, [])


@given(st.data())
def test_no_character_of_a_note_can_be_changed(data):
    note = notes.sign(TEXT, KEY)
    place = data.draw(st.integers(0, len(note) - 1))
    changed = data.draw(st.characters(codec="utf-8", exclude_characters=note[place]))
    with pytest.raises(NoteWrong):
        notes.opened(note[:place] + changed + note[place + 1 :], [KEY.verifier])


@pytest.mark.parametrize(
    "wrong",
    ["", "text\n", "text\n\n", "text\n\n— name\n", notes.sign(TEXT, KEY)[:-1], notes.sign(TEXT, KEY) + "more\n"],
)
def test_what_is_no_note_is_refused(wrong):
    with pytest.raises(NoteWrong):
        notes.opened(wrong, [KEY.verifier])


@pytest.mark.parametrize("text", ["", "no newline", "tab\t\n", "return\r\n", "nul\0\n"])
def test_a_text_no_note_can_hold_is_not_signed(text):
    with pytest.raises(NoteWrong):
        notes.sign(text, KEY)


@pytest.mark.parametrize(
    "line",
    [
        "", KEY.vkey[:-1], KEY.vkey.replace("+", "-", 1), "x" + KEY.vkey, "name+00000000+AQ==", KEY.encode(),
        OTHER.vkey.replace(OTHER.vkey.split("+")[1], "00000000"),
    ],
)  # fmt: skip
def test_what_is_no_key_is_refused(line):
    with pytest.raises(NoteWrong):
        VerifierKey.parse(line)


@pytest.mark.parametrize(
    "line", ["", KEY.vkey, KEY.encode()[1:], KEY.encode()[:-4], KEY.encode().replace("ledger", "other")]
)
def test_what_is_no_signing_key_is_refused_and_not_repeated(line):
    with pytest.raises(NoteWrong) as refused:
        SigningKey.parse(line)
    assert not line or line not in str(refused.value)


@pytest.mark.parametrize("name", ["", "with space", "with+plus", "line\n"])
def test_a_name_that_no_signature_line_can_hold_makes_no_key(name):
    with pytest.raises(NoteWrong):
        SigningKey.new(name)


def test_a_checkpoint_reads_back_and_passes_over_extension_lines():
    checkpoint = Checkpoint("immomarket.example/ledger", 7, bytes(range(32)))
    assert checkpoint.text == "immomarket.example/ledger\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    assert Checkpoint.parse(checkpoint.text) == checkpoint
    assert Checkpoint.parse(checkpoint.text + "extension\n") == checkpoint


@pytest.mark.parametrize(
    "text", ["", "o\n", "o\n1\n", "o\n01\n{r}\n", "o\n-1\n{r}\n", "\n1\n{r}\n", "o\n1\nAAAA\n", "o\n1\n!\n"]
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(NoteWrong):
        Checkpoint.parse(text.format(r="AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="))

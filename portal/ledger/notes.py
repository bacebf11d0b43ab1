"""Signed notes and checkpoints: the two text formats that logs, their monitors and their witnesses agree on.

Owns the writing and the opening of notes after C2SP `signed-note` (Ed25519 only) and of checkpoints after C2SP
`tlog-checkpoint`. Pure: knows no database and no file. Must never hand out a text whose signature it did not check.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
_NAME = re.compile(r"[^\s+]+")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_SIGNATURE = re.compile(r"— (?P<name>[^\s+]+) (?P<blob>[A-Za-z0-9+/]+={0,2})")


class NoteWrong(Exception):
    """A note, a key or a checkpoint is not what it says it is."""


@dataclass(frozen=True)
class VerifierKey:
    """The public half of a key, with the name of whoever signs with it."""

    name: str
    public: bytes

    @property
    def hash(self) -> bytes:
        """Four bytes that tell which key of that name signed."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    @property
    def vkey(self) -> str:
        """The one-line text that verifiers are given: `name+hash+key`."""
        return f"{self.name}+{self.hash.hex()}+{_base64(ED25519 + self.public)}"

    @classmethod
    def parse(cls, vkey: str) -> "VerifierKey":
        """The key in such a line. Raises `NoteWrong`."""
        name, digest, key = _fields(vkey.strip(), 3)
        parsed = cls(name, _ed25519(key))
        if digest != parsed.hash.hex():
            raise NoteWrong(f"the hash of key {name} does not fit the key")
        return parsed

    def verify(self, text: str, signature: bytes) -> None:
        """Check a signature over the text of a note. Raises `NoteWrong`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except InvalidSignature:
            raise NoteWrong(f"the signature of {self.name} is wrong") from None


class SigningKey:
    """The private half of a key, with the name it signs under. Only `encode` shows the secret."""

    def __init__(self, name: str, seed: bytes) -> None:
        if not _NAME.fullmatch(name):
            raise NoteWrong("the name of a key holds neither spaces nor plus signs")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._seed = seed
        self.verifier = VerifierKey(name, self._key.public_key().public_bytes_raw())

    @classmethod
    def new(cls, name: str) -> "SigningKey":
        """A fresh key."""
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @property
    def name(self) -> str:
        """Who signs."""
        return self.verifier.name

    @property
    def vkey(self) -> str:
        """The line that verifiers are given."""
        return self.verifier.vkey

    def encode(self) -> str:
        """The secret line of a key file, in the form of Go's `sumdb/note`."""
        return f"PRIVATE+KEY+{self.name}+{self.verifier.hash.hex()}+{_base64(ED25519 + self._seed)}"

    @classmethod
    def parse(cls, text: str) -> "SigningKey":
        """The key in such a line. Raises `NoteWrong`, without the line."""
        first, second, name, digest, key = _fields(text.strip(), 5)
        parsed = cls(name, _ed25519(key))
        if (first, second, digest) != ("PRIVATE", "KEY", parsed.verifier.hash.hex()):
            raise NoteWrong(f"this is no signing key of {name}")
        return parsed

    def line(self, text: str) -> str:
        """The signature line of this key under the text of a note."""
        return f"— {self.name} {_base64(self.verifier.hash + self._key.sign(text.encode()))}\n"


def sign(text: str, *keys: SigningKey) -> str:
    """The note of a text, signed by each key. Raises `NoteWrong` for a text that no note can hold."""
    if not text.endswith("\n") or _CONTROL.search(text):
        raise NoteWrong("the text of a note ends with a newline and holds no other control characters")
    return text + "\n" + "".join(key.line(text) for key in keys)


def opened(note: str, keys: Iterable[VerifierKey]) -> str:
    """The text of a note that at least one of the keys signed; signatures of other keys are passed over.

    Raises `NoteWrong` where none of the keys signed, or one that did has signed something else.
    """
    text, signatures = _parts(note)
    trusted = {(key.name, key.hash): key for key in keys}
    found = [(trusted[name, blob[:4]], blob[4:]) for name, blob in signatures if (name, blob[:4]) in trusted]
    if not found:
        raise NoteWrong("none of the given keys signed this note")
    for key, signature in found:
        key.verify(text, signature)
    return text


@dataclass(frozen=True)
class Checkpoint:
    """The head of a tree: which log, how many leaves, which root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """The checkpoint in the text of an opened note; extension lines are passed over. Raises `NoteWrong`."""
        origin, size, digest, *_ = [*text.split("\n"), "", ""]
        if not origin or not _SIZE.fullmatch(size):
            raise NoteWrong("this is no checkpoint")
        root = _bytes(digest)
        if len(root) != 32:
            raise NoteWrong("the root of a checkpoint has 32 bytes")
        return cls(origin, int(size), root)


def _parts(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The text of a note, and by whom it is said to be signed with what: four bytes of key hash, then the signature."""
    text, blank, signatures = note.rpartition("\n\n")
    if not blank or not signatures.endswith("\n") or _CONTROL.search(note):
        raise NoteWrong("this is no signed note")
    return text + "\n", [_signature(line) for line in signatures[:-1].split("\n")]


def _signature(line: str) -> tuple[str, bytes]:
    match = _SIGNATURE.fullmatch(line)
    if not match:
        raise NoteWrong("a signature line of this note cannot be read")
    return match["name"], _bytes(match["blob"])


def _fields(line: str, number: int) -> list[str]:
    fields = line.split("+", number - 1)
    if len(fields) != number:
        raise NoteWrong("this is no key")
    return fields


def _ed25519(key: str) -> bytes:
    raw = _bytes(key)
    if len(raw) != 33 or raw[:1] != ED25519:
        raise NoteWrong("this is no Ed25519 key")
    return raw[1:]


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    """Strictly: what would be written otherwise is refused."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if _base64(raw) != text:
        raise NoteWrong("this is no base64")
    return raw

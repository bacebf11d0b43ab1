"""Checks a receipt or an export of ImmoMarket without trusting ImmoMarket: offline, with this file alone.

    pip install cryptography
    python immomarket_verify.py FILE [--key VKEY]

FILE is a receipt (.jsonld), or an export (.csv, .jsonl, .xlsx) with its manifest (FILE.manifest.json) beside it.
VKEY is the line by which the ledger's key is known, as you got it from somewhere else than FILE: from the site, a
contract, an older receipt. Give `--key` again for each key you trust. Without it FILE is checked against the key that
it names itself, which shows that it agrees with itself, not who made it.

What holds when the exit code is 0: a host of ImmoMarket, certified by your key, signed the document as it is; each
event in it stands in the ledger whose head is signed (`sealed`), or a host signed that it will (`promised`); and what
is shown of an event is what it committed to. Exit code 1: something does not hold. 2: used wrongly. For Python 3.11 on.
"""

import argparse
import json
import sys
from base64 import b64decode
from functools import partial
from hashlib import file_digest, sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

decode = partial(b64decode, validate=True)


class Wrong(ValueError):
    """Something does not hold; the text says what."""


def parse_key(vkey):
    """The name, the four bytes of hash and the Ed25519 key in a line `name+hash+key`."""
    name, digest, key = vkey.strip().split("+", 2)
    raw = decode(key)
    if raw[:1] != b"\x01" or len(raw) != 33 or sha256(name.encode() + b"\n" + raw).hexdigest()[:8] != digest:
        raise Wrong(f"this is no Ed25519 key: {vkey}")
    return name, bytes.fromhex(digest), Ed25519PublicKey.from_public_bytes(raw[1:])


def open_note(note, keys, kind):
    """The lines below the title of a note that one of these keys signed, and none of them wrongly."""
    # https://c2sp.org/signed-note: a text, an empty line, then lines "— name base64(four bytes of key hash, signature)"
    text, _, signatures = note.rpartition("\n\n")
    title, *lines = text.split("\n")
    signed = False
    for line in signatures.splitlines():
        _dash, signer, blob = line.split(" ")
        for name, digest, key in keys:
            if (name, digest) == (signer, decode(blob)[:4]):
                key.verify(decode(blob)[4:], f"{text}\n".encode())
                signed = True
    if not signed or not title.endswith(kind):
        raise Wrong(f"signed by no key that you trust, and by none that such a key certifies: {title}")
    return lines


def certified(notes, given):
    """The keys that may seal, and those that may promise: each certified by a key before it, the first by you."""
    keys = {"sealing": list(given), "promise": []}
    for note in notes:
        try:
            subject, _since = open_note(note, keys["sealing"], "/certificate")
        except Wrong:
            continue  # signed before your key was: it certifies nothing that you trust
        purpose, _, vkey = subject.partition(" ")
        if purpose == "sealing":
            open_note(note, [parse_key(vkey)], "/certificate")  # whoever takes over has signed it too
        keys[purpose].append(parse_key(vkey))
    return keys["sealing"], keys["promise"]


def open_head(note, sealing):
    """Size and root of the ledger, as a sealing key signed them (https://c2sp.org/tlog-checkpoint)."""
    size, root, *_ = open_note(note, sealing, "")
    return int(size), decode(root)


def node(left, right):
    """The hash of two subtrees (RFC 6962, section 2.1): a tree splits at the largest power of two below its size."""
    return sha256(b"\1" + left + right).digest()


def root_from(leaf, index, size, path):
    """The root of the tree of `size` leaves in which this one stands at `index`, beside the hashes of the path."""
    if size == 1 and index == 0 and not path:
        return leaf
    if not 0 <= index < size or not path:
        raise Wrong("an inclusion proof has the wrong length")
    left = 1 << (size - 1).bit_length() - 1
    *rest, sibling = path
    if index < left:
        return node(root_from(leaf, index, left, rest), sibling)
    return node(sibling, root_from(leaf, index - left, size - left, rest))


def roots_from(old, new, path, old_root):
    """The roots of the first `old` leaves and of all `new`; `old_root` is None where a part of it lies behind."""
    if old == new and len(path) == (old_root is None):
        return (old_root or path[0],) * 2
    if not 0 < old < new or not path:
        raise Wrong("a consistency proof has the wrong length")
    left = 1 << (new - 1).bit_length() - 1
    *rest, sibling = path
    if old <= left:
        smaller, larger = roots_from(old, left, rest, old_root)
        return smaller, node(larger, sibling)
    smaller, larger = roots_from(old - left, new - left, rest, None)
    return node(sibling, smaller), node(sibling, larger)


def check_event(event, sealing, promising):
    """How an event stands in the ledger, where all that is shown of it holds."""
    leaf = json.loads(event["leaf"])
    digest = sha256(b"\0" + event["leaf"].encode()).digest()
    for half, opening in event["halves"].items():
        salted = f"immomarket/{half}/{leaf['v']}\0".encode() + bytes.fromhex(opening["salt"])
        if sha256(salted + opening["payload"].encode()).hexdigest() != leaf["commitments"].get(half):
            raise Wrong(f"the {half} half of event {leaf['id']} is not what was recorded")
    if event["promise"]:
        promised, hashed = open_note(event["promise"], promising, "/promise")
        if (promised, decode(hashed)) != (leaf["id"], digest):
            raise Wrong(f"the promise of event {leaf['id']} is for something else")
    if event["proof"]:  # https://c2sp.org/tlog-proof: version, index, hashes; an empty line; the signed head
        path, _, head = event["proof"].partition("\n\n")
        _version, index, *hashes = path.split("\n")
        size, root = open_head(head, sealing)
        if root_from(digest, int(index.removeprefix("index ")), size, [*map(decode, hashes)]) != root:
            raise Wrong(f"event {leaf['id']} does not stand in the ledger")
        return f"sealed, {index} of {size}"
    if not event["promise"]:
        raise Wrong(f"event {leaf['id']} is neither sealed nor promised")
    return "promised"


def hash_json(content):
    """SHA-256 of canonical JSON (RFC 8785)."""
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).digest()


def check_export(path, part, grown, proof, sealing):
    """The file is the one that the event recorded, and the ledger begins with that of the export before."""
    (event,) = proof["events"]
    if json.loads(event["halves"]["business"]["payload"])["manifest"] != hash_json(part).hex():
        raise Wrong("the manifest is not the one that was recorded")
    with path.open("rb") as file:
        if file_digest(file, "sha256").hexdigest() != part["sha256"]:
            raise Wrong("the file is not the one that was exported")
    if grown:
        (old, old_root), (new, root) = (open_head(note, sealing) for note in (grown["from"], proof["checkpoint"]))
        if roots_from(old, new, [*map(decode, grown["hashes"])], old_root) != (old_root, root):
            raise Wrong("the ledger does not begin with that of the export before")


def check(path, given):
    """Check the file, and print what it shows."""
    manifest = path.with_name(f"{path.name}.manifest.json")
    document = json.loads((manifest if manifest.exists() else path).read_text(encoding="utf-8"))
    proof = document.pop("proof")
    sealing, promising = certified(proof["keys"], given or [parse_key(proof["sealing_key"])])
    (digest,) = open_note(proof["document"] or "", promising, "/document")
    if not proof["events"] or decode(digest) != hash_json(document):
        raise Wrong("the document is not as it was signed, or shows no event of the ledger")
    for event in proof["events"]:
        say(f"{check_event(event, sealing, promising)}: {event['leaf']}")
        for half, opening in event["halves"].items():
            say(f"    {half}: {opening['payload']}")
    if manifest.exists() or "export" in document:
        check_export(path, document["export"], document["consistency"], proof, sealing)
    if not given:
        say(f"No --key was given: compare this one, which the file names, with yours: {proof['sealing_key']}")


def say(text):
    """Print one line, without what could steer a terminal."""
    print("".join(each if each.isprintable() else "?" for each in text))


def main():
    """Read the command line; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", action="append", type=parse_key)
    given = parser.parse_args()
    sys.stdout.reconfigure(errors="replace")
    try:
        check(given.file, given.key)
    except OSError as error:
        parser.error(str(error))
    except (InvalidSignature, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        say(f"WRONG: {error if isinstance(error, Wrong) else 'something in it is not as it was signed, or is missing'}")
        return 1
    say("All of it holds.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The Merkle tree of RFC 6962 over leaf hashes: roots, proofs and their verification. Pure: no database, no keys.

A tree of n leaves splits at the largest power of two below n. Its complete subtrees never change as it grows; whoever
keeps them gives them to the proofs here as `node(level, index)`: the hash of the leaves index · 2^level up to, not
including, (index + 1) · 2^level. Hashes are 32 bytes (SHA-256) everywhere. Must never guess: what does not fit is an
error, never a shorter proof.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
Node = Callable[[int, int], bytes]


class ProofWrong(Exception):
    """A proof does not show what it is said to show."""


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of one leaf (RFC 6962, 2.1): a leaf can never be taken for an inner node."""
    return sha256(b"\0" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node (RFC 6962, 2.1)."""
    return sha256(b"\1" + left + right).digest()


def root(hashes: Iterable[bytes]) -> bytes:
    """The root over leaf hashes that fit into memory; `Frontier` is for the others."""
    row = list(hashes)
    while len(row) > 1:
        odd = row[-1:] if len(row) % 2 else []  # has no sibling yet: stands one row higher as it is
        row = [
            sha256(b"\1" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=False)
        ] + odd  # fmt: skip
    return row[0] if row else EMPTY_ROOT


class Frontier:
    """What must be kept of a tree to let it grow: its largest complete subtrees, at most one a bit of its size."""

    def __init__(self) -> None:
        self.size = 0
        self._hashes: list[bytes] = []

    def append(self, digest: bytes, level: int = 0) -> None:
        """Add one leaf hash, or at once the complete subtree of 2^level leaves that has this hash.

        Raises ValueError where no subtree of that level can begin.
        """
        if self.size % (1 << level):
            raise ValueError(f"no subtree of level {level} begins at leaf {self.size}")
        place = self.size >> level
        while place & 1:
            digest = node_hash(self._hashes.pop(), digest)
            place >>= 1
        self._hashes.append(digest)
        self.size += 1 << level

    def root(self) -> bytes:
        """The root of everything appended so far."""
        if not self._hashes:
            return EMPTY_ROOT
        *larger, digest = self._hashes
        for left in reversed(larger):
            digest = node_hash(left, digest)
        return digest

    def encode(self) -> bytes:
        """Eight bytes of size, most significant first, then the hashes from the largest subtree to the smallest."""
        return self.size.to_bytes(8, "big") + b"".join(self._hashes)

    @classmethod
    def decode(cls, encoded: bytes) -> "Frontier":
        """The frontier that `encode` wrote. Raises ValueError for anything else."""
        frontier = cls()
        frontier.size = int.from_bytes(encoded[:8], "big")
        if len(encoded) != 8 + HASH_BYTES * frontier.size.bit_count():
            raise ValueError("this is no frontier")
        frontier._hashes = [encoded[at : at + HASH_BYTES] for at in range(8, len(encoded), HASH_BYTES)]
        return frontier


def inclusion(index: int, size: int, node: Node) -> list[bytes]:
    """The audit path of leaf `index` in the tree of `size` leaves, from the bottom up (RFC 6962, 2.1.1)."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    return _path(index, 0, size, node)


def consistency(old: int, new: int, node: Node) -> list[bytes]:
    """What shows that the tree of `new` leaves begins with the tree of `old` leaves (RFC 6962, 2.1.2)."""
    if not 0 < old <= new:
        raise ValueError(f"there is nothing to show between {old} and {new} leaves")
    return _subproof(old, 0, new, node)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf hash stands at `index` in the tree of `size` leaves. Raises `ProofWrong`."""
    _check_hashes(leaf, *proof)
    if not 0 <= index < size:
        raise ProofWrong(f"a tree of {size} leaves has no leaf {index}")
    if _root_above(leaf, index, size, proof) != root:
        raise ProofWrong(f"leaf {index} does not stand in this tree of {size}")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree of `new` leaves begins with that of `old` leaves. Raises `ProofWrong`."""
    _check_hashes(*proof)
    if not 0 < old <= new:
        raise ProofWrong(f"nothing can be shown between {old} and {new} leaves")
    if _roots_above(old, new, proof, old_root) != (old_root, new_root):
        raise ProofWrong(f"the tree of {new} leaves does not begin with that of {old}")


def split(size: int) -> int:
    """Where a tree of two or more leaves splits: the largest power of two below its size."""
    return 1 << (size - 1).bit_length() - 1


def _path(index: int, start: int, end: int, node: Node) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + split(end - start)
    if index < middle:
        return [*_path(index, start, middle, node), _subtree(middle, end, node)]
    return [*_path(index, middle, end, node), _subtree(start, middle, node)]


def _subproof(old: int, start: int, end: int, node: Node) -> list[bytes]:
    if old == end:
        return [_subtree(start, end, node)] if start else []  # the whole old tree is known to whoever verifies
    middle = start + split(end - start)
    if old <= middle:
        return [*_subproof(old, start, middle, node), _subtree(middle, end, node)]
    return [*_subproof(old, middle, end, node), _subtree(start, middle, node)]


def _subtree(start: int, end: int, node: Node) -> bytes:
    size = end - start
    if size.bit_count() == 1:
        level = size.bit_length() - 1
        return node(level, start >> level)
    middle = start + split(size)
    return node_hash(_subtree(start, middle, node), _subtree(middle, end, node))


def _root_above(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that the audit path leads to; each step undoes one of `_path`."""
    if size == 1:
        return _all_used(proof, leaf)
    *below, sibling = _not_empty(proof)
    left = split(size)
    if index < left:
        return node_hash(_root_above(leaf, index, left, below), sibling)
    return node_hash(sibling, _root_above(leaf, index - left, size - left, below))


def _roots_above(old: int, new: int, proof: Sequence[bytes], known: bytes | None) -> tuple[bytes, bytes]:
    """The old and the new root that the proof leads to; `known` is the old root while all of the old tree is ahead."""
    if old == new:
        if known is None:
            *proof, known = _not_empty(proof)
        return _all_used(proof, known), known
    *below, sibling = _not_empty(proof)
    left = split(new)
    if old <= left:
        old_root, new_root = _roots_above(old, left, below, known)
        return old_root, node_hash(new_root, sibling)
    old_root, new_root = _roots_above(old - left, new - left, below, None)
    return node_hash(sibling, old_root), node_hash(sibling, new_root)


def _check_hashes(*hashes: bytes) -> None:
    if any(len(each) != HASH_BYTES for each in hashes):
        raise ProofWrong("a hash of a proof has not 32 bytes")


def _not_empty(proof: Sequence[bytes]) -> Sequence[bytes]:
    if not proof:
        raise ProofWrong("the proof is too short")
    return proof


def _all_used(proof: Sequence[bytes], digest: bytes) -> bytes:
    if proof:
        raise ProofWrong("the proof is too long")
    return digest

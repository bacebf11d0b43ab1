"""The tree is RFC 6962's: published proofs, and every property for trees of every size up to a few hundred leaves."""

import base64
import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.ledger import tree
from portal.ledger.tree import Frontier, ProofWrong
from tests.vectors import published

SIZES = st.integers(1, 300)


def hashes(size: int) -> list[bytes]:
    return [tree.leaf_hash(b"leaf %d" % number) for number in range(size)]


def reader(leaves: list[bytes]) -> tree.Node:
    def node(level: int, index: int) -> bytes:
        assert (index + 1) << level <= len(leaves), "asked for a subtree that is not complete"
        return tree.root(leaves[index << level : (index + 1) << level])

    return node


def definition(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, word for word."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\x01" + definition(leaves[:half]) + definition(leaves[half:])).digest()


def raw(encoded: str | None) -> bytes:
    return base64.b64decode(encoded or "")


def shown(kind: str, case: dict) -> bool:
    proof = [raw(each) for each in case["proof"] or []]
    try:
        if kind == "inclusion":
            tree.verify_inclusion(raw(case["leafHash"]), case["leafIdx"], case["treeSize"], proof, raw(case["root"]))
        else:
            tree.verify_consistency(case["size1"], case["size2"], raw(case["root1"]), raw(case["root2"]), proof)
    except ProofWrong:
        return False
    return True


@pytest.mark.parametrize("kind", ["inclusion", "consistency"])
def test_published_proofs_are_accepted_and_refused_as_published(kind):
    cases = json.loads(published("merkle-proofs.json"))[kind]
    assert len(cases) == 98
    assert [name for name, case in cases.items() if shown(kind, case) is case["wantErr"]] == []


@pytest.mark.parametrize("size", range(40))
def test_the_root_is_that_of_the_definition_however_it_is_made(size):
    leaves = hashes(size)
    frontier = Frontier()
    for each in leaves:
        frontier.append(each)
    assert tree.root(leaves) == frontier.root() == definition(leaves)
    assert frontier.size == size


@given(SIZES, st.data())
def test_every_leaf_has_a_proof_that_shows_it_and_nothing_else(size, data):
    leaves = hashes(size)
    index = data.draw(st.integers(0, size - 1))
    root, proof = tree.root(leaves), tree.inclusion(index, size, reader(leaves))
    tree.verify_inclusion(leaves[index], index, size, proof, root)
    other = data.draw(st.integers(0, size))
    for wrong in (
        (tree.leaf_hash(b"another"), index, size, proof, root),
        (leaves[index], other if other != index else -1, size, proof, root),
        (leaves[index], index, size, [*proof, leaves[0]], root),
        (leaves[index], index, size, [*proof[:-1], proof[-1][:-1]] if proof else [b""], root),
        (leaves[index], index, size, proof[1:] or [root], root),
        (leaves[index], index, size, proof, tree.leaf_hash(root)),
    ):
        with pytest.raises(ProofWrong):
            tree.verify_inclusion(*wrong)


@given(SIZES, SIZES, st.data())
def test_a_grown_tree_shows_that_it_begins_with_the_old_one_and_a_fork_cannot(one, other, data):
    old, new = sorted((one, other))
    leaves = hashes(new)
    old_root, root, proof = tree.root(leaves[:old]), tree.root(leaves), tree.consistency(old, new, reader(leaves))
    tree.verify_consistency(old, new, old_root, root, proof)
    fork = list(leaves)
    fork[data.draw(st.integers(0, old - 1))] = tree.leaf_hash(b"rewritten")
    with pytest.raises(ProofWrong):
        tree.verify_consistency(old, new, old_root, tree.root(fork), tree.consistency(old, new, reader(fork)))
    with pytest.raises(ProofWrong):
        tree.verify_consistency(old, new, old_root, root, [*proof, root])
    if proof:
        with pytest.raises(ProofWrong):
            tree.verify_consistency(old, new, old_root, root, proof[:-1])


@given(SIZES, st.integers(0, 9))
def test_a_frontier_grows_on_from_what_was_written_and_takes_whole_subtrees(size, level):
    leaves = hashes(size)
    grown = Frontier()
    whole = size >> level
    for index in range(whole):
        grown.append(tree.root(leaves[index << level : (index + 1) << level]), level)
    grown = Frontier.decode(grown.encode())
    for each in leaves[whole << level :]:
        grown.append(each)
    assert (grown.size, grown.root()) == (size, tree.root(leaves))
    assert len(grown.encode()) <= 8 + 32 * size.bit_length()


def test_what_cannot_be_is_refused():
    leaves = hashes(5)
    frontier = Frontier()
    frontier.append(leaves[0])
    for refused in (
        lambda: frontier.append(leaves[1], 1),
        lambda: Frontier.decode(b""),
        lambda: Frontier.decode(frontier.encode()[:-1]),
        lambda: tree.inclusion(5, 5, reader(leaves)),
        lambda: tree.consistency(0, 5, reader(leaves)),
        lambda: tree.consistency(5, 4, reader(leaves)),
    ):
        with pytest.raises(ValueError):
            refused()


def test_a_size_no_tree_can_have_is_refused_and_not_computed():
    with pytest.raises(ProofWrong):
        tree.verify_inclusion(bytes(32), 0, 1 << 100_000, [bytes(32)] * 3, bytes(32))
    with pytest.raises(ProofWrong):
        tree.verify_consistency(1, 1 << 100_000, bytes(32), bytes(32), [bytes(32)] * 3)

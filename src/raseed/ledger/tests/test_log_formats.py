"""The tree, the notes and the checkpoints are those of RFC 6962, C2SP and Go, to the byte."""

from __future__ import annotations

import base64
import hashlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raseed.ledger.log import tree
from raseed.ledger.log.checkpoint import (
    Checkpoint,
    hand_over_holds,
    leaf_data,
    log_id_of,
    origin_of,
    trusted_after,
)
from raseed.ledger.log.note import Forged, Malformed, Note, Signer, Verifier, parse_note, sign_note

# The leaves and roots with which the implementations of RFC 6962 are tested (certificate-transparency, transparency-dev).
LEAVES = [bytes.fromhex(leaf) for leaf in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [bytes.fromhex(root) for root in (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)]  # fmt: skip
# Paths of the same trees: RFC 9162's and the transparency-dev tests' own.
PATH_OF_5_IN_8 = [
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
]
FROM_6_TO_8 = [
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
]

# Go's own example, golang.org/x/mod/sumdb/note.
GO_PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_NOTE = f"{GO_TEXT}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
C2SP_CHECKPOINT = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
"""


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_inclusion(m: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962, 2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    if m < k:
        return [*naive_inclusion(m, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_inclusion(m - k, leaves[k:]), naive_root(leaves[:k])]


def naive_consistency(m: int, leaves: list[bytes], *, whole: bool = True) -> list[bytes]:
    """RFC 6962, 2.1.2."""
    if m == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    if m <= k:
        return [*naive_consistency(m, leaves[:k], whole=whole), naive_root(leaves[k:])]
    return [*naive_consistency(m - k, leaves[k:], whole=False), naive_root(leaves[:k])]


def test_roots_are_the_published_ones() -> None:
    grown = tree.CompactRange()
    assert grown.root() == tree.EMPTY_ROOT
    for leaf, root in zip(LEAVES, ROOTS, strict=True):
        grown.append(tree.leaf_hash(leaf))
        assert grown.root() == root
    subtree = tree.subtrees_of([tree.leaf_hash(leaf) for leaf in LEAVES])
    assert [step.hex() for step in tree.inclusion_proof(5, 8, subtree)] == PATH_OF_5_IN_8
    assert [step.hex() for step in tree.consistency_proof(6, 8, subtree)] == FROM_6_TO_8


@given(st.lists(st.binary(max_size=5), max_size=40))
def test_a_compact_range_is_the_whole_tree(leaves) -> None:
    grown = tree.CompactRange()
    for leaf in leaves:
        grown.append(tree.leaf_hash(leaf))
        grown = tree.CompactRange.from_bytes(grown.size, grown.to_bytes())
    assert grown.root() == naive_root(leaves)


@given(
    st.integers(1, 70).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1), st.integers(1, size)))
)
def test_proofs_are_those_of_the_rfc_and_hold_for_nothing_else(sizes) -> None:
    size, index, old = sizes
    leaves = [bytes([number]) for number in range(size)]
    subtree = tree.subtrees_of([tree.leaf_hash(leaf) for leaf in leaves])
    root, old_root = naive_root(leaves), naive_root(leaves[:old])
    path = tree.inclusion_proof(index, size, subtree)
    assert path == naive_inclusion(index, leaves)
    leaf = tree.leaf_hash(leaves[index])
    assert tree.inclusion_holds(leaf=leaf, index=index, size=size, proof=path, root=root)
    proof = tree.consistency_proof(old, size, subtree)
    assert proof == naive_consistency(old, leaves)
    assert tree.consistency_holds(old=old, new=size, old_root=old_root, new_root=root, proof=proof)
    other = tree.leaf_hash(b"other")
    assert not tree.inclusion_holds(leaf=other, index=index, size=size, proof=path, root=root)
    assert not tree.inclusion_holds(leaf=leaf, index=index, size=size, proof=[*path, other], root=root)
    assert not tree.inclusion_holds(leaf=leaf, index=index, size=size, proof=path, root=other)
    if path:
        assert not tree.inclusion_holds(leaf=leaf, index=index, size=size, proof=path[:-1], root=root)
    assert not tree.consistency_holds(old=old, new=size, old_root=other, new_root=root, proof=proof)
    assert not tree.consistency_holds(old=old, new=size, old_root=old_root, new_root=other, proof=proof)
    assert not tree.consistency_holds(old=old, new=size, old_root=old_root, new_root=root, proof=[*proof, other])
    if proof:
        assert not tree.consistency_holds(old=old, new=size, old_root=old_root, new_root=root, proof=proof[:-1])


def test_a_tree_is_not_made_of_the_wrong_number_of_peaks() -> None:
    for size, peaks in ((1, []), (2, [bytes(32)] * 2), (3, [bytes(32), bytes(31)]), (0, [bytes(32)])):
        with pytest.raises(ValueError, match="peaks"):
            tree.CompactRange(size, peaks)
    subtree = tree.subtrees_of([bytes(32)])
    for size in (0, -1):
        with pytest.raises(ValueError, match="no leaf"):
            tree.inclusion_proof(0, size, subtree)
    with pytest.raises(ValueError, match="no consistency"):
        tree.consistency_proof(2, 1, subtree)
    assert not tree.inclusion_holds(leaf=bytes(32), index=1, size=1, proof=[], root=bytes(32))
    assert not tree.consistency_holds(old=0, new=1, old_root=tree.EMPTY_ROOT, new_root=bytes(32), proof=[])


def test_go_s_key_signs_go_s_note() -> None:
    signer, verifier = Signer.parse(GO_PRIVATE), Verifier.parse(GO_PUBLIC)
    assert (signer.private_text(), str(signer.verifier), signer.verifier) == (GO_PRIVATE, GO_PUBLIC, verifier)
    assert sign_note(GO_TEXT, [signer]) == GO_NOTE
    note = parse_note(GO_NOTE)
    assert note.text == GO_TEXT
    assert note.signed_by([verifier]) == [verifier]
    assert "AYEK" not in repr(signer)


def test_a_note_that_was_changed_is_forged_and_a_stranger_s_is_passed_over() -> None:
    verifier, other = Verifier.parse(GO_PUBLIC), Signer.new("somebody.example").verifier
    assert parse_note(GO_NOTE).signed_by([other]) == []
    changed = parse_note(GO_NOTE.replace("cryptography", "Cryptography"))
    with pytest.raises(Forged):
        changed.signed_by([other, verifier])
    impostor = Note(GO_TEXT, (parse_note(GO_NOTE).signatures[0],))
    assert impostor.signed_by([Verifier("PeterNeumann", other.public)]) == []  # the same name, another key


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=60), st.integers(1, 3))
def test_any_text_comes_back_as_it_was_signed(line, keys) -> None:
    signers = [Signer.new(f"key.example/{number}") for number in range(keys)]
    text = f"{line}\n\n{line}\n"
    note = parse_note(sign_note(text, signers))
    assert note.text == text
    assert note.signed_by([signer.verifier for signer in signers]) == [signer.verifier for signer in signers]


@pytest.mark.parametrize("note", [
    "", "\n", "text\n", "text\n\n", "text\n\n\n", GO_NOTE[:-1], GO_NOTE.replace("\n\n", "\n"), GO_NOTE.replace("— ", "- "),
    GO_NOTE.replace("your", "your\t"), GO_NOTE.replace("x08g", "x0!g"), GO_NOTE.replace("PeterNeumann", "Peter+Neumann"),
    GO_NOTE.replace("PeterNeumann", "Peter Neumann"), f"{GO_TEXT}\n— PeterNeumann x08goA==\n".replace("x08goA==", "x08gow=="),
    GO_NOTE + "— PeterNeumann x08gozzz\n" * 16,
])  # fmt: skip
def test_what_is_no_note_is_refused(note) -> None:
    with pytest.raises(Malformed):
        parse_note(note)


@pytest.mark.parametrize("key", [
    "", "name", "name+c74f20a3", GO_PUBLIC[:-1], GO_PUBLIC + "A", GO_PUBLIC.replace("c74f", "c74e"), GO_PRIVATE,
    "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
])  # fmt: skip
def test_what_is_no_key_is_refused(key) -> None:
    with pytest.raises(Malformed):
        Verifier.parse(key)
    with pytest.raises(Malformed):
        Signer.parse(f"PRIVATE+KEY+{key}")
    with pytest.raises(Malformed):
        Signer.parse(GO_PUBLIC)


def test_text_with_control_characters_is_not_signed() -> None:
    for text in ("no end of line", "a\x00\n", "a\r\n", ""):
        with pytest.raises(Malformed):
            sign_note(text, [Signer.parse(GO_PRIVATE)])


def test_a_checkpoint_is_the_specification_s() -> None:
    note = parse_note(C2SP_CHECKPOINT)
    checkpoint = Checkpoint.parse(note.text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.root == base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
    assert checkpoint.text() == note.text
    assert Checkpoint.parse(note.text + "an extension line\n") == checkpoint


@pytest.mark.parametrize("text", [
    "", "a\n1\n", f"a\n01\n{'A' * 43}=\n", f"a\n-1\n{'A' * 43}=\n", f"a\n1\n{'A' * 40}\n", f"\n1\n{'A' * 43}=\n",
    f"a\n1\n{'A' * 43}=\n\n", f"a\n1\n{'A' * 43}=\nraseed-key-v1 none\n", f"a\n1\n{'!' * 43}=\n", f"a\n{'9' * 20}\n{'A' * 43}=\n",
])  # fmt: skip
def test_what_is_no_checkpoint_is_refused(text) -> None:
    with pytest.raises(Malformed):
        Checkpoint.parse(text)


def test_a_leaf_s_data_is_fixed() -> None:
    data = leaf_data(
        number=0x0102030405060708, posted_us=1_700_000_000_000_000, transfers=8190, digest=bytes(range(32))
    )
    numbers = bytes.fromhex("0102030405060708 00060a24181e4000 00001ffe")
    assert data == b"raseed-leaf-v1\n" + numbers + bytes(range(32))


def test_an_origin_names_its_log() -> None:
    log_id = UUID("018f0000-0000-7000-8000-000000000001")
    assert origin_of(log_id) == "raseed.local/ledger/018f0000-0000-7000-8000-000000000001"
    assert log_id_of(origin_of(log_id)) == log_id
    assert log_id_of("example.com/log") is None
    assert log_id_of("raseed.local/ledger/x") is None


def test_trust_goes_from_key_to_key_only_through_a_checkpoint_that_both_signed() -> None:
    old, new, thief = (Signer.new("raseed.local/ledger/x") for _ in range(3))
    between = Checkpoint("raseed.local/ledger/x", 0, tree.EMPTY_ROOT, (old.verifier, new.verifier))
    both = parse_note(sign_note(between.text(), [old, new]))
    assert Checkpoint.parse(both.text) == between
    assert hand_over_holds(between, both)
    assert not hand_over_holds(between, parse_note(sign_note(between.text(), [old])))
    assert trusted_after(between, [old.verifier], [old.verifier]) == [old.verifier, new.verifier]
    plain = Checkpoint("raseed.local/ledger/x", 0, tree.EMPTY_ROOT)
    assert trusted_after(plain, [new.verifier], [old.verifier, new.verifier]) == [new.verifier]
    signed_too = parse_note(sign_note(plain.text(), [old, thief]))  # anybody can add a signature line
    assert trusted_after(plain, signed_too.signed_by([old.verifier]), [old.verifier]) == [old.verifier]

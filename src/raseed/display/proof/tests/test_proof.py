"""What a certificate proves, and that nothing else passes for it."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raseed.display.proof import refusals
from raseed.display.proof.certificate import Certificate
from raseed.display.proof.checkpoint import SignedRoot, origin_of
from raseed.display.proof.format import SUM_MAX, Node, SumOverflow, parent
from raseed.display.proof.refusals import CertificateRefused
from raseed.display.proof.verify import check
from raseed.ledger.log.api import Malformed, Signer, parse_note, sign_note

from .small_tree import AS_OF_US, NOW, OTHER_TREE, TREE, SmallTree

ANN, BEN, CLEO = (UUID(int=0xA0000000_0000_4000_8000_000000000000 + place) for place in range(3))
amounts = st.integers(-(10**12), 10**12)
held = st.integers(0, 10**9)
trees = st.builds(
    SmallTree,
    st.dictionaries(st.uuids(), st.tuples(amounts, held), min_size=1, max_size=8),
    st.integers(4, 6),
    st.integers(0, 1 << 30),
)


@pytest.fixture(scope="module")
def tree() -> SmallTree:
    return SmallTree({ANN: (12_345, 100), BEN: (-77, 0), CLEO: (0, 0)}, 4)


def passes(tree: SmallTree, certificate: Certificate, **asked: object) -> None:
    check(certificate, [tree.signer.verifier], now=NOW, **asked)  # type: ignore[arg-type]


def refused(kind: type[CertificateRefused], tree: SmallTree, certificate: Certificate, **asked: object) -> None:
    with pytest.raises(CertificateRefused) as found:
        passes(tree, certificate, **asked)
    assert type(found.value) is kind


@given(trees)
def test_every_balance_of_a_tree_is_proven_and_travels_unchanged(tree) -> None:
    for account_id, (booked, holding) in tree.balances.items():
        certificate = Certificate.parse(tree.certificate(account_id).to_json())
        assert certificate == tree.certificate(account_id)
        passes(tree, certificate, account_id=account_id, booked_minor=booked, held_minor=holding)


@given(trees)
def test_the_root_s_sums_are_what_all_customers_are_owed_and_owe(tree) -> None:
    booked = [booked for booked, _ in tree.balances.values()]
    assert tree.root.owed == sum(amount for amount in booked if amount > 0)
    assert tree.root.owing == -sum(amount for amount in booked if amount < 0)


@given(trees, st.data())
def test_any_flipped_bit_is_refused(tree, data) -> None:
    account_id = data.draw(st.sampled_from(sorted(tree.balances)))
    raw = bytearray(tree.certificate(account_id).to_json())
    place = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[place // 8] ^= 1 << place % 8
    with pytest.raises(CertificateRefused):
        passes(tree, Certificate.parse(bytes(raw)), account_id=account_id)


def test_each_single_bit_of_one_certificate_is_refused_when_flipped(tree) -> None:
    """All of them, a byte after the other; the bit is drawn."""
    chance = random.Random(4)  # noqa: S311
    good = tree.certificate(ANN).to_json()
    for at in range(len(good)):
        raw = bytearray(good)
        raw[at] ^= 1 << chance.randrange(8)
        with pytest.raises(CertificateRefused):
            passes(tree, Certificate.parse(bytes(raw)), account_id=ANN)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_whatever_is_no_certificate_is_said_to_be_none(raw) -> None:
    with pytest.raises(refusals.NotACertificate):
        Certificate.parse(raw)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=30),
        lambda inner: st.lists(inner, max_size=3),
        max_leaves=5,
    ),
    st.sampled_from(("format", "account", "currency", "scale", "booked", "held", "position", "shares", "checkpoint")),
)
def test_a_field_that_is_something_else_is_refused(value, name) -> None:
    tree = SmallTree({ANN: (5, 0)}, 4)
    found = json.loads(tree.certificate(ANN).to_json())
    if found[name] == value:
        return
    with pytest.raises(CertificateRefused):
        passes(tree, Certificate.parse(json.dumps(found | {name: value}).encode()), account_id=ANN, booked_minor=5)


@pytest.mark.parametrize(
    "raw",
    [b"", b"{}", b"[]", b"[" * 50_000, b'{"a":1,"a":1}', b" " * 70_000, b"\xff\xfe{\x00}\x00", b'{"format":NaN}'],
)
def test_odd_bytes_are_no_certificate(raw) -> None:
    with pytest.raises(refusals.NotACertificate):
        Certificate.parse(raw)


def test_a_field_too_many_or_too_few_is_refused(tree) -> None:
    found = json.loads(tree.certificate(ANN).to_json())
    for changed in (found | {"more": 1}, {name: found[name] for name in list(found)[1:]}):
        with pytest.raises(refusals.NotACertificate):
            Certificate.parse(json.dumps(changed).encode())


def test_a_root_signed_by_another_key_is_refused(tree) -> None:
    stranger = SmallTree(tree.balances, 4, signer=Signer(origin_of(TREE), b"\x08" * 32))
    refused(refusals.UnknownKey, tree, stranger.certificate(ANN))


def test_a_signature_that_names_our_key_and_is_not_its_is_forged(tree) -> None:
    certificate = tree.certificate(ANN)
    text, _, signature = certificate.note.rpartition("\n\n")
    newer = text.replace(str(AS_OF_US), str(AS_OF_US + 1))
    note = f"{newer}\n\n{signature}"
    root = SignedRoot.parse(parse_note(note).text)
    refused(refusals.ForgedCheckpoint, tree, replace(certificate, note=note, root=root))


def test_a_root_of_another_tree_signed_by_our_key_is_refused(tree) -> None:
    other = SmallTree(tree.balances, 4, origin=origin_of(OTHER_TREE))
    refused(refusals.WrongTree, tree, other.certificate(ANN))


def test_another_currency_or_scale_is_refused(tree) -> None:
    refused(refusals.WrongTree, tree, replace(tree.certificate(ANN), currency="ILS"))
    refused(refusals.WrongTree, tree, replace(tree.certificate(ANN), scale=3))


def test_a_path_of_another_length_or_a_place_beyond_is_refused(tree) -> None:
    certificate = tree.certificate(ANN)
    first, second = certificate.shares
    for share in (
        replace(first, path=first.path[48:]),
        replace(first, path=first.path + bytes(48)),
        replace(first, place=16),
    ):
        refused(refusals.PathLength, tree, replace(certificate, shares=(share, second)))


def test_sums_that_overflow_are_refused(tree) -> None:
    certificate = tree.certificate(ANN)
    first, second = certificate.shares
    for sums in (SUM_MAX.to_bytes(8), (1 << 63).to_bytes(8), b"\xff" * 8):
        path = first.path[:32] + sums + first.path[40:]
        refused(refusals.SumOverflows, tree, replace(certificate, shares=(replace(first, path=path, owed=1), second)))
    with pytest.raises(SumOverflow):
        parent(Node(b"", SUM_MAX, 0), Node(b"", 1, 0))
    with pytest.raises(SumOverflow):
        parent(Node(b"", 0, SUM_MAX), Node(b"", 0, 1))


def test_a_leaf_moved_to_another_account_is_refused(tree) -> None:
    refused(refusals.PathElsewhere, tree, replace(tree.certificate(ANN), account_id=BEN))


def test_another_amount_is_refused_however_the_shares_are_bent(tree) -> None:
    certificate = tree.certificate(ANN)
    first, second = certificate.shares
    refused(refusals.SharesDisagree, tree, replace(certificate, booked_minor=12_346))
    more = replace(first, owed=first.owed + 1)
    refused(refusals.PathElsewhere, tree, replace(certificate, booked_minor=12_346, shares=(more, second)))
    refused(refusals.PathElsewhere, tree, replace(certificate, held_minor=0))
    refused(refusals.PathElsewhere, tree, replace(certificate, position=5))
    refused(refusals.PathElsewhere, tree, replace(certificate, shares=(second, first)))
    refused(refusals.PathElsewhere, tree, replace(certificate, shares=(replace(first, salt=bytes(16)), second)))
    refused(refusals.PathElsewhere, tree, replace(certificate, shares=(replace(first, place=first.place ^ 1), second)))


def test_two_leaves_in_one_place_or_that_both_owe_and_are_owed_are_refused(tree) -> None:
    refused(refusals.PathElsewhere, tree, replace(tree.certificate(ANN), shares=(tree.certificate(ANN).shares[0],) * 2))
    both = SmallTree({ANN: (0, 0)}, 2)
    for (account, share), (place, salt, _, _) in list(both.leaves.items()):
        owed, owing = (5, 0) if share == 0 else (0, 5)
        both.leaves[account, share] = (place, salt, owed, owing)
        both.levels[0][place] = Node(both.leaf_hash(account, share, 0), owed, owing)
    for level in (1, 2):
        below = both.levels[level - 1]
        both.levels[level] = [parent(below[at], below[at + 1]) for at in range(0, len(below), 2)]
    refused(refusals.SharesDisagree, both, both.certificate(ANN))


def test_an_old_root_shown_again_is_refused(tree) -> None:
    later = NOW + timedelta(seconds=11)
    with pytest.raises(refusals.TooOld):
        check(tree.certificate(ANN), [tree.signer.verifier], now=later)
    refused(refusals.OlderThanSeen, tree, tree.certificate(ANN), seen={tree.origin: AS_OF_US + 1})
    passes(tree, tree.certificate(ANN), seen={tree.origin: AS_OF_US, origin_of(OTHER_TREE): AS_OF_US + 1})


def test_what_is_shown_must_be_what_is_proven(tree) -> None:
    refused(refusals.OtherAccount, tree, tree.certificate(ANN), account_id=BEN)
    refused(refusals.OtherAmount, tree, tree.certificate(ANN), account_id=ANN, booked_minor=12_344)
    refused(refusals.OtherAmount, tree, tree.certificate(ANN), account_id=ANN, booked_minor=12_345, held_minor=0)


def test_a_hand_over_s_keys_are_read_and_other_lines_passed_over(tree) -> None:
    new = Signer(origin_of(TREE), b"\x09" * 32)
    root = replace(tree.signed_root(), handing_over=(tree.signer.verifier, new.verifier))
    note = sign_note(root.text() + "something-else-v7 x\n", [tree.signer, new])
    assert SignedRoot.parse(parse_note(note).text) == root
    certificate = replace(tree.certificate(ANN), note=note, root=root)
    for trusted in (tree.signer, new):
        check(certificate, [trusted.verifier], now=NOW)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n16\n", "\n15\n"),
        ("\n16\n", "\n1\n"),
        ("\n16\n", "\n016\n"),
        ("raseed-sum-v1 EGP 2 ", "raseed-sum-v1 EGP 2  "),
        ("raseed-sum-v1 EGP 2 ", "raseed-sum-v1 EGP 5 "),
        ("raseed-sum-v1 EGP", "raseed-sum-v2 EGP"),
        ("raseed-asof-v1 ", "raseed-asof-v1 -"),
        ("raseed-ledger-v1 ", "raseed-asof-v1 1 1\nraseed-ledger-v1 "),
        ("raseed-asof-v1 1772366400000000", "raseed-asof-v1 9223372036854775807"),
    ],
)
def test_a_root_s_text_is_written_in_one_way(tree, old, new) -> None:
    text = tree.signed_root().text()
    assert old in text
    with pytest.raises(Malformed):
        SignedRoot.parse(text.replace(old, new))


@given(trees)
def test_a_root_s_text_says_what_was_signed(tree) -> None:
    assert SignedRoot.parse(tree.signed_root().text()) == tree.signed_root()

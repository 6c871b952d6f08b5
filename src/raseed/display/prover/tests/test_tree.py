"""Places, salts, splits, nodes and files by the column are what the format says of one, done one by one."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raseed.display.proof.format import UNUSED, Node, SumOverflow, leaf_hash, parent
from raseed.display.prover import bulk, index
from raseed.display.prover.blinding import Blinding, first_part, first_parts
from raseed.display.prover.bulk import Whole, work_out
from raseed.display.prover.hashing import EMPTY, RECORD, leaves_of, parents_of
from raseed.display.prover.layout import Torn, read_head, set_sequence
from raseed.display.prover.places import Places
from raseed.display.prover.store import TreeStore

if TYPE_CHECKING:
    from pathlib import Path

SECRET = b"s" * 32
BLINDING = Blinding(b"b" * 32)
TREE = UUID(int=7)
amounts = st.integers(-(2**62), 2**62)


def records_of(count: int, seed: int = 1) -> Any:
    chance = np.random.default_rng(seed)
    records = np.zeros(count, RECORD)
    records["id"] = np.frombuffer(chance.bytes(16 * count), "V16")
    records["booked"] = chance.integers(-1000, 10**9, count)
    records["held"] = chance.integers(0, 1000, count)
    records["position"] = chance.integers(0, 50, count)
    return records


def root_of(store: TreeStore) -> Node:
    """The root over the store's records, one node after the other as the format has it."""
    level: dict[int, Node] = {}
    places = Places(SECRET, store.head.base)
    for number, record in enumerate(store.records):
        account = record["id"].tobytes()
        *salts, split = BLINDING.draw_one(account, int(record["position"]))
        part = first_part(split, abs(int(record["booked"])))
        for share, amount in enumerate((part, abs(int(record["booked"])) - part)):
            owed, owing = (amount, 0) if record["booked"] > 0 else (0, amount)
            digest = leaf_hash(
                salt=bytes(salts[share]), account_id=UUID(bytes=account), share=share, owed=owed, owing=owing,
                held=int(record["held"]), position=int(record["position"]),
            )  # fmt: skip
            level[places.one(2 * number + share)] = Node(digest, owed, owing)
    assert len(level) == 2 * store.accounts
    width, empty = store.capacity, UNUSED
    while width > 1:
        width //= 2
        over = {place >> 1 for place in level}
        level = {at: parent(level.get(2 * at, empty), level.get(2 * at + 1, empty)) for at in over}
        empty = parent(empty, empty)
    return level[0]


def new_store(folder: Path, base: int = 1024) -> TreeStore:
    return TreeStore.create(folder, TREE, 0, BLINDING, Places(SECRET, base), base)


def put(store: TreeStore, records: Any, batch: int = 1) -> None:
    numbers = store.find(records["id"])
    fresh = numbers < 0
    if fresh.any():
        numbers[fresh] = store.add(records[fresh])
    order = np.argsort(numbers)
    update = store.update(numbers[order], records[order])
    store.publish(update, batch=batch, as_of_us=batch, note=f"note {batch}")
    assert update.root == store.root


@pytest.mark.parametrize("bits", [1, 2, 3, 8, 11])
def test_every_place_is_taken_once(bits) -> None:
    places = Places(SECRET, 1 << bits)
    numbers = np.arange(8 << bits)
    found = places.of(numbers)
    assert sorted(found.tolist()) == numbers.tolist()
    assert [places.one(number) for number in numbers.tolist()] == found.tolist()
    assert places.numbers(found).tolist() == numbers.tolist()
    for size in (1 << bits, 2 << bits, 4 << bits):  # a tree that grows keeps its places
        assert sorted(found[:size].tolist()) == list(range(size))


def test_places_tell_nothing_without_the_secret() -> None:
    numbers = np.arange(1 << 12)
    mine, theirs = Places(SECRET, 1 << 12).of(numbers), Places(b"t" * 32, 1 << 12).of(numbers)
    assert (mine == theirs).sum() < 20
    assert (np.abs(np.diff(mine)) == 1).sum() < 20


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**63 - 1))
def test_a_split_by_the_column_is_that_of_one(split, amount) -> None:
    assert first_parts(np.array([split], np.uint64), np.array([amount])).tolist() == [first_part(split, amount)]
    assert 0 <= first_part(split, amount) <= amount


def test_a_share_is_anything_from_nothing_to_all_of_it() -> None:
    chance = random.Random(3)  # noqa: S311
    parts = [first_part(chance.getrandbits(64), 9) for _ in range(20_000)]
    counts = [parts.count(part) for part in range(10)]
    assert min(counts) > 1_800
    assert max(counts) < 2_200


def test_salts_and_splits_change_with_every_change() -> None:
    ids = np.frombuffer(b"".join(uuid4().bytes for _ in range(50)), "V16")
    first, second = (BLINDING.draw(ids, np.full(50, position)) for position in (4, 5))
    assert len({row.tobytes() for row in np.concatenate([first, second])["salt"].reshape(-1)}) == 200
    for place in range(50):
        one = BLINDING.draw_one(ids[place].tobytes(), 4)
        assert (one[0], one[1]) == tuple(salt.tobytes() for salt in first["salt"][place])
        assert one[2] == first["split"][place]


def test_what_stands_for_nothing_is_what_the_format_hashes() -> None:
    node = UNUSED
    for level in range(20):
        assert EMPTY[level] == node.to_bytes()
        node = parent(node, node)


@pytest.mark.parametrize("count", [1, 2, 300, 512])
def test_the_root_is_that_of_the_format(tmp_path, count) -> None:
    store = new_store(tmp_path / "t")
    put(store, records_of(count))
    assert store.root == root_of(store)


def test_only_what_changes_is_worked_out_and_comes_to_the_same(tmp_path) -> None:
    store = new_store(tmp_path / "t")
    chance = np.random.default_rng(2)
    known = records_of(400)
    put(store, known[:100])
    for batch in range(2, 20):
        picked = known[chance.choice(400, chance.integers(1, 60), replace=False)].copy()
        picked["booked"] += chance.integers(-5000, 5000, len(picked))
        picked["position"] = batch
        put(store, picked, batch)
    assert store.root == root_of(store)


def test_a_tree_that_is_full_doubles_and_keeps_what_it_had(tmp_path) -> None:
    store = new_store(tmp_path / "t")
    known = records_of(3000)
    for start in range(0, 3000, 250):
        put(store, known[start : start + 250], start)
        assert store.root == root_of(store)
    assert store.capacity == 8192
    assert (store.find(known["id"]) == np.arange(3000)).all()
    jump = new_store(tmp_path / "u")
    put(jump, known)  # three doublings at once
    assert jump.root == store.root == root_of(jump)


@pytest.mark.parametrize("processes", [1, 2])
def test_all_at_once_comes_to_the_same_as_one_after_the_other(tmp_path, monkeypatch, processes) -> None:
    monkeypatch.setattr(bulk, "ALONE_MAX", 0)
    monkeypatch.setattr(bulk, "BLOCK_LEVELS", 6)
    known = records_of(1500)
    store = new_store(tmp_path / "t", 2048)
    for start in range(0, 1500, 400):
        store.append(known[start : start + 400])  # grows: its places are those of a tree that grew
    store.index_all()
    slots = len(store.arrays.slots)
    work_out(Whole(store.folder, store.capacity, slots, 2048, 1500, BLINDING, SECRET), processes=processes)
    assert store.capacity == 4096
    assert store.root == root_of(store)
    assert (store.find(known["id"]) == np.arange(1500)).all()


def test_a_sum_that_does_not_fit_is_refused(tmp_path) -> None:
    store = new_store(tmp_path / "t")
    rich = records_of(2)
    rich["booked"] = (1 << 63) - 1
    with pytest.raises(SumOverflow):
        put(store, rich)
    pairs = np.zeros((1, 2), leaves_of(rich, BLINDING).dtype)
    pairs["owing"] = (1 << 63) - 1
    with pytest.raises(SumOverflow):
        parents_of(pairs, 0)


@given(st.sets(st.binary(min_size=16, max_size=16), min_size=1, max_size=60), st.data())
def test_an_index_finds_whom_it_has_and_nobody_else(ids, data) -> None:
    strangers = data.draw(st.sets(st.binary(min_size=16, max_size=16), max_size=20)) - ids
    records = np.zeros(len(ids), RECORD)
    records["id"] = np.frombuffer(b"".join(sorted(ids)), "V16")
    slots = np.zeros(data.draw(st.sampled_from((64, 128, 1024))), np.int32)
    half = len(ids) // 2
    index.insert(slots, records, np.arange(half))
    index.insert(slots, records, np.arange(half, len(ids)))
    asked = np.frombuffer(b"".join([*sorted(ids), *sorted(strangers)]), "V16")
    expected = [*range(len(ids)), *([-1] * len(strangers))]
    assert index.find(slots, records, asked).tolist() == expected
    view, raw = slots.data, records.data.cast("B")
    assert [index.find_one(view, len(slots) - 1, raw, 40, len(ids), cell.tobytes()) for cell in asked] == expected


def reopened(folder: Path, tree: UUID = TREE) -> TreeStore:
    return TreeStore.opened(folder, tree, BLINDING, lambda base: Places(SECRET, base))


def test_a_tree_that_was_closed_in_order_is_there_again(tmp_path) -> None:
    store = new_store(tmp_path / "t")
    put(store, records_of(700))
    root = store.root
    store.close()
    again = reopened(tmp_path / "t")
    assert (again.root, again.accounts, again.head.note, again.capacity) == (root, 700, "note 1", 2048)
    assert root_of(again) == root


def test_a_writer_that_was_killed_between_two_rounds_is_gone_on_from(tmp_path) -> None:
    store = new_store(tmp_path / "t")
    known = records_of(500)
    put(store, known[:400])
    store.add(known[400:])  # and never published
    again = reopened(tmp_path / "t")
    assert again.accounts == 400
    assert (again.find(known["id"][400:]) == -1).all()
    put(again, known[[450, 420]])
    put(again, known[400:])
    assert again.accounts == 500
    assert again.root == root_of(again)


def test_what_a_failure_left_half_written_is_never_closed_in_order(tmp_path, monkeypatch) -> None:
    store = new_store(tmp_path / "t")
    known = records_of(400)
    put(store, known)
    moved = known[:5].copy()
    moved["booked"] += 1

    def full(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as context:
        context.setattr("raseed.display.prover.store.write_head", full)
        with pytest.raises(OSError, match="no space"):
            put(store, moved, 2)
    store.close()
    with pytest.raises(Torn):
        reopened(tmp_path / "t")
    with pytest.raises(AssertionError):
        store.publish(None, batch=3, as_of_us=3, note="over it")


@pytest.mark.parametrize("damage", ["torn", "other tree", "other boot", "short", "missing", "no head", "nonsense"])
def test_files_that_are_torn_or_another_s_are_not_trusted(tmp_path, damage, monkeypatch) -> None:
    store = new_store(tmp_path / "t")
    put(store, records_of(100))
    tree = TREE
    if damage == "torn":
        set_sequence(store._raw, 7)
    elif damage == "other tree":
        tree = UUID(int=8)
    elif damage == "other boot":
        monkeypatch.setattr("raseed.display.prover.store.boot_id", lambda: b"another")
    elif damage == "short":
        (tmp_path / "t" / "nodes").write_bytes(b"")
    elif damage == "missing":
        (tmp_path / "t" / "records").unlink()
    elif damage == "no head":
        (tmp_path / "t" / "head").write_bytes(b"")
    else:
        (tmp_path / "t" / "head").write_bytes(hashlib.sha256(b"x").digest() * 512)
    with pytest.raises((Torn, ValueError)):
        reopened(tmp_path / "t", tree)


def test_a_head_says_what_was_written(tmp_path) -> None:
    store = new_store(tmp_path / "t")
    put(store, records_of(3), 9)
    assert read_head(store._raw) == store.head

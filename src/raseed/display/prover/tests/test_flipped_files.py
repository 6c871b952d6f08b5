"""A byte flipped anywhere in a tree's files is named, or is refused by whoever checks, or changes nobody's certificate."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import pytest

from raseed.display.proof.checkpoint import SignedRoot
from raseed.display.proof.refusals import CertificateRefused
from raseed.display.proof.verify import check
from raseed.display.prover.layout import Torn
from raseed.display.prover.places import Places
from raseed.display.prover.reader import TreeReader
from raseed.display.prover.store import TreeStore
from raseed.display.prover.whole import unlike_itself
from raseed.ledger.log.note import Signer, sign_note

from .test_tree import BLINDING, SECRET, TREE, records_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ACCOUNTS: Final = 24
FLIPS: Final = {"head": 150, "records": 150, "index": 150, "nodes": 300}
AS_OF: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
SIGNER: Final = Signer(f"raseed.local/display/{TREE}", b"q" * 32)


class Signed:
    """A small tree in files, under a signed root."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        store = TreeStore.create(folder, TREE, ACCOUNTS, BLINDING, Places(SECRET, 1024), 1024)
        records = records_of(ACCOUNTS)
        update = store.update(store.add(records), records)
        as_of_us = int(AS_OF.timestamp()) * 1_000_000
        root = SignedRoot(
            SIGNER.name, store.capacity, update.root, "EGP", 2, as_of_us, 99, "raseed.local/ledger/1", 9, b"r" * 32, ()
        )
        self.note = sign_note(root.text(), [SIGNER])
        store.publish(update, batch=99, as_of_us=as_of_us, note=self.note)
        store.close()
        self.ids = [UUID(bytes=one.tobytes()) for one in records["id"]]
        self.as_they_were = self.certificates()

    def reader(self) -> TreeReader:
        return TreeReader(self.folder, BLINDING, SECRET)

    def certificates(self) -> Mapping[UUID, bytes]:
        """What accounts are proven by, as it travels; an account that can't be found has none."""
        found = {}
        reader = self.reader()
        for account_id in self.ids:
            certificate = reader.certificate(account_id, 0)
            if certificate is not None:
                found[account_id] = certificate.to_json()
        return found

    def named(self) -> list[str]:
        """What a look at the whole of it finds."""
        try:
            return unlike_itself(self.reader(), accounts=ACCOUNTS, note=self.note)
        except Torn:
            return ["torn"]

    def misled(self) -> list[UUID]:
        """The accounts of which something is proven that was not."""
        reader, found = self.reader(), []
        for account_id in self.ids:
            try:
                certificate = reader.certificate(account_id, 0)
                if certificate is None or certificate.to_json() == self.as_they_were[account_id]:
                    continue
                check(certificate, [SIGNER.verifier], now=AS_OF, account_id=account_id)
            except (Torn, CertificateRefused):
                continue
            found.append(account_id)
        return found


@pytest.mark.parametrize("name", FLIPS)
def test_a_flipped_byte_proves_nothing_wrong(tmp_path: Path, name: str) -> None:
    signed = Signed(tmp_path / "tree")
    assert len(signed.as_they_were) == ACCOUNTS
    assert signed.named() == []
    [path] = [one for one in signed.folder.iterdir() if one.name.partition("-")[0] == name]
    whole, chance, parts = path.read_bytes(), random.Random(name), set()  # noqa: S311  (repeatable)
    used = [at for at, byte in enumerate(whole) if byte]
    for turn in range(FLIPS[name]):
        at = chance.choice(used) if turn % 2 else chance.randrange(len(whole))
        with path.open("r+b") as file:
            file.seek(at)
            file.write(bytes([whole[at] ^ 1 << chance.randrange(8)]))
        named = signed.named()
        parts.update(named)
        assert not signed.misled(), f"byte {at} of {name}"
        if not named:
            assert unchanged_or_refused(signed), f"byte {at} of {name} is found by nobody"
        with path.open("r+b") as file:
            file.seek(at)
            file.write(whole[at : at + 1])
    assert parts, "flips that nobody ever finds are not looked for"
    assert signed.named() == []
    assert signed.certificates() == signed.as_they_were


def unchanged_or_refused(signed: Signed) -> bool:
    """Say whether certificates are as they were, or would not pass with anybody who checks."""
    for account_id, certificate in signed.certificates().items():
        if certificate == signed.as_they_were[account_id]:
            continue
        found = signed.reader().certificate(account_id, 0)
        assert found is not None
        with pytest.raises(CertificateRefused):
            check(found, [SIGNER.verifier], now=AS_OF, account_id=account_id)
    return signed.certificates().keys() == signed.as_they_were.keys()

"""Every refusal has a code of its own, a sentence, and keeps what it was told."""

from __future__ import annotations

from collections.abc import Iterator

from raseed.kernel import ids, money, text
from raseed.kernel.errors import InputError, RaseedError, mark


def tree(root: type[RaseedError] = RaseedError) -> Iterator[type[RaseedError]]:
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


def test_codes_are_unique_and_stable_words() -> None:
    ours = [kind for kind in tree() if kind.__module__.startswith("raseed.kernel")]
    codes = [kind.code for kind in ours]
    assert len(set(codes)) == len(codes) >= 11
    assert all(code.isidentifier() and code.islower() for code in codes)
    assert {ids.InvalidId, money.InvalidAmount, text.UnacceptableText} <= set(ours)


def test_an_error_keeps_its_field_and_parameters_and_reads_as_a_sentence() -> None:
    error = money.CurrencyMismatch(field="amount", given="USD", expected="EGP")
    assert isinstance(error, InputError)
    assert (error.field, error.params) == ("amount", {"given": "USD", "expected": "EGP"})
    assert str(error) == "The amount is in USD, but EGP is needed."


def test_marking_a_sentence_does_not_change_it() -> None:
    assert mark("Sent.") == "Sent."

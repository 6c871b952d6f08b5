"""``./raseed key``: a key is printed once and works, is listed without its text, and ends when it is revoked."""

from __future__ import annotations

import pytest

from raseed.people.api import Institution
from raseed.people.keys.access_keys import AccessKeyRefused, author_of_access_key
from raseed.people.keys.cli import OK, REFUSED, main
from raseed.platform.api import audit_trail

from .world import MONA, a_customer


@pytest.fixture
def bank(built: Institution) -> Institution:
    return built


def issue(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[str, str]:
    """Issue a key; return its text and what was said beside it."""
    ending = ["--name", "books", "--reason", "for the bookkeeper"]
    assert main(["issue", "--institution", "nile", *words, *ending]) == OK
    printed = capsys.readouterr()
    return printed.out.strip(), printed.err


def test_an_institutions_key_is_printed_once_and_works_until_it_is_revoked(
    bank: Institution, capsys: pytest.CaptureFixture[str]
) -> None:
    text, said = issue(capsys, "--permission", "people.customers.view", "--permission", "webhooks.manage")
    key, author = author_of_access_key(text)
    assert author.may("webhooks.manage", bank.id)
    assert not author.may("people.customers.edit", bank.id)
    assert str(key.id) in said
    assert text not in said
    assert main(["list", "--institution", "nile"]) == OK
    listed = capsys.readouterr().out
    assert str(key.id) in listed
    assert text not in listed
    assert main(["revoke", str(key.id), "--reason", "lost"]) == OK
    with pytest.raises(AccessKeyRefused):
        author_of_access_key(text)
    assert [deed.reason for deed in audit_trail(f"access_key:{key.id}")] == ["lost", "for the bookkeeper"]
    main(["list", "--institution", "nile"])
    assert "revoked" in capsys.readouterr().out


def test_a_customers_key_is_for_their_own_things(bank: Institution, capsys: pytest.CaptureFixture[str]) -> None:
    customer = a_customer(bank.id)
    text, _ = issue(capsys, "--customer", "0100 123 4567")
    key, _ = author_of_access_key(text)
    assert (key.holder, set(key.permissions)) == (f"customer:{customer.id}", {"people.self.view", "people.self.pay"})
    text, _ = issue(capsys, "--customer", MONA, "--permission", "people.self.view")
    assert author_of_access_key(text)[0].permissions == {"people.self.view"}


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--permission", "nothing.like_it"],
        ["--permission", "people.self.view"],
        ["--customer", "+201009999999"],
        ["--permission", "webhooks.manage", "--days", "400"],
    ],
)
def test_a_key_that_cannot_be_is_refused_in_words(
    bank: Institution, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    ending = ["--name", "books", "--reason", "for the bookkeeper", "--language", "he"]
    assert main(["issue", "--institution", "nile", *words, *ending]) == REFUSED
    printed = capsys.readouterr()
    assert printed.out == ""
    assert any("\u05d0" <= letter <= "\u05ea" for letter in printed.err)
    assert main(["revoke", "x", "--reason", "lost"]) == REFUSED


def test_what_a_key_may_be_permitted_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["permissions", "--language", "ar"]) == OK
    printed = capsys.readouterr().out
    assert "webhooks.manage" in printed
    assert "تحديد" in printed

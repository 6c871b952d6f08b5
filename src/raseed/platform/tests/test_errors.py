"""An error reaches a person in their language and a program in one shape."""

from __future__ import annotations

import pytest

from raseed.kernel.errors import Conflict, InputError, NotFound, PermissionRefused, RaseedError, TemporarilyUnavailable
from raseed.kernel.money import CurrencyMismatch, InvalidAmount, Money, currency
from raseed.platform.api import ErrorText, TooManyRequests, error_body, error_status, translate_error


class TooDear(InputError):
    """An error with money in it."""

    code = "too_dear"
    sentence = "%(price)s is more than %(count)s."
    hint = "No %% here, and %(missing)s stays out."


def test_an_error_is_told_in_the_readers_language_and_digits() -> None:
    error = InvalidAmount(field="amount", decimals=2)
    assert translate_error(error, "en") == ErrorText(
        "invalid_amount",
        "This is not an amount we can use.",
        "Enter a number above zero, with at most 2 digits after the point.",
        "amount",
    )
    assert translate_error(error, "ar").hint.endswith("لا يزيد على ٢.")
    assert translate_error(error, "ar", digits="latn").hint.endswith("لا يزيد على 2.")
    assert translate_error(error, "he").message == "לא ניתן להשתמש בסכום זה."


def test_a_latin_word_in_an_arabic_sentence_is_isolated() -> None:
    text = translate_error(CurrencyMismatch(given="USD", expected="EGP"), "ar")
    assert text.message == "المبلغ بعملة \u2068USD\u2069، والمطلوب عملة \u2068EGP\u2069."


def test_money_in_a_sentence_is_written_as_money() -> None:
    text = translate_error(TooDear(price=Money(1500, currency("EGP")), count=1200), "en")
    assert text.message == "EGP\u00a015.00 is more than 1,200."


def test_a_missing_parameter_never_breaks_the_sentence() -> None:
    error = TooDear(price=1, count=2)
    assert translate_error(error, "en").hint == "No % here, and … stays out."


def test_programs_get_one_shape_with_latin_digits() -> None:
    body = error_body(TooManyRequests(minutes=12), "ar")
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "hint", "field", "params"}
    assert body["error"]["code"] == "too_many_requests"
    assert "12" in str(body["error"]["hint"])


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputError(), 400),
        (InvalidAmount(decimals=2), 400),
        (PermissionRefused(), 403),
        (NotFound(), 404),
        (Conflict(), 409),
        (TooManyRequests(minutes=1), 429),
        (TemporarilyUnavailable(), 503),
        (RaseedError(), 422),
    ],
)
def test_each_kind_of_error_has_its_status(error: RaseedError, status: int) -> None:
    assert error_status(error) == status

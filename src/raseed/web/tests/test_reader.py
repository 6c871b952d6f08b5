"""The reader's language, digits and theme."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.http import HttpRequest
from django.test import RequestFactory

from raseed.kernel.money import Money, currency
from raseed.web.reader import Reader, read_preferences


def _asked(*, accept: str = "", **cookies: str) -> HttpRequest:
    request = RequestFactory().get("/", headers={"accept-language": accept} if accept else {})
    request.COOKIES.update(cookies)
    return request


def test_the_language_chosen_on_the_device_wins_over_the_browser() -> None:
    assert read_preferences(_asked(accept="en", language="he")).language == "he"


@pytest.mark.parametrize(("accept", "expected"), [("he-IL,he;q=0.9", "he"), ("en-GB", "en"), ("fr", "ar"), ("", "ar")])
def test_else_the_browsers_language_else_arabic(accept: str, expected: str) -> None:
    assert read_preferences(_asked(accept=accept)).language == expected


@pytest.mark.parametrize("junk", ["xx", "", "ar\n", "../../etc", "<b>"])
def test_a_cookie_with_junk_changes_nothing(junk: str) -> None:
    assert read_preferences(_asked(language=junk, raseed_digits=junk, raseed_theme=junk)) == Reader("ar")


def test_digits_follow_the_language_unless_chosen() -> None:
    amount = Money(123450, currency("EGP"))
    assert "١٬٢٣٤٫٥٠" in Reader("ar").money(amount)
    assert "1,234.50" in Reader("he").money(amount)
    assert "1,234.50" in Reader("ar", digits="latn").money(amount)
    assert "١٬٢٣٤٫٥٠" in Reader("he", digits="arab").money(amount)
    assert Reader("ar").text("+20 100") == "+٢٠ ١٠٠"


def test_dates_and_times_are_in_the_readers_digits_and_the_given_zone() -> None:
    when = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
    assert Reader("ar").time(when, zone="Africa/Cairo") == "٠٠:٣٠"
    assert Reader("en").moment(when, zone="Africa/Cairo").startswith("2 March 2026")
    assert Reader("he").day(date(2026, 3, 1)) == "1 במרץ 2026"
    assert Reader("ar").number(1234) == "١٬٢٣٤"


@pytest.mark.parametrize(
    ("language", "code", "expected"),
    [
        ("ar", "EGP", "ج.م"),
        ("he", "ILS", "₪"),
        ("en", "ILS", "₪"),
        ("en", "EGP", "EGP"),
        ("ar", "OMR", "ر.ع"),
        ("en", "JPY", "JPY"),
    ],
)
def test_the_unit_beside_an_amount_is_what_the_amount_is_written_with(language: str, code: str, expected: str) -> None:
    assert Reader(language).unit(currency(code)) == expected
    assert Reader(language, digits="arab").unit(currency(code)) == expected

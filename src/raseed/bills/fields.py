"""What a biller asks its customers to type, described by the biller as data, and checked from that description.

A description has no regular expressions, which a stranger could make run for ever: shapes are masks, read once through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from enum import StrEnum
from typing import Final

from stdnum import luhn
from stdnum.iso7064 import mod_97_10

from raseed.kernel.errors import RaseedError, mark
from raseed.kernel.text import ascii_digits, clean_text

from .errors import FieldCheckDigit, FieldMissing, FieldNotAsked, FieldShape, InvalidFields

FIELDS_MAX: Final = 8
FIELD_LENGTH_MAX: Final = 60
TYPED_LENGTH_MAX: Final = 4 * FIELD_LENGTH_MAX
LANGUAGES: Final = ("ar", "he", "en")
SEPARATOR: Final = "/"
"""What stands between the fields' values in a reference."""
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,29}\Z")
_DIGITS: Final = re.compile(r"[0-9]+\Z")
_LETTERS_AND_DIGITS: Final = re.compile(r"[0-9A-Z-]+\Z")
_PHONE: Final = re.compile(r"\+[0-9]{7,15}\Z")


class FieldKind(StrEnum):
    """What sort of thing is typed: it decides the keyboard that is offered, and the normal form."""

    NUMBER = "number"
    ACCOUNT = "account"
    METER = "meter"
    STUDENT = "student"
    CODE = "code"
    PHONE = "phone"
    TEXT = "text"


KIND_WORDS: Final = {
    FieldKind.NUMBER: mark("Number"),
    FieldKind.ACCOUNT: mark("Customer number"),
    FieldKind.METER: mark("Meter number"),
    FieldKind.STUDENT: mark("Student number"),
    FieldKind.CODE: mark("Code"),
    FieldKind.PHONE: mark("Phone number"),
    FieldKind.TEXT: mark("Text"),
}
_OF_DIGITS: Final = frozenset({FieldKind.NUMBER, FieldKind.ACCOUNT, FieldKind.METER, FieldKind.STUDENT})


class FieldCheck(StrEnum):
    """How a slip of the finger is found: Luhn (ISO/IEC 7812-1), or MOD 97-10 (ISO 7064)."""

    LUHN = "luhn"
    MOD97 = "mod97"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a biller asks for.

    Attributes:
        code: its name for programs, and on the biller's wire.
        names: its name by language.
        kind: what sort of thing it is.
        length_min, length_max: of its normal form.
        mask: its shape, or empty: ``9`` a digit, ``A`` a letter, ``X`` either, anything else stands for itself.
        check: its check digits, if it has some.
        example: one that would be accepted, shown beside the input.
        help: by language, where people find theirs.
        required: whether it may be left out.
    """

    code: str
    names: Mapping[str, str]
    kind: FieldKind
    length_min: int = 1
    length_max: int = FIELD_LENGTH_MAX
    mask: str = ""
    check: FieldCheck | None = None
    example: str = ""
    help: Mapping[str, str] = attribute(default_factory=dict)
    required: bool = True

    def name(self, language: str) -> str:
        """Return its name in a language, or in the first that it has one in."""
        return self.names.get(language) or next(iter(self.names.values()))


NormalPhone = Callable[[str], str]
"""Returns a phone number as E.164, or raises; who knows the country passes it in."""


def normal_values(
    fields: Sequence[Field], typed: Mapping[str, str], *, normal_phone: NormalPhone | None = None
) -> dict[str, str]:
    """Return what was typed in its normal form, in the order of the fields; what is not required may be missing.

    Normalising what is normal already changes nothing.

    Raises:
        FieldMissing, FieldShape, FieldCheckDigit, FieldNotAsked: with ``field`` ``fields.<code>``.
    """
    known = {field.code for field in fields}
    for code in typed:
        if code not in known:
            raise FieldNotAsked(field="fields")
    values = {}
    for field in fields:
        text = typed.get(field.code, "")
        if text.strip():
            values[field.code] = normal_value(field, text, normal_phone=normal_phone)
        elif field.required:
            raise FieldMissing(field=f"fields.{field.code}")
    return values


def normal_value(field: Field, text: str, *, normal_phone: NormalPhone | None = None) -> str:
    """Return one value in its normal form: see ``normal_values``."""
    if len(text) > TYPED_LENGTH_MAX:
        raise _shape(field)
    value = _in_form(field, text, normal_phone)
    if not field.length_min <= len(value) <= field.length_max or not _fits(field.mask, value):
        raise _shape(field)
    if field.check is not None and not _checks(field.check, value):
        raise FieldCheckDigit(field=f"fields.{field.code}")
    return value


def _shape(field: Field) -> FieldShape:
    return FieldShape(field=f"fields.{field.code}", example=field.example or field.mask or "…")


def reference_of(fields: Sequence[Field], values: Mapping[str, str]) -> str:
    """Return the reference by which bills are found again: the values in the order of the fields."""
    return SEPARATOR.join(values.get(field.code, "") for field in fields)


def values_of(fields: Sequence[Field], reference: str) -> dict[str, str]:
    """Return the values that a reference was made of (``reference_of``), without those that were left out."""
    return {field.code: value for field, value in zip(fields, reference.split(SEPARATOR), strict=False) if value}


def checked_fields(fields: Sequence[Field]) -> tuple[Field, ...]:
    """Return a biller's description of its fields, if it can be lived with.

    Raises:
        InvalidFields: two fields of one code, no name, lengths that nothing has, an example that the field refuses, …
    """
    codes = [field.code for field in fields]
    if len(codes) > FIELDS_MAX or len(set(codes)) < len(codes):
        raise InvalidFields(field="fields")
    if not any(field.required for field in fields):
        raise InvalidFields(field="fields")
    for field in fields:
        _check_description(field)
    return tuple(fields)


def _check_description(field: Field) -> None:
    refusal = InvalidFields(field=f"fields.{field.code}")
    texts = [*field.names.values(), *field.help.values()]
    whole = (
        _CODE.match(field.code)
        and "en" in field.names
        and set(field.names) | set(field.help) <= set(LANGUAGES)
        and 1 <= field.length_min <= field.length_max <= FIELD_LENGTH_MAX
        and len(field.mask) <= FIELD_LENGTH_MAX
        and (not field.mask or field.length_min <= len(field.mask) <= field.length_max)
        and SEPARATOR not in field.mask
        and (field.check is None or field.kind not in (FieldKind.PHONE, FieldKind.TEXT))
        and (field.check is None or field.length_min >= 2)  # noqa: PLR2004  (a digit, and what checks it)
    )
    if not whole:
        raise refusal
    try:
        for text in texts:
            clean_text(text, length_max=200)
        if field.example:
            normal_value(field, field.example, normal_phone=_as_it_is)
    except RaseedError as error:
        raise refusal from error


def _as_it_is(text: str) -> str:
    return text


def _in_form(field: Field, text: str, normal_phone: NormalPhone | None) -> str:
    """Return the text in the form of its kind, before length and shape are looked at."""
    if field.kind is FieldKind.TEXT:
        value = clean_text(text, field=f"fields.{field.code}", length_max=FIELD_LENGTH_MAX)
        if SEPARATOR in value:
            raise _shape(field)
        return value
    plain = "".join((text if text.isascii() else ascii_digits(text)).split())
    if field.kind is FieldKind.PHONE:
        try:
            value = plain if normal_phone is None else normal_phone(plain)
        except RaseedError as error:
            raise _shape(field) from error
        form = _PHONE
    elif field.kind in _OF_DIGITS:
        value, form = plain.replace("-", ""), _DIGITS
    else:
        value, form = plain.upper(), _LETTERS_AND_DIGITS
    if not form.match(value):
        raise _shape(field)
    return value


def _fits(mask: str, value: str) -> bool:
    if not mask:
        return True
    return len(mask) == len(value) and all(_stands(sign, letter) for sign, letter in zip(mask, value, strict=True))


def _stands(sign: str, letter: str) -> bool:
    digit, alpha = letter.isascii() and letter.isdigit(), letter.isalpha()
    return {"9": digit, "A": alpha, "X": digit or alpha}.get(sign, sign == letter)


def _checks(check: FieldCheck, value: str) -> bool:
    if check is FieldCheck.LUHN:
        return value.isdigit() and bool(luhn.is_valid(value))
    return bool(mod_97_10.is_valid(value.replace("-", "")))

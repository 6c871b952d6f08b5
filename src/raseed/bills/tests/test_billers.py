"""Billers as staff look after them: registered once, described, keyed, pictured, suspended; nobody else may."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction

from raseed.banking import api as banking
from raseed.bills import api as bills
from raseed.bills.errors import BillerDiffers, InvalidBiller, InvalidFields, InvalidLogo, InvalidPublicKey
from raseed.bills.models import BillerRow
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.platform import api as platform

from .street import ACCOUNT, Street, seed_key

REASON = "they asked in writing"
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><!-- hello --><title>Nur</title>'
    b'<g fill="#fc0"><path d="M0 0 L8 8"/></g></svg>'
)


def new_biller(street: Street, **changed: object) -> bills.NewBiller:
    owner = street.town.person("A biller", "+201003334567")
    new = bills.NewBiller(
        id=new_id(), institution_id=street.town.bank, customer_id=owner.id, code="nur", category=bills.Category.WATER,
        names={"en": "Nur", "ar": "نور"}, model=bills.BillerModel.FETCH, adapter=bills.AdapterKind.HTTP, fields=[ACCOUNT],
        address="https://nur.example/raseed", public_keys={"nur-1": seed_key()},
    )  # fmt: skip
    return replace(new, **changed)  # type: ignore[arg-type]


def test_a_biller_is_registered_once_with_a_collection_account_of_its_own(street: Street) -> None:
    new = new_biller(street)
    editor = street.town.staff("bills.billers.edit")
    made = bills.register_biller(new, by=editor, reason=REASON, clock=street.town.clock)
    assert bills.register_biller(new, by=editor, reason=REASON, clock=street.town.clock) == made
    account = banking.account(made.collection_account_id)
    assert (account.owner_id, account.product.kind) == (new.customer_id, banking.ProductKind.COLLECTION)
    assert made.account_number == account.alias(banking.AliasKind.NUMBER)
    (trail,) = platform.audit_trail(f"biller:{made.id}")
    assert (trail.action, trail.actor, trail.reason) == ("bills.biller_registered", editor.actor, REASON)
    with pytest.raises(BillerDiffers):
        bills.register_biller(replace(new, code="other"), by=editor, reason=REASON)
    with pytest.raises(BillerDiffers):
        bills.register_biller(replace(new, id=new_id()), by=editor, reason=REASON)


def test_nobody_registers_without_permission_or_reason(street: Street) -> None:
    new = new_biller(street)
    with pytest.raises(people.NotPermitted):
        bills.register_biller(new, by=street.town.staff("bills.view"), reason=REASON)
    elsewhere = street.town.staff("bills.billers.edit", at=street.town.other_bank)
    with pytest.raises(people.NotPermitted):
        bills.register_biller(new, by=elsewhere, reason=REASON)
    assert not BillerRow.objects.exists()


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code": "N"}, InvalidBiller),
        ({"names": {"ar": "نور"}}, InvalidBiller),
        ({"address": "ftp://nur.example"}, InvalidBiller),
        ({"address": "https://me:secret@nur.example"}, InvalidBiller),
        ({"address": "https://nur.example/?a=1"}, InvalidBiller),
        ({"adapter": bills.AdapterKind.FILE}, InvalidBiller),
        ({"fields": [ACCOUNT, ACCOUNT]}, InvalidFields),
        ({"public_keys": {"nur-1": "c2hvcnQ="}}, InvalidPublicKey),
        ({"public_keys": {"a key": "x"}}, InvalidPublicKey),
    ],
)
def test_what_does_not_hold_together_is_refused(
    street: Street, changed: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        bills.register_biller(new_biller(street, **changed), by=people.SYSTEM, reason=REASON)
    assert not BillerRow.objects.exists()


def test_the_catalogue_is_by_category_in_the_readers_language_without_the_suspended(street: Street) -> None:
    nur, bahr = street.biller("nur"), street.biller("bahr")
    (section,) = bills.catalogue(street.town.bank, "en")
    assert [each.code for each in section.billers] == ["bahr", "nur"]
    assert bills.catalogue(street.town.other_bank, "en") == ()
    bills.suspend_biller(bahr.id, by=street.town.staff("bills.billers.suspend"), reason=REASON)
    (section,) = bills.catalogue(street.town.bank, "ar")
    assert [each.name("ar") for each in section.billers] == ["الnur"]
    assert bills.resume_biller(bahr.id, by=people.SYSTEM, reason=REASON).state is bills.BillerState.ACTIVE
    with pytest.raises(people.NotPermitted):
        bills.suspend_biller(nur.id, by=street.town.staff("bills.billers.edit"), reason=REASON)


def test_keys_end_once_and_are_not_given_again(street: Street) -> None:
    nur = street.biller("nur")
    with pytest.raises(InvalidPublicKey):
        bills.add_biller_key(nur.id, "nur-1", seed_key(), by=people.SYSTEM, reason=REASON)
    bills.add_biller_key(nur.id, "nur-2", seed_key(), by=people.SYSTEM, reason=REASON)
    bills.end_biller_key(nur.id, "nur-1", by=people.SYSTEM, reason=REASON)
    bills.end_biller_key(nur.id, "nur-1", by=people.SYSTEM, reason=REASON)
    first = bills.our_public_key(nur.id)
    ahead = bills.our_public_key(nur.id, ahead=1)
    bills.renew_our_key(nur.id, by=people.SYSTEM, reason=REASON)
    assert bills.our_public_key(nur.id) == ahead != first


def test_the_database_keeps_whose_a_biller_is(street: Street) -> None:
    nur = street.biller("nur")
    rows = BillerRow.objects.filter(id=nur.id)
    for change in ({"code": "x"}, {"collection_account_id": new_id()}, {"currency": "USD"}, {"state": "gone"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.delete()


def test_a_logo_is_kept_with_nothing_in_it_but_what_is_seen(street: Street) -> None:
    nur = street.biller("nur")
    made = bills.set_logo(nur.id, SVG, by=people.SYSTEM, reason=REASON)
    kept = bills.logo(nur.id)
    assert (kept.kind, kept.digest) == ("image/svg+xml", made.logo_digest)
    assert b"path" in kept.data
    assert b"hello" not in kept.data


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"GIF89a",
        b"<svg viewBox='0 0 1 1'/>",
        SVG.replace(b"<g ", b"<g onload='alert(1)' "),
        SVG.replace(b"<path", b"<script>alert(1)</script><path"),
        SVG.replace(b"#fc0", b"url(http://evil.example/x)"),
        SVG.replace(b"<path", b"<image href='http://evil.example/x.png'/><path"),
        SVG.replace(b"<svg", b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg'),
        SVG.replace(b"<path", b"<style>*{}</style><path"),
        SVG.replace(b"<path", b"<path/>" * 600 + b"<path"),
        b"\x89PNG\r\n\x1a\nrubbish",
        SVG + b" " * 40_000,
    ],
)
def test_a_logo_that_could_do_something_is_refused(street: Street, wrong: bytes) -> None:
    nur = street.biller("nur")
    with pytest.raises(InvalidLogo):
        bills.set_logo(nur.id, wrong, by=people.SYSTEM, reason=REASON)

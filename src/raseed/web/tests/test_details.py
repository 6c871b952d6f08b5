"""An account's particulars: fees that are zero are shown as zero, names are the owner's, closing needs an empty account."""

from __future__ import annotations

from raseed.banking import api as banking
from raseed.people import api as people
from raseed.web.tests.street import MONA_PHONE, Street, signed_in, words_of


def test_limits_what_is_left_today_and_fees_of_zero_are_shown(street: Street) -> None:
    told = words_of(signed_in().get(f"/accounts/{street.layla_wallet.id}/details").content.decode())
    for text in ("EGP 5,000.00", "EGP 9,000.00", "Left today", "EGP 0.00", "+20 10 01234567"):
        assert text in told


def test_an_owner_names_an_account_and_others_do_not_find_it(street: Street) -> None:
    address = f"/accounts/{street.layla_wallet.id}/details"
    assert signed_in().post(address, {"name": "مصروف البيت"}).status_code == 303
    assert banking.account(street.layla_wallet.id).name == "مصروف البيت"
    stranger = signed_in(MONA_PHONE)
    assert stranger.get(address).status_code == 404
    assert stranger.post(address, {"close": "1"}).status_code == 404


def test_a_hidden_sign_in_a_name_is_refused_beside_the_field_and_kept(street: Street) -> None:
    answer = signed_in().post(f"/accounts/{street.layla_wallet.id}/details", {"name": "a\u202eb"})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert 'id="name-error"' in page


def test_an_account_with_money_is_not_closed_and_an_empty_one_is(street: Street) -> None:
    full = signed_in().post(f"/accounts/{street.layla_wallet.id}/details", {"close": "1"})
    assert full.status_code == 409
    assert 'id="close-error"' in full.content.decode()
    empty = signed_in(MONA_PHONE).post(f"/accounts/{street.mona_wallet.id}/details", {"close": "1"})
    assert empty.status_code == 303
    assert banking.account(street.mona_wallet.id).state is banking.AccountState.CLOSED


def test_a_blocked_account_says_so_and_does_not_offer_to_be_closed(street: Street) -> None:
    banking.block_account(
        account_id=street.mona_wallet.id,
        code=banking.BlockReason.SUSPECTED_FRAUD,
        reason="asked about",
        by=people.SYSTEM,
    )
    page = signed_in(MONA_PHONE).get(f"/accounts/{street.mona_wallet.id}/details").content.decode()
    assert "This account is blocked." in words_of(page)
    assert 'name="close"' not in page
    assert "fraud" not in page  # whoever is suspected is not told by a page

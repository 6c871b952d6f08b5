"""What somebody agreed to is known by text, time and channel; it is withdrawn, and nothing of it is ever altered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, connections

from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.kernel.text import UnacceptableText
from raseed.people.api import (
    SYSTEM,
    Author,
    Customer,
    Institution,
    InvalidConsent,
    NotPermitted,
    UnknownConsentText,
    UnknownCustomer,
    UnknownLanguage,
    consent_history,
    consent_texts,
    consents,
    give_consent,
    has_consented,
    publish_consent_text,
    withdraw_consent,
)
from raseed.people.models import ConsentRow
from raseed.platform.api import SameIdOtherContent, audit_trail

from .office import an_author
from .world import a_customer, an_institution

TEXTS = {"ar": "أوافق على تلقي العروض.", "en": "I agree to get offers.\nI can withdraw at any time."}
NAMES = {"ar": "العروض", "en": "Offers"}


@pytest.fixture
def nile(built: Institution) -> UUID:
    return built.id


@pytest.fixture
def mona(nile: UUID) -> Customer:
    return a_customer(nile)


@pytest.fixture
def herself(mona: Customer) -> Author:
    return Author(f"customer:{mona.id}")


def published(nile: UUID, **more: Any) -> Any:
    said: dict[str, Any] = {
        "purpose": "offers",
        "version": 1,
        "names": NAMES,
        "texts": TEXTS,
        "by": SYSTEM,
        "reason": "new law",
    }
    return publish_consent_text(institution_id=nile, **{**said, **more})


def given(mona: Customer, nile: UUID, by: Author, **more: Any) -> Any:
    said: dict[str, Any] = {"purpose": "offers", "version": 1, "channel": "web"}
    return give_consent(mona.id, institution_id=nile, by=by, **{**said, **more})


def withdrawn(mona: Customer, nile: UUID, by: Author) -> Any:
    return withdraw_consent(mona.id, institution_id=nile, purpose="offers", channel="phone", by=by)


def test_nothing_is_agreed_to_until_it_was_given_and_no_more_once_withdrawn(
    nile: UUID, mona: Customer, herself: Author
) -> None:
    published(nile)
    asked: dict[str, Any] = {"institution_id": nile, "purpose": "offers"}
    assert not has_consented(mona.id, **asked)
    assert withdrawn(mona, nile, herself) is None
    consent = given(mona, nile, herself)
    assert (consent.given, consent.version, consent.channel, consent.actor) == (True, 1, "web", herself.actor)
    assert has_consented(mona.id, **asked)
    assert given(mona, nile, herself) == consent
    assert not withdrawn(mona, nile, herself).given
    assert not has_consented(mona.id, **asked)
    given(mona, nile, herself)
    history = consent_history(mona.id, **asked, by=herself)
    assert [one.given for one in history] == [True, False, True]
    assert consents(mona.id, institution_id=nile, by=herself) == history[:1]


def test_a_new_version_is_agreed_to_anew_and_the_old_consent_stands_until_then(
    nile: UUID, mona: Customer, herself: Author
) -> None:
    published(nile)
    given(mona, nile, herself)
    published(nile, version=2, texts={**TEXTS, "ar": "نص جديد"})
    assert has_consented(mona.id, institution_id=nile, purpose="offers")
    assert given(mona, nile, herself, version=2).version == 2
    assert [one.version for one in consent_texts(nile)] == [2]


def test_a_published_text_is_never_altered(nile: UUID) -> None:
    assert published(nile) == published(nile)
    assert published(nile).texts["en"] == TEXTS["en"]
    with pytest.raises(SameIdOtherContent):
        published(nile, texts={**TEXTS, "en": "I agree to everything."})
    (told,) = [one for one in audit_trail(f"institution:{nile}") if one.action == "people.consent_text_published"]
    assert told.reason == "new law"


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"purpose": "Offers!"}, InvalidConsent), ({"purpose": ""}, InvalidConsent), ({"version": 0}, InvalidConsent),
        ({"version": 10**9}, InvalidConsent), ({"texts": {"ar": "نص"}}, InvalidConsent), ({"texts": {}, "names": {}}, InvalidConsent),
        ({"texts": {"ar": "a\u202eb", "en": "x"}}, UnacceptableText), ({"texts": {"ar": "x" * 5000, "en": "x"}}, UnacceptableText),
        ({"texts": {"ar": " \n ", "en": "x"}}, UnacceptableText), ({"names": {"fr": "x"}, "texts": {"fr": "x"}}, UnknownLanguage),
        ({"reason": ""}, UnacceptableText), ({"by": Author("staff:x")}, NotPermitted),
    ],
)  # fmt: skip
def test_a_text_that_can_not_be_published_is_refused(
    nile: UUID, change: dict[str, Any], refusal: type[RaseedError]
) -> None:
    with pytest.raises(refusal):
        published(nile, **change)
    assert consent_texts(nile) == []


def test_only_the_customer_and_staff_who_may_enter_it(nile: UUID, mona: Customer, herself: Author) -> None:
    delta = an_institution("delta").id
    published(nile)
    published(delta)
    clerk = an_author(nile, "people.customers.edit", "people.customers.view")
    assert given(mona, nile, clerk, channel="branch").actor == clerk.actor
    for by in (
        an_author(nile, "people.customers.view"),
        Author(f"customer:{new_id()}"),
        an_author(delta, "people.customers.edit"),
    ):
        with pytest.raises(NotPermitted):
            given(mona, nile, by)
    with pytest.raises(UnknownConsentText):
        given(mona, delta, herself)
    with pytest.raises(UnknownConsentText):
        given(mona, nile, herself, version=2)
    with pytest.raises(UnknownConsentText):
        given(mona, nile, herself, purpose="other")
    with pytest.raises(InvalidConsent):
        given(mona, nile, herself, channel="pigeon")
    with pytest.raises(UnknownCustomer):
        give_consent(new_id(), institution_id=nile, purpose="offers", version=1, channel="web", by=SYSTEM)
    for by in (Author(f"customer:{new_id()}"), an_author(delta, "people.customers.view")):
        with pytest.raises(NotPermitted):
            consents(mona.id, institution_id=nile, by=by)
    assert len(consents(mona.id, institution_id=nile, by=clerk)) == 1


def test_of_many_at_the_same_instant_each_is_one_step_of_the_history(
    nile: UUID, mona: Customer, herself: Author
) -> None:
    published(nile)

    def enter(n: int) -> None:
        try:
            _ = given(mona, nile, herself) if n % 2 else withdrawn(mona, nile, herself)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(enter, range(12)))
    history = [
        one.given for one in reversed(consent_history(mona.id, institution_id=nile, purpose="offers", by=herself))
    ]
    assert history == [n % 2 == 0 for n in range(len(history))]


@pytest.mark.parametrize("table", ["people_consent", "people_consent_text"])
@pytest.mark.parametrize("deed", ["UPDATE {} SET version = 7", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_database_lets_history_only_grow(
    nile: UUID, mona: Customer, herself: Author, table: str, deed: str
) -> None:
    published(nile)
    given(mona, nile, herself)
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute(deed.format(table))


def test_the_database_knows_no_consent_without_its_text(nile: UUID, mona: Customer) -> None:
    with pytest.raises(DatabaseError, match="people_consent_of_a_text"):
        ConsentRow.objects.create(
            customer_id=mona.id, institution_id=nile, purpose="x", version=1, given=True, at=mona.created_at, channel="web",
            actor="system",
        )  # fmt: skip

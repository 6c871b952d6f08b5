"""Prepared answers and tags: whole or refused, edited by one person at a time, never another institution's."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from raseed.care import api as care
from raseed.kernel.errors import InputError
from raseed.kernel.ids import new_id
from raseed.kernel.text import UnacceptableText
from raseed.people import api as people
from raseed.people.tests.office import an_author
from raseed.people.tests.world import an_institution
from raseed.platform.api import SameIdOtherContent
from raseed.platform.models import AuditRow

from .talk import VIEW, WORK, House

TEXTS = {"en": "Good morning. {fact:balance}", "ar": "صباح الخير. {fact:balance}"}


def written(house: House, **more: Any) -> care.Macro:
    asked: dict[str, Any] = {
        "id": new_id(), "institution_id": house.id, "slug": "balance", "title": "Balance", "texts": TEXTS, "by": house.boss,
        "reason": "often asked", "clock": house.clock,
    }  # fmt: skip
    return care.edit_macro(**(asked | more))


def a_tag(house: House, name: str, **more: Any) -> care.Tag:
    asked: dict[str, Any] = {
        "id": new_id(), "institution_id": house.id, "name": name, "by": house.boss, "reason": "to sort", "clock": house.clock,
    }  # fmt: skip
    return care.make_tag(**(asked | more))


def test_who_edits_what_a_colleague_has_edited_meanwhile_is_told(house: House) -> None:
    made = written(house, expected_version=0)
    assert made.version == 1
    assert written(house, id=made.id, expected_version=0) == made, "sent twice, it is written once"
    mine = written(house, id=made.id, title="Balance now", expected_version=1)
    assert mine.version == 2
    with pytest.raises(care.MacroMoved) as moved:
        written(house, id=made.id, title="Another", expected_version=1)
    assert moved.value.params == {"version": 2}
    assert [each.title for each in care.macros(house.id, by=house.salma)] == ["Balance now"]
    assert AuditRow.objects.filter(action="care.macro_edited").count() == 2


def test_a_withdrawn_macro_is_offered_no_more_and_can_be_brought_back(house: House) -> None:
    made = written(house)
    gone = written(house, id=made.id, active=False, expected_version=1)
    assert care.macros(house.id, by=house.salma) == []
    assert [each.id for each in care.macros(house.id, by=house.salma, withdrawn=True)] == [made.id]
    with pytest.raises(care.UnknownMacro):
        care.fill_macro(made.id, language="en", facts=[], by=house.salma)
    assert care.macro_of(made.id, by=house.salma) == gone
    written(house, id=made.id, expected_version=2)
    assert [each.version for each in care.macros(house.id, by=house.salma)] == [3]


def test_what_was_begun_from_a_macro_that_is_withdrawn_meanwhile_still_needs_its_facts(house: House) -> None:
    one, made = house.hears(), written(house)
    written(house, id=made.id, active=False)
    with pytest.raises(care.FactsMissing) as missing:
        house.answers(one, "Good morning. It came at 14:33.", macro_id=made.id)
    assert missing.value.kinds == ("balance",)
    assert house.now_is(one).unanswered == 1


def test_a_macro_of_another_institution_is_none_here(house: House) -> None:
    other = an_institution(slug="delta")
    theirs = an_author(other.id, VIEW, WORK, "care.macros.edit")
    made = written(house, institution_id=other.id, by=theirs)
    with pytest.raises(care.UnknownMacro):
        house.answers(house.hears(), "It came at 14:33.", macro_id=made.id)
    for attempt in (
        lambda: care.macro_of(made.id, by=house.boss),
        lambda: written(house, id=made.id),
        lambda: care.fill_macro(new_id(), language="en", facts=[], by=house.salma),
    ):
        with pytest.raises(care.UnknownMacro):
            attempt()
    with pytest.raises(people.NotPermitted):
        written(house, institution_id=other.id)


@pytest.mark.parametrize("text", ["", " ", "x" * 4097, "pay \u202eyltrohs", "{fact:balance} {fact:weather}"])
def test_a_text_that_can_not_be_sent_is_not_kept(house: House, text: str) -> None:
    with pytest.raises((UnacceptableText, care.UnknownFactKind)):
        written(house, texts={"en": text})
    with pytest.raises(people.UnknownLanguage):
        written(house, texts={"fr": "Bonjour"})
    assert care.macros(house.id, by=house.salma) == []


def test_every_kind_of_fact_that_macros_may_name_has_words() -> None:
    assert {"balance", "payment", "bill", "loan"} <= set(care.tellable())
    assert all(each.words and each.example for each in care.tellable().values())


def test_only_words_of_the_list_are_put_on_and_retired_ones_stay_where_they_are(house: House) -> None:
    one = house.hears()
    refund, vip = a_tag(house, "Refund asked"), a_tag(house, "vip")
    assert refund.name == "refund-asked"
    care.change_tags(one, on=["vip"], by=house.salma, clock=house.clock)
    care.retire_tag(vip.id, by=house.boss, reason="nobody uses it", clock=house.clock)
    care.retire_tag(vip.id, by=house.boss, reason="nobody uses it", clock=house.clock)
    told = care.change_tags(one, on=["refund-asked"], by=house.salma, clock=house.clock)
    assert told.tags == ("refund-asked", "vip"), "what a colleague put on stays, though it is retired"
    for wrong in ("vip2", "', '"):
        with pytest.raises(care.UnknownTag):
            care.change_tags(one, on=[wrong], by=house.salma, clock=house.clock)
    assert care.change_tags(one, off=["vip"], by=house.salma, clock=house.clock).tags == ("refund-asked",)
    with pytest.raises(care.UnknownTag):
        care.change_tags(one, on=["vip"], by=house.salma, clock=house.clock)
    assert [each.name for each in care.tags(house.id, by=house.salma)] == ["refund-asked"]
    assert [each.name for each in care.tags(house.id, by=house.salma, retired=True)] == ["vip"]
    assert AuditRow.objects.filter(action="care.tag_retired").count() == 1


def test_a_retired_word_made_again_is_the_same_tag(house: House) -> None:
    vip = a_tag(house, "vip")
    assert a_tag(house, "vip", id=vip.id) == vip
    with pytest.raises(care.TagTaken):
        a_tag(house, "VIP")
    with pytest.raises(SameIdOtherContent):
        a_tag(house, "other", id=vip.id)
    care.retire_tag(vip.id, by=house.boss, reason="nobody uses it", clock=house.clock)
    assert a_tag(house, "vip").id == vip.id


@pytest.mark.parametrize("name", ["", "  ", "x" * 41, "a\u202eb", "a\u200bb", "a\x00b"])
def test_a_word_that_can_not_be_read_is_no_tag(house: House, name: str) -> None:
    with pytest.raises(InputError):
        a_tag(house, name)


def test_only_who_may_makes_and_retires_tags(house: House) -> None:
    vip = a_tag(house, "vip")
    elsewhere = an_author(an_institution(slug="delta").id, VIEW, "care.tags.edit")
    with pytest.raises(people.NotPermitted):
        a_tag(house, "mine", by=house.salma)
    with pytest.raises(people.NotPermitted):
        care.retire_tag(vip.id, by=house.salma, reason="not mine")
    ids: list[tuple[UUID, people.Author]] = [(vip.id, elsewhere), (new_id(), house.boss)]
    for id_, by in ids:
        with pytest.raises(care.UnknownTag):
            care.retire_tag(id_, by=by, reason="not here")

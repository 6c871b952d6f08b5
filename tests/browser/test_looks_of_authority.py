"""The office's pages of limits, chains, ties, prepared answers, tags and merges in a browser: three languages, narrow and wide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.web.tests.office.house import NILE
from raseed.web.tests.visitor import Visit
from tests.browser.test_desk import bureau
from tests.browser.test_looks import LANGUAGES
from tests.browser.test_looks_of_terms import look
from tests.browser.test_office import sign_in

if TYPE_CHECKING:
    from uuid import UUID

    from raseed.web.tests.desk.bureau import Bureau

pytestmark = pytest.mark.browser
__all__ = ["bureau"]
REASON = "كما اتُّفق عليه"


def granted(bureau: Bureau) -> dict[str, Any]:
    """Let limits, a chain, ties and pieces be there, and proposals wait; return what pages are named by."""
    from raseed.care.api import authority  # noqa: PLC0415  (models need Django set up)
    from raseed.kernel.money import Money  # noqa: PLC0415
    from raseed.people.tests.office import an_author  # noqa: PLC0415

    basma, salma = (people.author_of_staff(each.staff.id) for each in (bureau.house.basma, bureau.house.salma))
    sure, role = an_author(NILE, "care.limits.confirm"), authority.HolderKind.ROLE
    agents, bosses = (people.role_by_slug(NILE, slug).id for slug in ("agent", "supervisor"))

    def limit_of(holder: UUID, act_minor: int) -> people.Change:
        return authority.propose_limit(
            id=new_id(), institution_id=NILE, holder_kind=role, holder_id=holder, action="goodwill_credit",
            currency_code="EGP", bounds=authority.Bounds(act_minor, 100_00, 10_000_00, 5, None, 30), reason=REASON, by=basma,
        )  # fmt: skip

    for holder, act_minor in ((agents, 10_00), (bosses, 99_999_99)):
        people.confirm_change(limit_of(holder, act_minor).id, by=sure)
    change = limit_of(agents, 20_00)
    steps = [
        authority.ChainStep(role, bosses, 4 * 3600),
        authority.ChainStep(authority.HolderKind.STAFF, bureau.house.tamer.staff.id, 86_400),
    ]
    chain = authority.propose_chain(id=new_id(), institution_id=NILE, action="", steps=steps, reason=REASON, by=basma)
    people.confirm_change(chain.id, by=sure)
    wallet = bureau.house.street.layla_wallet
    asked = [
        authority.ask(
            id=new_id(), action="goodwill_credit", institution_id=NILE, customer_id=wallet.owner_id, reason="late answer",
            subject=f"account:{wallet.id}", amount=Money(minor, wallet.currency), by=salma,
        )
        for minor in (6_00, 7_00)
    ]  # fmt: skip
    authority.approve(asked[1].id, by=people.author_of_staff(bureau.house.hoda.staff.id))
    authority.declare_tie(
        id=new_id(), institution_id=NILE, staff_id=bureau.house.salma.staff.id, customer_id=bureau.house.street.mona.id,
        kind=authority.TieKind.FAMILY, reason="her sister", by=salma,
    )  # fmt: skip
    limit = next(each for each in authority.limits(NILE, by=basma) if each.holder_id == agents)
    return {"limit": limit.id, "change": change.id, "chain": chain.id}


def prepared(bureau: Bureau) -> Any:
    """Let prepared answers and tags be there; return one of the answers."""
    from raseed.care import api as care  # noqa: PLC0415  (as above)

    for name in ("استرداد", "vip", "very-long-tag-of-a-conversation-about-loans"[:40]):
        care.make_tag(id=new_id(), institution_id=NILE, name=name, by=people.SYSTEM, reason="to sort")
    return care.edit_macro(
        id=new_id(), institution_id=NILE, slug="balance-now", title="الرصيد الآن", by=people.SYSTEM, reason="often asked",
        texts={
            "ar": "أهلاً بكم.\n{fact:balance}\nفريق خدمة العملاء", "en": "Hello.\n{fact:balance}\nPlease wait.",
            "he": "שלום.\n{fact:balance}",
        },
    )  # fmt: skip


def joined(bureau: Bureau) -> None:
    """Let both customers be known from one sender, and a merge of them wait."""
    layla, mona = bureau.house.street.layla, bureau.house.street.mona
    sender = people.identity_for(channel="whatsapp", scope="w", external_ids=["wa:201005550000"], name="ليلى ومنى")
    for each in (layla, mona):
        people.link_identity(sender.id, customer_id=each.id, how="staff", by=people.SYSTEM, reason="they said so")
    people.merge_customers(
        kept=layla.id, merged=mona.id, institution_id=NILE, reason="the same card",
        by=people.author_of_staff(bureau.house.salma.staff.id),
    )  # fmt: skip


def pages(bureau: Bureau, made: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    at, layla, mona = "/office/care/authority", bureau.house.street.layla.id, bureau.house.street.mona.id
    yield "basma", "authority", at
    yield "basma", "limit-new", f"{at}/limits/new"
    yield "basma", "limit-change", f"{at}/limits/{made['limit']}"
    yield "basma", "chains", f"{at}/chains"
    yield "basma", "chain", f"{at}/chains/everything-else"
    yield "basma", "change-limit", f"/office/changes/{made['change']}"
    yield "basma", "change-chain", f"/office/changes/{made['chain']}"
    yield "salma", "my-limits", "/office/me/limits"
    yield "salma", "ask", f"/office/desk/{made['talk']}/ask"
    yield "salma", "merge-search", f"/office/people/{layla}/merge"
    yield "salma", "merge", f"/office/people/{layla}/merge/{mona}"
    yield "salma", "merges", "/office/merges"
    yield "salma", "talk", f"/office/desk/{made['talk']}"
    yield "hoda", "report", f"{at}/report"
    yield "hoda", "ties", f"{at}/ties"
    yield "hoda", "tie-new", f"{at}/ties/new"
    yield "hoda", "macros", "/office/care/macros"
    yield "hoda", "macro", f"/office/care/macros/{made['macro']}"
    yield "hoda", "tags", "/office/care/tags"


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_authority_fit_are_read_tapped_and_named(bureau: Bureau, visit: Visit, language: str) -> None:
    from raseed.care import api as care  # noqa: PLC0415  (as above)

    talk = bureau.write()
    bureau.proven(talk)
    made = granted(bureau) | {"talk": talk, "macro": prepared(bureau).id}
    care.change_tags(talk, on=["vip", "استرداد"], by=people.author_of_staff(bureau.house.salma.staff.id))
    joined(bureau)
    found: dict[str, Any] = {}
    with visit(language, reduced_motion="reduce") as visitor:
        who = ""
        for name, page, path in pages(bureau, made):
            if name != who:
                who = name
                sign_in(visitor, getattr(bureau.house, name))
            visitor.go(path)
            look(visitor, language, f"authority-{page}", found)
    assert not found, found


def test_what_was_begun_from_a_prepared_answer_stays_so_until_it_is_taken_out(bureau: Bureau, visit: Visit) -> None:
    talk = bureau.write()
    bureau.proven(talk)
    macro = prepared(bureau)
    with visit("ar", reduced_motion="reduce") as visitor:
        page = visitor.page
        sign_in(visitor, bureau.house.salma)
        visitor.go(f"/office/desk/{talk}")
        page.select_option("[name=macro]", str(macro.id))
        visitor.press("button[value=macro]")
        page.fill("#text", "أهلاً بكم. سأكتب لكم اليوم الساعة 16:00")
        visitor.go("/office/desk/")
        visitor.go(f"/office/desk/{talk}")
        assert page.input_value("[name=begun]") == str(macro.id)
        assert page.is_visible("#begun")
        visitor.press("button[value=leave-macro]")
        assert (page.input_value("#text"), page.input_value("[name=begun]")) == ("", "")
        visitor.go(f"/office/desk/{talk}")
        assert (page.input_value("#text"), page.is_visible("#begun")) == ("", False)

"""The desk in a browser: answering without the mouse, what a colleague writes, and how it looks in three languages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.db import transaction

from raseed.care import api as care
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.web.tests.visitor import NARROW, WIDE, Visit, Visitor
from tests.browser.test_looks import LANGUAGES
from tests.browser.test_looks_of_terms import look
from tests.browser.test_office import sign_in

if TYPE_CHECKING:
    from raseed.web.tests.desk.bureau import Bureau

pytestmark = pytest.mark.browser
GOOD = "أهلاً ليلى، أنا سلمى. راجعت حسابكم الآن، وسأكتب لكم اليوم الساعة 16:00 بما وجدت."


@pytest.fixture
def bureau(address: str, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    """A desk with a line on which customers write."""
    from raseed.web.tests.desk.bureau import build_bureau  # noqa: PLC0415  (models need Django set up)
    from raseed.web.tests.office.house import cheap_passwords  # noqa: PLC0415  (as above)
    from raseed.web.tests.street import known_codes  # noqa: PLC0415  (as above)

    del address
    known_codes(monkeypatch)
    cheap_passwords(monkeypatch)
    return build_bureau()


def busy(bureau: Bureau) -> UUID:
    """Let a day have happened; return the conversation of Layla, whom a colleague has answered once."""
    now = SYSTEM_CLOCK.now()
    pairs = [
        ("שלום, מתי מגיע החשבון? +972 50 000 0001", "+972500000001", "דנה"),
        ("Hello, my card was declined at 14:03. Ref. A1B2C3", "+447700900123", "Sam"),
        ("العداد يقرأ 04711 والفاتورة تقول 05200", "+201001112233", "كريم"),
    ]
    for place, (text, phone, name) in enumerate(pairs):
        bureau.write(text, phone=phone, name=name, at=now - timedelta(minutes=40 - place))
    id_ = bureau.write(at=now - timedelta(minutes=30))
    bureau.proven(id_)
    hoda = people.author_of_staff(bureau.house.hoda.staff.id)
    care.note(id_, text="اتصلت الزبونة أمس أيضاً (branch 12)", by=hoda)
    one = care.conversation(id_, by=hoda)
    care.reply(id_, client_message_id=new_id(), text=GOOD.replace("سلمى", "نور"), expected_version=one.version, by=hoda)
    bureau.write("شكراً، لكن المبلغ 250 ج.م لم يصل بعد إلى IBAN EG38 0019", at=now)
    return id_


def lost(bureau: Bureau, conversation_id: UUID) -> None:
    """Let there be a second team and lines for calls and visits, and let an answer fail that was sent with two files."""
    from raseed.care.conversations.delivery import delivery_changed  # noqa: PLC0415  (models need Django set up)
    from raseed.channels import api as channels  # noqa: PLC0415  (as above)
    from raseed.channels.models import OutgoingRow  # noqa: PLC0415  (as above)
    from raseed.channels.sending.moving import move  # noqa: PLC0415  (as above)

    house = bureau.line.institution_id
    for channel, address, name in (("phone", "+20225550100", "مركز الاتصال"), ("branch", "downtown", "فرع وسط البلد")):
        channels.register_line(
            id=new_id(), institution_id=house, channel=channels.Channel(channel), address=address, names={"ar": name},
            by=people.SYSTEM,
        )  # fmt: skip
    care.duty.make_team(
        id=new_id(), institution_id=house, slug="loans", names={"ar": "القروض", "he": "הלוואות", "en": "Loans"},
        calendar_id=care.duty.default_team(house).calendar_id, lead=bureau.house.hoda.staff.id, by=people.SYSTEM,
        keeps_after_shift=False, reason="a second team",
    )  # fmt: skip
    one = care.conversation(conversation_id, by=people.SYSTEM)
    pdf = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
    made = care.reply(
        conversation_id, client_message_id=new_id(), text=GOOD, expected_version=one.version,
        media=[care.ReplyMedia(name, "application/pdf", pdf) for name in ("إيصال.pdf", "statement-2026-11.pdf")],
        by=people.author_of_staff(bureau.house.salma.staff.id),
    )  # fmt: skip
    assert made.message_id is not None
    with transaction.atomic():
        row = OutgoingRow.objects.get(id=made.message_id)
        move(row, channels.OutgoingState.FAILED, at=SYSTEM_CLOCK.now(), code="provider_trouble", clock=SYSTEM_CLOCK)
    delivery_changed(made.message_id)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_the_desk_fit_are_read_tapped_and_named(bureau: Bureau, visit: Visit, language: str) -> None:
    id_ = busy(bureau)
    salma = people.author_of_staff(bureau.house.salma.staff.id)
    case = care.open_case(id_, category=care.Category.TRANSFER, title="تحويل 250 لم يصل", by=salma)
    lost(bureau, id_)
    found: dict[str, Any] = {}
    with visit(language, reduced_motion="reduce") as visitor:
        sign_in(visitor, bureau.house.salma)
        for name, path in (
            ("inbox", "/office/desk/?box=open"),
            ("conversation", f"/office/desk/{id_}?box=open"),
            ("contact", "/office/desk/contact"),
            ("contact-of-layla", f"/office/desk/contact?customer={bureau.house.street.layla.id}&q=xx"),
            ("cases", "/office/desk/cases"),
            ("case", f"/office/desk/cases/{case.id}"),
            ("papers", "/office/desk/papers"),
        ):
            visitor.go(path)
            look(visitor, language, f"desk-{name}", found)
    assert not found, found


def test_an_answer_with_a_fact_is_given_without_the_mouse(bureau: Bureau, visit: Visit) -> None:
    id_ = busy(bureau)
    with visit("ar", width=WIDE) as visitor:
        sign_in(visitor, bureau.house.salma)
        visitor.go("/office/desk/?box=open")
        page = visitor.page
        page.keyboard.press("j")
        page.wait_for_function("document.activeElement.matches('a.conv')")
        visitor.go(f"/office/desk/{id_}?box=open")
        assert hides_nothing(visitor)
        page.keyboard.press("r")
        page.keyboard.type(GOOD)
        page.keyboard.press("Alt+1")
        written = page.input_value("#text")
        assert written.startswith(GOOD)
        assert "١٬٠٠٠٫٠٠" in written
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        assert page.is_visible("#keys")
        visitor.picture("desk-keys")
        page.keyboard.press("Escape")
        page.keyboard.press("r")
        with page.expect_navigation():
            page.keyboard.press("Control+Enter")
        assert page.input_value("#text") == ""
        assert page.locator(".thread .out").count() == 2
    sent = [each for each in care.entries(id_, by=people.SYSTEM).entries if each.kind is care.EntryKind.OUT]
    assert len(sent[-1].facts) == 1


def test_what_is_written_is_kept_when_the_page_is_left(bureau: Bureau, visit: Visit) -> None:
    id_ = busy(bureau)
    with visit("ar", width=NARROW) as visitor:
        sign_in(visitor, bureau.house.salma)
        visitor.go(f"/office/desk/{id_}")
        visitor.page.fill("#text", "نصف جواب")
        visitor.go("/office/desk/")
        visitor.go(f"/office/desk/{id_}")
        assert visitor.page.input_value("#text") == "نصف جواب"


def test_what_a_customer_writes_meanwhile_is_fetched_and_marked(bureau: Bureau, visit: Visit) -> None:
    id_ = busy(bureau)
    with visit("en", width=WIDE) as visitor:
        sign_in(visitor, bureau.house.salma)
        visitor.go(f"/office/desk/{id_}")
        bureau.write("ألو؟ هل من أحد؟")
        visitor.page.evaluate("htmx.trigger(document.body, 'changed')")
        visitor.page.wait_for_selector(".thread .fresh >> text=ألو؟ هل من أحد؟")


OVERLAPS = """() => {
  const parts = [...document.querySelectorAll("#answer > :not(.unseen)")].map((one) => one.getBoundingClientRect()).filter((box) => box.height);
  return parts.slice(1).filter((box, at) => box.top < parts[at].bottom - 1).length;
}"""


def hides_nothing(visitor: Visitor) -> bool:
    """Whether the box to write in is in sight, and nothing of the form lies over another part of it."""
    return bool(visitor.page.is_visible("#text")) and not visitor.page.evaluate(OVERLAPS)


def test_without_script_a_fact_is_put_in_and_sent(bureau: Bureau, visit: Visit) -> None:
    id_ = busy(bureau)
    with visit("en", width=WIDE, script=False) as visitor:
        sign_in(visitor, bureau.house.salma)
        visitor.go(f"/office/desk/{id_}")
        visitor.page.fill("#text", GOOD)
        visitor.press("button.put >> nth=0")
        assert "١٬٠٠٠٫٠٠" in visitor.page.input_value("#text")
        visitor.press("#answer [data-main]")
    sent = [each for each in care.entries(id_, by=people.SYSTEM).entries if each.kind is care.EntryKind.OUT]
    assert len(sent[-1].facts) == 1

"""A conversation from complaint to settled refund: the customer's telephone, the agent's desk and the approver's, and what the tables hold.

The customer writes by WhatsApp (the demo's simulator delivers it, signed, to the rail), the worker makes a conversation of it, the
desk hears of it by itself. Each step is held against what the person sees and against what is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import pytest

from raseed.banking import api as banking
from raseed.care import api as care
from raseed.care.api import authority
from raseed.care.clocks import api as clocks
from raseed.care.duty import api as duty
from raseed.channels import api as channels
from raseed.kernel.calendars import Hours, opening, week
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.ledger import api as ledger
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.platform import api as platform
from raseed.web.tests.street import LAYLA_PHONE, NILE
from raseed.web.tests.visitor import NARROW, WIDE, Visit, Visitor
from tests.browser.test_looks import wrong_with
from tests.browser.test_office import sign_in

if TYPE_CHECKING:
    from raseed.web.tests.office.house import House
    from tests.browser.playing import Playing

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FEE: Final = 2_50
COMPLAINT: Final = "خصمتم رسوماً على تحويلي إلى منى مع أنكم تقولون إن التحويل مجاني. أرفقت صورة الكشف."
EMPTY: Final = "جارٍ تحديث بياناتك، يرجى الانتظار"
FIRST: Final = "أهلاً ليلى، أنا سلمى. راجعت دفعتكم الآن، وطلبت ردّ رسومها. "
LAST: Final = "أُعيدت الرسوم إلى محفظتكم، ونعتذر عن خصمها. "
IN_THE_END: Final = "أُعيدت رسوم الدفعة كاملة، وأُبلغت الزبونة كتابةً."
WAITS_MS: Final = 20_000
"""What goes through rail, worker and pulse may take so long on a busy machine."""


@dataclass
class Stage:
    """The house, its telephones and lines, and a payment that was charged for."""

    house: House
    playing: Playing
    folder: Path
    paid: payments.Payment

    def balance(self, account_id: UUID) -> int:
        """Return what the ledger itself holds for an account, minor units."""
        sums = ledger.look_up_accounts([account_id])[account_id].balances
        return sums.credits_posted - sums.debits_posted

    @property
    def wallet(self) -> int:
        """What the customer has."""
        return self.balance(self.house.street.layla_wallet.id)

    @property
    def fees(self) -> int:
        """What the institution has earned by fees."""
        return self.balance(banking.internal_account(NILE, banking.InternalRole.FEES).id)


@pytest.fixture
def stage(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Everything runs, and a payment of Layla's has cost her a fee."""
    from raseed.demo.channels.lines import Customer  # noqa: PLC0415  (models need Django set up)
    from raseed.web.tests.office.house import build_house, cheap_passwords  # noqa: PLC0415  (as above)
    from raseed.web.tests.street import known_codes  # noqa: PLC0415  (as above)
    from tests.browser.playing import playing  # noqa: PLC0415  (as above)

    del address
    known_codes(monkeypatch)
    cheap_passwords(monkeypatch)
    house = build_house()
    work_at_any_hour(house)
    let_decide()
    paid = paid_with_a_fee(house)
    there = [Customer(LAYLA_PHONE, "ليلى", "ar")]
    with playing(NILE, tmp_path, people_there=there) as running:
        yield Stage(house, running, tmp_path, paid)


def paid_with_a_fee(house: House) -> payments.Payment:
    """Let Layla pay Mona 250, at a price."""
    wallet = house.street.layla_wallet
    banking.set_fee(
        product_id=wallet.product.id, event=banking.FeeEvent.TRANSFER_ON_US, amount_minor=FEE,
        valid_from=banking.business_date(NILE, SYSTEM_CLOCK.now()), actor="system", reason="a price",
    )  # fmt: skip
    return payments.send(
        id=new_id(), actor_customer_id=house.street.layla.id, from_account_id=wallet.id,
        to=banking.Alias(banking.AliasKind.PHONE, house.street.mona.phone), amount=Money(250_00, wallet.currency),
    )  # fmt: skip


def work_at_any_hour(house: House) -> None:
    """Let Salma answer customers around the clock, under Hoda: the play is played at any hour."""
    always = duty.make_calendar(
        id=new_id(), institution_id=NILE, slug="always", names={"en": "Always", "ar": "دائماً"},
        hours=Hours("Africa/Cairo", week((opening("00:00", "24:00"),))), by=people.SYSTEM, reason="a test",
    )  # fmt: skip
    team = duty.make_team(
        id=new_id(), institution_id=NILE, slug="care", names={"en": "Customer care", "ar": "خدمة العملاء"},
        calendar_id=always.id, lead=house.hoda.staff.id, keeps_after_shift=True, by=people.SYSTEM, reason="a test",
    )  # fmt: skip
    for one in (house.salma, house.hoda):
        duty.add_member(team_id=team.id, staff_id=one.staff.id, by_shifts=False, by=people.SYSTEM, reason="a test")


def let_decide() -> None:
    """Let agents give back fees of a pound, supervisors of twenty, and decide about what is beyond an agent."""
    from raseed.people.tests.office import an_author  # noqa: PLC0415  (models need Django set up)

    asks, confirms = (an_author(NILE, f"care.limits.{what}") for what in ("propose", "confirm"))
    supervisors = people.role_by_slug(NILE, "supervisor").id
    role = authority.HolderKind.ROLE
    told: dict[str, Any] = {"institution_id": NILE, "reason": "as agreed", "by": asks}
    for slug, most in (("agent", 1_00), ("supervisor", 20_00)):
        change = authority.propose_limit(
            id=new_id(), holder_kind=role, holder_id=people.role_by_slug(NILE, slug).id, action="refund_fee",
            currency_code="EGP", bounds=authority.Bounds(most, 10 * most, 10 * most), **told,
        )  # fmt: skip
        people.confirm_change(change.id, by=confirms)
    steps = [authority.ChainStep(role, supervisors, 3_600)]
    change = authority.propose_chain(id=new_id(), action="", steps=steps, **told)
    people.confirm_change(change.id, by=confirms)


@dataclass
class Story:
    """Who sits before which page, and what has come of it so far."""

    stage: Stage
    customer: Visitor
    agent: Visitor
    approver: Visitor
    began: Any = field(default_factory=SYSTEM_CLOCK.now)
    talk: UUID = field(default_factory=new_id)

    @property
    def salma(self) -> people.Author:
        return people.author_of_staff(self.stage.house.salma.staff.id)

    @property
    def now_is(self) -> care.Conversation:
        return care.conversation(self.talk, by=people.SYSTEM)

    @property
    def answers(self) -> list[care.Entry]:
        found = care.entries(self.talk, by=people.SYSTEM).entries
        return [each for each in found if each.kind is care.EntryKind.OUT]

    def key(self, key: str) -> None:
        """Press a key that leads to another page."""
        with self.agent.page.expect_navigation():
            self.agent.page.keyboard.press(key)

    def says(self, who: Visitor, selector: str, words: str) -> None:
        """Wait until a page shows words somewhere, without being loaded again."""
        who.page.wait_for_selector(f"{selector} >> text={words}", timeout=WAITS_MS)

    def complains(self) -> None:
        """The customer takes a picture of her statement and sends it with her complaint; the open desk shows it by itself."""
        self.agent.go("/office/desk/?box=open")
        photo = self.stage.folder / "كشف.jpg"
        self.customer.sign_in()
        self.customer.go(f"/accounts/{self.stage.house.street.layla_wallet.id}")
        self.customer.page.screenshot(path=str(photo), type="jpeg", quality=60)
        page = self.customer.page
        page.goto(self.stage.playing.chat_of(LAYLA_PHONE))
        page.fill("textarea[name=text]", COMPLAINT)
        page.set_input_files("input[type=file]", str(photo))
        self.customer.press("form.write button")
        page.wait_for_selector(".said.mine img")
        self.customer.picture("play-phone-complaint")
        self.says(self.agent, "a.conv", "خصمتم رسوماً على تحويلي")
        self.agent.picture("play-desk-inbox")
        (found,) = care.conversations(institution_id=NILE, by=people.SYSTEM, wanted=care.EVERYTHING).conversations
        self.talk = found.id
        assert (found.channel, found.customer_id, found.proof) == (
            "whatsapp",
            self.stage.house.street.layla.id,
            "claimed",
        )

    def is_opened_without_the_mouse(self) -> None:
        """The agent opens it by keyboard and takes it up; nothing of the account may be told yet."""
        page = self.agent.page
        page.keyboard.press("j")
        page.wait_for_function("document.activeElement.matches('a.conv')")
        self.key("Enter")
        assert str(self.talk) in page.url
        self.says(self.agent, "#thread .in", "أرفقت صورة الكشف")
        page.wait_for_selector("#thread .in .files img", timeout=WAITS_MS)
        assert page.evaluate("[document.documentElement.lang, getComputedStyle(document.body).direction]") == [
            "ar",
            "rtl",
        ]
        assert page.locator("button.put").count() == 0, "no fact goes to somebody who is not proven"
        assert page.locator("#cards .fact").count() > 0, "the agent sees what they may"
        self.key("t")
        now, me = self.now_is, self.stage.house.salma.staff.id
        assert (now.assignee, now.accountable) == (me, me)
        running = care.clocks_of([self.talk], at=SYSTEM_CLOCK.now())[self.talk]
        assert {each.kind.value for each in running} == {"first_answer", "resolution"}
        assert {each.accountable for each in running} == {me}

    def proves_who_she_is(self) -> None:
        """A code goes to the number on record; she writes it in the chat, in her own digits; the open desk shows it by itself."""
        page = self.customer.page
        self.agent.press("form[action$='/ask-code'] button")
        page.goto(self.stage.playing.texts_of(LAYLA_PHONE))
        text = page.wait_for_selector("article >> text=يثبت أن من يراسلنا", timeout=WAITS_MS)
        assert text is not None
        code = re.search(r"\d{6}", text.inner_text())
        assert code is not None
        eastern = code[0].translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
        page.goto(self.stage.playing.chat_of(LAYLA_PHONE))
        page.fill("textarea[name=text]", f"الرمز {eastern}")
        self.customer.press("form.write button")
        self.agent.page.wait_for_selector("#cards button.put", timeout=WAITS_MS)
        self.agent.picture("play-desk-proven")
        assert self.agent.page.locator("form[action$='/ask-code']").count() == 0
        assert eastern not in self.agent.page.inner_text("#thread")
        assert self.now_is.proof == "proven"

    def becomes_a_case(self) -> None:
        """The agent opens a case, and the picture goes with it."""
        page = self.agent.page
        self.key("c")
        self.agent.picture("play-desk-case-form")
        for width in (NARROW, WIDE):
            self.agent.look(width=width, scheme="light")
            assert not (wrong := wrong_with(self.agent, "ar", width)), wrong
        page.select_option("#category", "fee")
        page.fill("#title", "رسوم على تحويل مجاني")
        assert page.locator("input[name=media]:checked").count() == 1
        self.agent.press("button[value=open]")
        (case,) = care.cases(institution_id=NILE, by=people.SYSTEM).cases
        (paper,) = case.attachments
        assert (paper.state, paper.filed_by) == ("kept", self.salma.actor)
        assert self.now_is.case_id == case.id
        page.click(f"#head a[href$='{case.id}']")
        page.wait_for_selector(".hits >> text=كشف.jpg" if paper.media and paper.media.name else ".hits a")
        self.agent.picture("play-desk-case")
        self.agent.go(f"/office/desk/{self.talk}?box=open")

    def is_kept_from_saying_nothing(self) -> None:
        """An answer that says nothing is stopped with the reason; nothing leaves, nothing typed is lost."""
        page = self.agent.page
        page.keyboard.press("r")
        page.keyboard.type(EMPTY)
        self.key("Control+Enter")
        assert page.locator(".findings li").count() >= 1
        assert page.is_visible("#override")
        assert page.input_value("#text") == EMPTY
        self.agent.picture("play-desk-stopped")
        assert self.answers == []
        assert platform.audit_records(actor=self.salma.actor, action="care.reply_stopped", limit=1).records
        page.fill("#text", "")

    def fact(self, words: str) -> str:
        """Return the number of the fact whose words for the customer hold these."""
        button = self.agent.page.locator(f'button.put[data-text*="{words}"]').first
        return button.inner_text()

    def answers_with_a_fact(self, said: str, words: str) -> None:
        """The agent writes, puts a fact in by one key, and sends, without the mouse."""
        page = self.agent.page
        page.keyboard.press("r")
        page.keyboard.type(said)
        number = self.fact(words)
        assert len(number) == 1, "within reach of one key"
        page.keyboard.press(f"Alt+{number}")
        assert words in page.input_value("#text")
        self.key("Control+Enter")
        assert page.input_value("#text") == "", page.inner_text("#answer")
        assert len(self.answers[-1].facts) == 1

    def asks_for_the_fee(self) -> UUID:
        """The fee is above the agent's limit: it is put before the supervisor, by name and with a time; no money moves."""
        page, before = self.agent.page, (self.stage.wallet, self.stage.fees)
        page.keyboard.press("Escape")
        self.key("p")
        page.select_option("#action", "refund_fee")
        page.select_option("#subject", f"payment:{self.stage.paid.id}")
        page.fill("#reason", "قيل للزبونة إن التحويل مجاني")
        self.agent.press("main form[data-once] .button >> nth=-1")
        assert "هدى منصور" in page.inner_text("main")
        assert page.locator("button[value=approve]").count() == 0, "nobody decides about what they asked for"
        self.agent.picture("play-desk-asked")
        (request,) = authority.requests(NILE, by=people.SYSTEM).requests
        assert request.state is authority.RequestState.AWAITING
        assert (request.amount, request.assigned_to) == (
            Money(FEE, self.stage.house.street.layla_wallet.currency), self.stage.house.hoda.staff.id,
        )  # fmt: skip
        assert (self.stage.wallet, self.stage.fees) == before == (1_000_00 - 250_00 - FEE, FEE)
        self.agent.go(f"/office/desk/{self.talk}?box=open")
        return request.id

    def is_decided_by_another(self, request_id: UUID) -> None:
        """The supervisor finds it among what waits for her and approves; the ledger has the money back where it was."""
        page = self.approver.page
        sign_in(self.approver, self.stage.house.hoda)
        self.approver.go("/office/desk/requests")
        self.approver.picture("play-approver-list")
        self.approver.press(f"main a[href$='{request_id}']")
        page.fill("#reason", "الإعلان يقول مجاني")
        self.approver.press("button[value=approve]")
        assert page.locator(".badge.good").count() == 1
        self.approver.picture("play-approver-done")
        done = authority.request(request_id, by=people.SYSTEM)
        assert done.state is authority.RequestState.DONE
        assert {each.by for each in done.steps} >= {self.salma.actor, self.stage.house.hoda.staff.actor}
        assert (self.stage.wallet, self.stage.fees) == (1_000_00 - 250_00, 0)

    def sees_it_on_her_statement(self) -> None:
        """The customer's own page shows the fee given back and what she has now."""
        self.customer.go(f"/accounts/{self.stage.house.street.layla_wallet.id}")
        page = self.customer.page
        line = page.locator(".line", has_text="رسوم أُعيدت").first
        assert "٢٫٥٠" in line.inner_text()
        assert "٧٥٠٫٠٠" in page.inner_text("main")
        self.customer.picture("play-customer-statement")

    def hears_that_it_came_and_was_read(self) -> None:
        """The answer reaches her telephone, then she reads it; the open desk shows both by itself."""
        self.agent.page.wait_for_selector(".thread .out:last-of-type .ticks-of.delivered", timeout=WAITS_MS)
        page = self.customer.page
        page.goto(self.stage.playing.chat_of(LAYLA_PHONE))
        self.says(self.customer, ".said:not(.mine)", "أُعيدت الرسوم إلى محفظتكم")
        self.customer.picture("play-phone-answered")
        self.agent.page.wait_for_selector(".thread .out:last-of-type .ticks-of.read", timeout=WAITS_MS)
        self.agent.picture("play-desk-read")
        sent = channels.outgoing([each.message_id for each in self.answers if each.message_id])
        assert [each.state for each in sent.values()] == [channels.OutgoingState.READ] * 2
        assert all(each.delivered_at and each.read_at and each.attempts == 1 for each in sent.values())

    def ends(self) -> None:
        """The case ends with what was written, the conversation is closed by keyboard, and no clock runs any more."""
        page, case_id = self.agent.page, self.now_is.case_id
        assert case_id is not None
        self.agent.go(f"/office/desk/cases/{case_id}")
        page.fill("#text", IN_THE_END)
        page.select_option("#outcome", "upheld")
        self.agent.press("button[value=resolve]")
        assert page.locator(".head .badge.good").count() == 1
        assert IN_THE_END in page.inner_text("main")
        self.agent.go(f"/office/desk/{self.talk}?box=open")
        page.keyboard.press("e")
        page.keyboard.type("الرسوم أُعيدت وأُبلغت الزبونة")
        self.key("Control+Enter")
        self.agent.picture("play-desk-closed")
        case = care.case(case_id, by=people.SYSTEM)
        assert (case.state, case.outcome, case.resolution) == (care.CaseState.RESOLVED, care.Outcome.UPHELD, IN_THE_END)
        assert self.now_is.state is care.ConversationState.CLOSED
        running = care.clocks_of([self.talk, case_id], at=SYSTEM_CLOCK.now())
        assert not any(each.stopped_at is None for one in running.values() for each in one)

    def is_to_her_credit(self) -> None:
        """What the agent did stands on her record: answered in time, nothing broken."""
        record = clocks.record_of(
            self.stage.house.salma.staff.id, institution_id=NILE, since=self.began - timedelta(hours=1),
            until=SYSTEM_CLOCK.now() + timedelta(hours=1), by=self.salma,
        )  # fmt: skip
        assert (record.answered, record.answered_in_time, record.breaches) == (1, 1, ())


def test_a_complaint_becomes_a_settled_refund(stage: Stage, visit: Visit) -> None:
    """Told from the complaint to the end, in Arabic: on a telephone for the customer, on a wide screen for those who serve her."""
    with ExitStack() as pages:
        phone, desk, other = (pages.enter_context(visit("ar", width=width)) for width in (NARROW, WIDE, WIDE))
        story = Story(stage, phone, desk, other)
        sign_in(story.agent, stage.house.salma)
        story.complains()
        story.is_opened_without_the_mouse()
        story.proves_who_she_is()
        story.becomes_a_case()
        story.is_kept_from_saying_nothing()
        request_id = story.asks_for_the_fee()
        story.answers_with_a_fact(FIRST, stage.paid.reference)
        story.is_decided_by_another(request_id)
        story.sees_it_on_her_statement()
        story.agent.go(f"/office/desk/{story.talk}?box=open")
        story.answers_with_a_fact(LAST, "إعادة رسوم دفعة")
        story.hears_that_it_came_and_was_read()
        story.ends()
        story.is_to_her_credit()
        english = pages.enter_context(visit("en", width=WIDE))
        sign_in(english, stage.house.salma)
        english.go(f"/office/desk/{story.talk}?box=closed")
        assert not (wrong := wrong_with(english, "en", WIDE)), wrong
        english.picture("play-desk-english")

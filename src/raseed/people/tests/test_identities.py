"""Senders are known again by any id that they have, and are who they proved to be."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raseed.channels.models import TextRow
from raseed.kernel.clock import ManualClock
from raseed.kernel.errors import InputError
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.people.identities.domain import PROOF_IDLE
from raseed.people.identities.linking import end_proofs_by_old_numbers
from raseed.people.models import SenderAliasRow, SenderLinkRow, SenderRow
from raseed.people.persons.phone_change import move_number
from raseed.platform.api import audit_records

from .office import an_author
from .world import a_customer, an_institution

WABA = "waba:1"
PHONE = "+201001234567"
MONA_ID = "wa:201001234567"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 22, 9, tzinfo=UTC))


def seen(*ids: str, clock: ManualClock, name: str = "Mona") -> people.Identity:
    return people.identity_for(channel="whatsapp", scope=WABA, external_ids=ids, name=name, clock=clock)


def link(one: people.Identity, customer: people.Customer, how: str, clock: ManualClock) -> people.Identity:
    return people.link_identity(
        one.id, customer_id=customer.id, how=how, by=people.SYSTEM, reason="as it came", clock=clock
    )


def test_a_sender_is_made_known_once_and_keeps_their_id(database: object, clock: ManualClock) -> None:
    first = seen(MONA_ID, clock=clock)
    clock.advance(timedelta(hours=1))
    again = seen(MONA_ID, clock=clock, name="Mona A.")
    assert again.id == first.id
    assert (again.name, again.first_seen, again.last_seen) == ("Mona A.", first.first_seen, clock.now())
    assert (again.customer_id, again.proof) == (None, people.ProofState.NONE)


def test_the_same_id_under_another_scope_is_another_sender(database: object, clock: ManualClock) -> None:
    other = people.identity_for(channel="telegram", scope="bot:1", external_ids=[MONA_ID], clock=clock)
    assert other.id != seen(MONA_ID, clock=clock).id


def test_who_hides_their_number_later_is_the_same_sender(database: object, clock: ManualClock) -> None:
    before = seen(MONA_ID, clock=clock)
    assert seen("bsuid:7", MONA_ID, clock=clock).id == before.id
    assert seen("bsuid:7", clock=clock).id == before.id


def test_who_first_hid_the_number_and_then_shows_it_is_joined_with_who_they_were(
    database: object, clock: ManualClock
) -> None:
    mona = a_customer(an_institution().id)
    shown = link(seen(MONA_ID, clock=clock), mona, "one_time_code", clock)
    hidden = seen("bsuid:7", clock=clock)
    assert hidden.id != shown.id
    both = seen("bsuid:7", MONA_ID, clock=clock)
    assert both.id == hidden.id == people.identity(shown.id).id
    assert set(people.identity_ids_of(both.id)) == {shown.id, hidden.id}
    assert (both.customer_id, both.proof) == (mona.id, people.ProofState.PROVEN)
    assert set(both.external_ids) == {"bsuid:7", MONA_ID}


def test_two_senders_of_two_customers_who_turn_out_to_be_one_have_to_prove_anew(
    database: object, clock: ManualClock
) -> None:
    nile = an_institution()
    mona, adel = a_customer(nile.id), a_customer(nile.id, phone="+201007654321")
    link(seen(MONA_ID, clock=clock), mona, "one_time_code", clock)
    link(seen("bsuid:7", clock=clock), adel, "one_time_code", clock)
    both = seen("bsuid:7", MONA_ID, clock=clock)
    assert both.customer_id is None
    assert {each.customer_id: each.proof.value for each in both.links} == {mona.id: "claimed", adel.id: "claimed"}


def test_a_number_that_changes_hands_takes_no_proof_along(database: object, clock: ManualClock) -> None:
    mona = a_customer(an_institution().id)
    hers = link(seen("bsuid:7", MONA_ID, clock=clock), mona, "one_time_code", clock)
    another = seen("bsuid:8", MONA_ID, clock=clock, name="Adel")
    assert another.id != hers.id
    assert another.links == ()
    assert people.identity(hers.id).proof is people.ProofState.PROVEN
    assert people.identity(hers.id).external_ids == ("bsuid:7",)
    assert seen(MONA_ID, clock=clock).id == another.id


def test_a_sender_who_was_silent_for_long_has_to_prove_anew(database: object, clock: ManualClock) -> None:
    mona = a_customer(an_institution().id)
    link(seen(MONA_ID, clock=clock), mona, "one_time_code", clock)
    clock.advance(PROOF_IDLE)
    assert seen(MONA_ID, clock=clock).proof is people.ProofState.PROVEN
    clock.advance(PROOF_IDLE + timedelta(seconds=1))
    assert seen(MONA_ID, clock=clock).proof is people.ProofState.CLAIMED


def test_a_new_number_of_the_customer_ends_what_the_old_number_proved(database: object, clock: ManualClock) -> None:
    mona = a_customer(an_institution().id)
    sender = link(seen(MONA_ID, clock=clock), mona, "one_time_code", clock)
    with transaction.atomic():
        move_number(mona.id, "+201112223334", clock=clock)
    assert end_proofs_by_old_numbers(mona.id, clock=clock) == 1
    assert end_proofs_by_old_numbers(mona.id, clock=clock) == 0
    assert people.identity(sender.id).links == ()


def test_many_messages_of_a_new_sender_at_the_same_instant_make_one_sender(database: object) -> None:
    found: list[UUID] = []
    ready = threading.Barrier(6)

    def look(ids: tuple[str, ...]) -> None:
        ready.wait()
        try:
            found.append(people.identity_for(channel="whatsapp", scope=WABA, external_ids=ids).id)
        finally:
            connection.close()

    ways = [("bsuid:7", MONA_ID), (MONA_ID,), ("bsuid:7",)] * 2
    threads = [threading.Thread(target=look, args=(ids,)) for ids in ways]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 6
    people.identity_for(channel="whatsapp", scope=WABA, external_ids=["bsuid:7", MONA_ID])
    assert len({people.identity(one).id for one in found}) == 1
    assert SenderAliasRow.objects.filter(until=None).count() == 2


@pytest.mark.parametrize("ids", [[], [""], ["x" * 301], ["a\x00b"], [str(n) for n in range(9)]])
def test_ids_that_are_none_are_refused(database: object, ids: list[str]) -> None:
    with pytest.raises(InputError):
        people.identity_for(channel="x", scope="x:1", external_ids=ids)
    assert not SenderRow.objects.exists()


def test_a_colleagues_word_is_a_claim_and_takes_nothing_from_a_proof(database: object, clock: ManualClock) -> None:
    nile = an_institution()
    mona, agent = a_customer(nile.id), an_author(nile.id, "people.identities.link")
    sender = seen(MONA_ID, clock=clock)
    with pytest.raises(people.NotPermitted):
        people.link_identity(
            sender.id, customer_id=mona.id, how="staff", by=an_author(nile.id), reason="she said so", clock=clock
        )
    claimed = people.link_identity(
        sender.id, customer_id=mona.id, how="staff", by=agent, reason="she said so", clock=clock
    )
    assert claimed.proof is people.ProofState.CLAIMED
    assert link(sender, mona, "signed_in", clock).proof is people.ProofState.PROVEN
    assert link(sender, mona, "staff", clock).proof is people.ProofState.PROVEN
    assert [one.id for one in people.identities_of(mona.id)] == [sender.id]
    gone = people.unlink_identity(sender.id, customer_id=mona.id, by=agent, reason="it is her son", clock=clock)
    assert gone.links == ()
    with pytest.raises(people.NotLinked):
        people.unlink_identity(sender.id, customer_id=mona.id, by=agent, reason="it is her son", clock=clock)
    actions = [each.action for each in audit_records(customer_id=mona.id, action="people.sender_").records]
    assert actions == ["people.sender_unlinked", "people.sender_linked", "people.sender_linked"]


def latest_code(phone: str = PHONE) -> str:
    text = TextRow.objects.filter(to_phone=phone).order_by("-created_at", "-message_id")[0].text
    found = re.search(r"\d{6}", text or "")
    assert found
    return found[0]


def ask(sender: people.Identity, customer: people.Customer, clock: ManualClock) -> None:
    people.start_proof(sender.id, customer_id=customer.id, by=people.SYSTEM, reason="asked for facts", clock=clock)


def test_a_code_to_the_number_on_record_proves_and_works_once(database: object, clock: ManualClock) -> None:
    mona = a_customer(an_institution().id)
    sender = seen("bsuid:7", clock=clock)
    ask(sender, mona, clock)
    code = latest_code()
    wrong = f"{(int(code) + 1) % 10**6:06}"
    with pytest.raises(people.WrongCode):
        people.finish_proof(sender.id, customer_id=mona.id, code=wrong, clock=clock)
    arabic = code.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    proven = people.finish_proof(sender.id, customer_id=mona.id, code=f" {arabic} ", clock=clock)
    assert (proven.customer_id, proven.proof, proven.proven_at) == (mona.id, people.ProofState.PROVEN, clock.now())
    with pytest.raises(people.CodeExpired):
        people.finish_proof(sender.id, customer_id=mona.id, code=code, clock=clock)


def test_a_code_is_of_one_sender_and_one_customer(database: object, clock: ManualClock) -> None:
    nile = an_institution()
    mona, adel = a_customer(nile.id), a_customer(nile.id, phone="+201007654321")
    one, other = seen("bsuid:7", clock=clock), seen("bsuid:8", clock=clock)
    ask(one, mona, clock)
    code = latest_code()
    for sender, customer in ((other, mona), (one, adel)):
        with pytest.raises(people.CodeExpired):
            people.finish_proof(sender.id, customer_id=customer.id, code=code, clock=clock)


def test_wrong_codes_lock_and_old_ones_expire(database: object, clock: ManualClock) -> None:
    mona = a_customer(an_institution().id)
    sender = seen("bsuid:7", clock=clock)
    ask(sender, mona, clock)
    wrong = f"{(int(latest_code()) + 1) % 10**6:06}"
    for _ in range(4):
        with pytest.raises(people.WrongCode):
            people.finish_proof(sender.id, customer_id=mona.id, code=wrong, clock=clock)
    with pytest.raises(people.TooManyTries):
        people.finish_proof(sender.id, customer_id=mona.id, code=wrong, clock=clock)
    with pytest.raises(people.TooManyTries):
        ask(sender, mona, clock)
    clock.advance(timedelta(minutes=2))
    ask(sender, mona, clock)
    code = latest_code()
    clock.advance(timedelta(minutes=5))
    with pytest.raises(people.CodeExpired):
        people.finish_proof(sender.id, customer_id=mona.id, code=code, clock=clock)


def test_two_customers_who_share_a_telephone_are_never_guessed(database: object, clock: ManualClock) -> None:
    nile = an_institution()
    mona, adel = a_customer(nile.id), a_customer(nile.id, phone="+201007654321")
    sender = link(seen(MONA_ID, clock=clock), mona, "one_time_code", clock)
    sender = link(sender, adel, "one_time_code", clock)
    assert (sender.customer_id, sender.proof) == (None, people.ProofState.NONE)
    assert people.proof_for(sender, mona.id) is people.proof_for(sender, adel.id) is people.ProofState.PROVEN
    assert people.proof_for(sender, new_id()) is people.ProofState.NONE
    assert people.possible_customers(sender.id, phone="+201007654321") == [mona.id, adel.id]


def merged(nile: people.Institution, kept: people.Customer, other: people.Customer, clock: ManualClock) -> UUID:
    first = an_author(nile.id, "people.merge.propose", "people.merge.confirm")
    second = an_author(nile.id, "people.merge.propose", "people.merge.confirm")
    change = people.merge_customers(
        kept=kept.id, merged=other.id, institution_id=nile.id, by=first, reason="the same identity card", clock=clock
    )
    with pytest.raises(people.SecondPersonNeeded):
        people.confirm_change(change.id, by=first, clock=clock)
    lines = [(line.before[-6:], line.after[-6:]) for line in people.describe_change(change, "en")]
    ends = [f"…{each.phone[-4:]})" for each in (kept, other)]
    assert lines == [(ends[0], ends[0]), (ends[1], ends[0])], "two of one name are told apart by their numbers"
    assert people.resolve_customer(other.id) == other.id
    people.confirm_change(change.id, by=second, clock=clock)
    return change.id


def parted(nile: people.Institution, merge_id: UUID, clock: ManualClock) -> None:
    first, second = (an_author(nile.id, "people.merge.propose", "people.merge.confirm") for _ in range(2))
    change = people.unmerge_customers(merge_id, by=first, reason="they are brothers", clock=clock)
    people.confirm_change(change.id, by=second, clock=clock)


def test_a_merge_reads_two_as_one_and_undone_leaves_everything_as_it_was(database: object, clock: ManualClock) -> None:
    nile = an_institution()
    mona, monas = a_customer(nile.id), a_customer(nile.id, phone="+201007654321")
    sender = link(seen(MONA_ID, clock=clock), monas, "one_time_code", clock)
    before = list(SenderLinkRow.objects.order_by("id").values())
    merge_id = merged(nile, mona, monas, clock)
    assert people.resolve_customer(monas.id) == mona.id
    assert people.customers_as_one(monas.id) == people.customers_as_one(mona.id) == [mona.id, monas.id]
    assert people.proof_for(sender, mona.id) is people.ProofState.PROVEN
    assert [one.id for one in people.identities_of(mona.id)] == [sender.id]
    parted(nile, merge_id, clock)
    assert people.resolve_customer(monas.id) == monas.id
    assert people.customers_as_one(mona.id) == [mona.id]
    assert people.proof_for(sender, mona.id) is people.ProofState.NONE
    assert list(SenderLinkRow.objects.order_by("id").values()) == before
    assert [each.until is None for each in people.merges_of(mona.id)] == [False]
    with pytest.raises(people.NotMerged):
        parted(nile, merge_id, clock)
    again = merged(nile, mona, monas, clock)
    assert again != merge_id
    trail = [each.action for each in audit_records(customer_id=monas.id, action="people.change_").records]
    assert trail.count("people.change_applied") == 3


def test_merges_are_listed_to_who_may_make_them_the_latest_first(database: object, clock: ManualClock) -> None:
    nile, delta = an_institution(), an_institution(slug="delta")
    one, two, three = (a_customer(nile.id, phone=f"+20100000000{n}") for n in (1, 2, 3))
    by = an_author(nile.id, "people.merge.confirm")
    first = merged(nile, one, two, clock)
    clock.advance(timedelta(hours=1))
    second = merged(nile, one, three, clock)
    page = people.merges(nile.id, by=by, limit=1)
    assert [each.id for each in page.merges] == [second]
    assert [each.id for each in people.merges(nile.id, by=by, limit=1, before=page.next).merges] == [first]
    parted(nile, second, clock)
    assert [each.id for each in people.merges(nile.id, by=by).merges] == [first]
    assert [each.id for each in people.merges(nile.id, by=by, undone=True).merges] == [second]
    with pytest.raises(people.NotPermitted):
        people.merges(delta.id, by=by)


def test_merges_make_no_chains_upwards_and_no_rings(database: object, clock: ManualClock) -> None:
    nile = an_institution()
    one, two, three = (a_customer(nile.id, phone=f"+20100000000{n}") for n in (1, 2, 3))
    merged(nile, one, two, clock)
    by = an_author(nile.id, "people.merge.propose")
    for kept, other in ((two, one), (two, three), (three, two), (one, one)):
        with pytest.raises(people.CannotMerge):
            people.merge_customers(
                kept=kept.id, merged=other.id, institution_id=nile.id, by=by, reason="the same card", clock=clock
            )
    merged(nile, three, one, clock)
    assert {people.resolve_customer(each.id) for each in (one, two, three)} == {three.id}
    assert set(people.customers_as_one(two.id)) == {one.id, two.id, three.id}


def test_somebody_elses_customers_are_not_merged_here(database: object, clock: ManualClock) -> None:
    nile, delta = an_institution(), an_institution("delta")
    mona, adel = a_customer(nile.id), a_customer(delta.id, phone="+201007654321")
    with pytest.raises(people.CannotMerge):
        people.merge_customers(
            kept=mona.id, merged=adel.id, institution_id=nile.id, reason="the same card",
            by=an_author(nile.id, "people.merge.propose"), clock=clock,
        )  # fmt: skip


def test_the_database_keeps_links_and_merges_as_they_were(database: object, clock: ManualClock) -> None:
    nile = an_institution()
    mona, monas = a_customer(nile.id), a_customer(nile.id, phone="+201007654321")
    link(seen(MONA_ID, clock=clock), mona, "staff", clock)
    merged(nile, mona, monas, clock)
    for statement in (
        "UPDATE people_sender_link SET proof = 'proven'",
        "DELETE FROM people_sender_link",
        "UPDATE people_merge SET kept_id = merged_id, merged_id = kept_id",
        "DELETE FROM people_merge",
        "UPDATE people_sender_alias SET external_id = 'x'",
        "TRUNCATE people_merge",
        (
            "INSERT INTO people_merge (id, institution_id, kept_id, merged_id, since) SELECT gen_random_uuid(), institution_id,"
            " merged_id, kept_id, since FROM people_merge"
        ),
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


OWN = st.sampled_from(["bsuid:1", "bsuid:2", "bsuid:3"])
NUMBER = st.sampled_from(["wa:1", "wa:2"])
SIGHTING = st.one_of(st.tuples(OWN), st.tuples(NUMBER), st.tuples(OWN, NUMBER))


@settings(settings.default, max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.lists(SIGHTING, min_size=1, max_size=12))
def test_however_senders_come_each_id_is_one_senders_and_the_strongest_decides(
    database: object, sightings: list[tuple[str, ...]]
) -> None:
    scope, clock = f"waba:{new_id()}", ManualClock(datetime(2026, 11, 22, 9, tzinfo=UTC))
    own: dict[str, UUID] = {}
    for ids in sightings:
        clock.advance(timedelta(minutes=1))
        found = people.identity_for(channel="whatsapp", scope=scope, external_ids=ids, clock=clock)
        again = people.identity_for(channel="whatsapp", scope=scope, external_ids=ids, clock=clock)
        assert again == found
        assert set(ids) <= set(found.external_ids)
        if ids[0].startswith("bsuid"):
            before = own.setdefault(ids[0], found.id)
            assert people.identity(before).id == found.id
        held = SenderAliasRow.objects.filter(scope=scope, until=None)
        assert held.values("external_id").distinct().count() == held.count()
        assert not held.exclude(sender__joined_to=None).exists()
    assert len({people.identity(one).id for one in own.values()}) == len(own), "two own ids are never one sender"

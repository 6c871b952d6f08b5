"""Facts that leave ``care``: ids, codes and times only, never what was said; everything is additive within a version.

``care.conversation_changed`` v1 {conversation_id, version}: something in a conversation changed: a message, an answer, a note,
whose it is, how a message was delivered. The same version may come more than once.
``care.case_changed`` v1 {case_id, state}: a case was opened, worked on, or ended.
``care.authority_changed`` v1 {request_id, state}: a request to mend something for a customer is in another state.
``care.clock_breached`` v1 {clock_id, subject_kind, subject_id, rule, step, accountable, told, breached_at}: a promise of time
was broken (step 0), or its ladder was climbed (1, 2, …); ``accountable`` and ``told`` are members of staff.
``care.breach_withdrawn`` v1 {clock_id, subject_kind, subject_id, rule}: what stopped the clock had come in time after all.
``care.accountable_changed`` v1 {subject_kind, subject_id, accountable}: somebody else answers for something from now on.
``care.gap_raised`` v1 {gap_id}: a question without an answer was kept. ``care.gap_overdue`` v1 {gap_id, owner, times}: its time
has passed, for the first time or for another day. ``care.gap_answered`` v1 {gap_id}: it was answered, and whoever asked is told.
"""

from __future__ import annotations

from typing import Final

CONVERSATION_CHANGED: Final = "care.conversation_changed"
CASE_CHANGED: Final = "care.case_changed"
AUTHORITY_CHANGED: Final = "care.authority_changed"
CLOCK_BREACHED: Final = "care.clock_breached"
BREACH_WITHDRAWN: Final = "care.breach_withdrawn"
ACCOUNTABLE_CHANGED: Final = "care.accountable_changed"
GAP_RAISED: Final = "care.gap_raised"
GAP_OVERDUE: Final = "care.gap_overdue"
GAP_ANSWERED: Final = "care.gap_answered"

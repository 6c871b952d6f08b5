"""What assurance tells other packages. Ids, codes and counts only; everything is additive within a version.

``finding_raised`` {finding_id, check, code, severity}: a check of the books found something wrong that was not known, or that
is wrong again. ``finding_cleared`` {finding_id, check, code, outcome}: it is wrong no more (``gone``, ``repaired``), or a person
has dealt with it (``mended``, ``accepted``, ``mistaken``).
``release_moved`` {release_id, system, state, before}: a release went a step on; ``before`` is empty at its first.
"""

from __future__ import annotations

from typing import Final

FINDING_RAISED: Final = "assurance.finding_raised"
FINDING_CLEARED: Final = "assurance.finding_cleared"
RELEASE_MOVED: Final = "assurance.release_moved"

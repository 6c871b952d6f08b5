"""What the door on the rail refuses, and with which HTTP status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from raseed.kernel.errors import NotFound, PermissionRefused, RaseedError, TemporarilyUnavailable, mark


class SignatureMissing(RaseedError):
    """A delivery without the proof that its channel asks for."""

    code = "signature_missing"
    sentence = mark("This delivery is not signed.")
    hint = mark("Sign the bytes of the body with the line's secret.")


class SignatureWrong(PermissionRefused):
    """A delivery whose proof is not of these bytes and this line's secret, or a first question with another token."""

    code = "signature_wrong"
    sentence = mark("The signature does not fit this delivery.")
    hint = mark("Check that both sides have the same secret and that the bytes were not changed on their way.")


class HookUnknown(NotFound):
    """No line takes deliveries at this address."""

    code = "hook_unknown"
    sentence = mark("No line takes deliveries here.")
    hint = mark("Check the address: /hooks/, the channel, and the line's identifier.")


class DeliveriesWait(TemporarilyUnavailable):
    """More deliveries wait to be written than are kept waiting, or the database is away; nothing was taken."""

    code = "deliveries_wait"
    sentence = mark("We can't take this delivery right now. Nothing was kept.")
    hint = mark("Send it again; it will be kept once.")


STATUSES: Final[Mapping[type[RaseedError], int]] = {SignatureMissing: 401}

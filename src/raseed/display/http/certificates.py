"""``/display/v1``: certificates for trusted systems, and the public keys for everyone; from mapped files, without a database."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec

from raseed.kernel.ids import parse_id
from raseed.platform.rail.application import Answer, Request, Route
from raseed.platform.rail.bodies import read_query

from ..errors import NoCertificate
from ..prover.certificates import proofs, public_keys

SCOPE: Final = "certificates"
_PREFIX: Final = "/display/v1"
_encode: Final = msgspec.json.Encoder().encode


class CertificateRail:
    """The handlers. Each takes some thirty microseconds, so that they answer in the event loop itself, and wait elsewhere."""

    async def certificate(self, request: Request) -> Answer:
        """Show the certificate of an account, under the root that was signed last."""
        account_id = parse_id(request.places["account"], field="account")
        found = proofs().certificate(account_id, within_ms=0)
        if found is None:  # it has no leaf, or the tree is being written to at this moment
            found = await asyncio.to_thread(proofs().certificate, account_id)
        if found is None:
            raise NoCertificate(field="account")
        return Answer(found.to_json())

    async def keys(self, request: Request) -> Answer:
        """Show the public keys that sign now."""
        read_query(request.query, ())
        return Answer(_encode({"keys": public_keys()}))

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("GET", f"{_PREFIX}/certificates/{{account}}", self.certificate, SCOPE,
                  "Show an account's certificate.", gives={200: dict[str, Any]}),
            Route("GET", f"{_PREFIX}/keys", self.keys, None, "Show the public keys that sign roots.",
                  gives={200: dict[str, list[str]]}),
        ]  # fmt: skip

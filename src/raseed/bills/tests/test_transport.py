"""What comes over a connection to a biller is bounded, in whatever shape it comes."""

from __future__ import annotations

import asyncio
from unittest import mock

import pytest

from raseed.bills.adapters.transport import RECEIVED_BYTES_MAX, _Connection
from raseed.bills.wrongs import AnswerRefused, FindingKind

HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("drip", [b"1" * 65_536, b"1;" + b"x" * 65_533 + b"\n", b"1\r\nx\r\n" * 10_922])
def test_an_answer_that_never_ends_is_ended(drip: bytes) -> None:
    async def ask() -> int:
        connection = _Connection()
        connection.connection_made(mock.Mock(spec=asyncio.Transport))
        asked = asyncio.ensure_future(connection.ask(b"POST / HTTP/1.1\r\n\r\n"))
        await asyncio.wait([asked], timeout=0)  # it has begun
        connection.data_received(HEAD)
        given = 0
        while not connection.is_closed:
            assert given <= 2 * RECEIVED_BYTES_MAX, "it is still listened to"
            connection.data_received(drip)
            given += len(drip)
        with pytest.raises(AnswerRefused) as refused:
            await asked
        assert refused.value.kind is FindingKind.TOO_LARGE
        return given

    assert asyncio.run(ask()) <= RECEIVED_BYTES_MAX + len(drip)

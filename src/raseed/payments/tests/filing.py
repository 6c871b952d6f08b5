"""Writes payment files for the tests: pain.001.001.09 as a sender's software would, and what is wrong with some."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from raseed.kernel.clock import Clock
from raseed.kernel.ids import new_id
from raseed.payments import api as payments

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"


@dataclass
class Pay:
    """One payment of a file: to an IBAN, or to anything else as ``Othr/Id``."""

    to: str
    amount: str = "1.00"
    end_to_end_id: str = ""
    instruction_id: str = ""
    note: str = ""
    currency: str = "EGP"
    name: str = "زياد حسن"
    bic: str = "NILEEGCX"
    more: str = ""

    def xml(self, number: int) -> str:
        """Return it, over several lines."""
        account = f"<IBAN>{self.to}</IBAN>" if self.to[:2].isalpha() else f"<Othr><Id>{self.to}</Id></Othr>"
        instruction = f"\n    <InstrId>{self.instruction_id}</InstrId>" if self.instruction_id else ""
        note = f"\n   <RmtInf><Ustrd>{self.note}</Ustrd></RmtInf>" if self.note else ""
        return f"""  <CdtTrfTxInf>
   <PmtId>{instruction}
    <EndToEndId>{self.end_to_end_id or f"E{number}"}</EndToEndId>
   </PmtId>
   <Amt><InstdAmt Ccy="{self.currency}">{self.amount}</InstdAmt></Amt>{self.more}
   <CdtrAgt><FinInstnId><BICFI>{self.bic}</BICFI></FinInstnId></CdtrAgt>
   <Cdtr><Nm>{self.name}</Nm></Cdtr>
   <CdtrAcct>
    <Id>
     {account}
    </Id>
   </CdtrAcct>{note}
  </CdtTrfTxInf>
"""


@dataclass
class Blk:
    """One block of a file: ``count`` and ``total`` are right by default."""

    debtor: str
    pays: Sequence[Pay]
    on: str = "<Dt>2026-03-01</Dt>"
    id: str = "B1"
    method: str = "TRF"
    count: str | None = None
    total: str | None = None
    bic: str = "NILEEGCX"
    more: str = ""

    def xml(self, first: int) -> str:
        """Return it."""
        account = f"<IBAN>{self.debtor}</IBAN>" if self.debtor[:2].isalpha() else f"<Othr><Id>{self.debtor}</Id></Othr>"
        body = "".join(pay.xml(first + place) for place, pay in enumerate(self.pays))
        return f""" <PmtInf>
  <PmtInfId>{self.id}</PmtInfId>
  <PmtMtd>{self.method}</PmtMtd>{self.more}
  <NbOfTxs>{self.count or len(self.pays)}</NbOfTxs>
  <CtrlSum>{self.total or _sum(self.pays)}</CtrlSum>
  <ReqdExctnDt>{self.on}</ReqdExctnDt>
  <Dbtr><Nm>شركة النيل</Nm></Dbtr>
  <DbtrAcct><Id>{account}</Id></DbtrAcct>
  <DbtrAgt><FinInstnId><BICFI>{self.bic}</BICFI></FinInstnId></DbtrAgt>
{body} </PmtInf>
"""


@dataclass
class File:
    """A whole file."""

    blocks: Sequence[Blk]
    message_id: str = "SALARIES-1"
    count: str | None = None
    total: str | None = None
    head: str = '<?xml version="1.0" encoding="UTF-8"?>\n'
    namespace: str = NAMESPACE
    encoding: str = "utf-8"
    extra: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """Return it."""
        pays = [pay for block in self.blocks for pay in block.pays]
        blocks, first = "", 1
        for block in self.blocks:
            blocks += block.xml(first)
            first += len(block.pays)
        return f"""{self.head}<Document xmlns="{self.namespace}">
<CstmrCdtTrfInitn>
 <GrpHdr>
  <MsgId>{self.message_id}</MsgId>
  <CreDtTm>2026-03-01T10:00:00</CreDtTm>
  <NbOfTxs>{self.count or len(pays)}</NbOfTxs>
  <CtrlSum>{self.total or _sum(pays)}</CtrlSum>
  <InitgPty><Nm>شركة النيل</Nm></InitgPty>
 </GrpHdr>
{blocks}</CstmrCdtTrfInitn>
</Document>
"""

    def data(self) -> bytes:
        """Return it in bytes."""
        return self.text().encode(self.encoding)


def send_file(
    data: bytes | File, actor: UUID, clock: Clock, *, id_: UUID | None = None, name: str = "salaries.xml"
) -> payments.Order:
    """Hand a file in."""
    return payments.receive_order_file(
        id=id_ or new_id(),
        stream=io.BytesIO(data.data() if isinstance(data, File) else data),
        actor_customer_id=actor,
        file_name=name,
        clock=clock,
    )


def _sum(pays: Sequence[Pay]) -> str:
    total = sum((Decimal(pay.amount) for pay in pays if pay.amount.replace(".", "").isdigit()), Decimal())
    return str(total)

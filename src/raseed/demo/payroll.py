"""The firm's salaries: who gets how much, and the payment file (pain.001.001.09) that says so.

Planting keeps them in ``RASEED_HOME``; the demo's phone, another process, makes files of them that are of the day on which
they are fetched. It knows no more than the firm's bookkeeping would: names, IBANs, amounts.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from .home_file import put_in_place

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from pathlib import Path

NAME: Final = "demo-payroll.json"
NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
_SCALE: Final = 100


@dataclass(frozen=True, slots=True)
class Salary:
    """What one of the firm's people gets, in piastres."""

    name: str
    iban: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Payroll:
    """A firm and whom it pays; ``phone`` is what it signs in with."""

    firm: str
    phone: str
    iban: str
    currency: str
    salaries: tuple[Salary, ...]

    @property
    def total_minor(self) -> int:
        """What all of it comes to."""
        return sum(each.amount_minor for each in self.salaries)


def read_payroll(path: Path) -> Payroll | None:
    """Return what is in the file; ``None`` where it is not there or can't be understood."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        salaries = tuple(
            Salary(str(one["name"]), str(one["iban"]), int(one["amount_minor"])) for one in found["salaries"]
        )
        firm, phone, iban, currency = (str(found[name]) for name in ("firm", "phone", "iban", "currency"))
        return Payroll(firm, phone, iban, currency, salaries)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_payroll(path: Path, payroll: Payroll) -> None:
    """Put the file in place, whole and durable."""
    put_in_place(path, json.dumps(asdict(payroll), ensure_ascii=False, indent=1) + "\n")


def salaries_pain001(payroll: Payroll, *, message_id: str, created_at: datetime, on: date) -> bytes:
    """Return the payment file that pays all salaries on a day. ``message_id`` is the sender's own, once for each file."""
    payments = "".join(_payment(each, message_id, number, payroll) for number, each in enumerate(payroll.salaries, 1))
    count, total = len(payroll.salaries), _amount(payroll.total_minor)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="{NAMESPACE}">
 <CstmrCdtTrfInitn>
  <GrpHdr>
   <MsgId>{escape(message_id)}</MsgId>
   <CreDtTm>{created_at:%Y-%m-%dT%H:%M:%S}</CreDtTm>
   <NbOfTxs>{count}</NbOfTxs>
   <CtrlSum>{total}</CtrlSum>
   <InitgPty><Nm>{escape(payroll.firm)}</Nm></InitgPty>
  </GrpHdr>
  <PmtInf>
   <PmtInfId>{escape(message_id)}</PmtInfId>
   <PmtMtd>TRF</PmtMtd>
   <NbOfTxs>{count}</NbOfTxs>
   <CtrlSum>{total}</CtrlSum>
   <PmtTpInf><CtgyPurp><Cd>SALA</Cd></CtgyPurp></PmtTpInf>
   <ReqdExctnDt><Dt>{on.isoformat()}</Dt></ReqdExctnDt>
   <Dbtr><Nm>{escape(payroll.firm)}</Nm></Dbtr>
   <DbtrAcct><Id><IBAN>{escape(payroll.iban)}</IBAN></Id></DbtrAcct>
   <DbtrAgt><FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId></DbtrAgt>
{payments}  </PmtInf>
 </CstmrCdtTrfInitn>
</Document>
""".encode()


def with_bad_iban(payroll: Payroll) -> Payroll:
    """Return the same payroll with one salary whose IBAN a typing error has spoiled."""
    if not payroll.salaries:
        return payroll
    place = len(payroll.salaries) // 2
    salaries: Sequence[Salary] = payroll.salaries
    spoiled = Salary(salaries[place].name, _mistyped(salaries[place].iban), salaries[place].amount_minor)
    return Payroll(
        payroll.firm, payroll.phone, payroll.iban, payroll.currency,
        (*salaries[:place], spoiled, *salaries[place + 1 :]),
    )  # fmt: skip


def _mistyped(iban: str) -> str:
    """Return an IBAN with another last digit: its check digits find out every such error."""
    return f"{iban[:-1]}{(int(iban[-1]) + 1) % 10}"


def _payment(salary: Salary, message_id: str, number: int, payroll: Payroll) -> str:
    return f"""   <CdtTrfTxInf>
    <PmtId><EndToEndId>{escape(message_id)}-{number:03d}</EndToEndId></PmtId>
    <Amt><InstdAmt Ccy="{payroll.currency}">{_amount(salary.amount_minor)}</InstdAmt></Amt>
    <Cdtr><Nm>{escape(salary.name)}</Nm></Cdtr>
    <CdtrAcct><Id><IBAN>{escape(salary.iban)}</IBAN></Id></CdtrAcct>
    <RmtInf><Ustrd>{escape(payroll.firm)}</Ustrd></RmtInf>
   </CdtTrfTxInf>
"""


def _amount(minor: int) -> str:
    return f"{minor // _SCALE}.{minor % _SCALE:02d}"

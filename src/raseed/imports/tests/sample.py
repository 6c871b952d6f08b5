"""Small books for the tests: a bank in the form of PKDD'99, made up, with everything in it that the real one has."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ACCOUNT: Final = (
    '"account_id";"district_id";"frequency";"date"',
    '1;55;"POPLATEK MESICNE";930101',
    '2;74;"POPLATEK MESICNE";930102',
    '3;74;"POPLATEK TYDNE";950102',
)
CLIENT: Final = (
    '"client_id";"birth_number";"district_id"',
    '11;"706213";18',
    '12;"450204";1',
    '13;"406009";1',
    '14;"406009";1',
)
DISP: Final = (
    '"disp_id";"client_id";"account_id";"type"',
    '1;11;1;"OWNER"',
    '2;12;1;"DISPONENT"',
    '3;13;2;"OWNER"',
    '4;14;3;"OWNER"',
)
TRANS_HEADER: Final = '"trans_id";"account_id";"date";"type";"operation";"amount";"balance";"k_symbol";"bank";"account"'
TRANS: Final = (
    '101;1;930101;"PRIJEM";"VKLAD";1000.00;1000.00;"";;',
    # One day, three lines, not in the file's order: 1000 → 1500 → 1300 → 1285.40.
    '104;1;930131;"VYDAJ";"VYBER";14.60;1285.40;"SLUZBY";;',
    '103;1;930131;"VYBER";"VYBER";200.00;1300.00;"";;',
    '102;1;930131;"PRIJEM";"PREVOD Z UCTU";500.00;1500.00;"DUCHOD";YZ;62457513',
    # The bank counted a fraction that it did not print: 1285.40 + 5.10 is printed as 1290.40.
    '105;1;930228;"PRIJEM";"";5.10;1290.40;"UROK";;',
    # A line is missing before this one: nothing explains 190.40.
    '106;1;930301;"VYDAJ";"PREVOD NA UCET";100.00;1000.00;"SIPO";QR;13943797',
    '201;2;930102;"PRIJEM";"VKLAD";300.00;300.00;"";;0',
    '202;2;930103;"VYDAJ";"VYBER";400.00;-100.00;"";;',
    '203;2;930131;"VYDAJ";"VYBER";2.50;-102.50;"SANKC. UROK";;',
)
ORDER: Final = (
    '"order_id";"account_id";"bank_to";"account_to";"amount";"k_symbol"',
    '301;1;"QR";"13943797";100.00;"SIPO"',
    '302;1;"ST";"89597016";33.30;"UVER"',
    '303;2;"YZ";"87144583";250.00;" "',
    '304;3;"AB";"5000001";20.00;"POJISTNE"',
    '305;3;"CD";"5000002";75.00;"UVER"',
)
LOAN: Final = (
    '"loan_id";"account_id";"date";"amount";"duration";"payments";"status"',
    '401;1;930112;396;12;33.00;"A"',
    '402;2;930105;1200;24;50.00;"B"',
    '403;3;970701;2400;48;50.00;"C"',
)
PAID: Final = (
    '107;1;930212;"VYDAJ";"PREVOD NA UCET";33.30;966.70;"UVER";ST;89597016',
    '108;1;930312;"VYDAJ";"PREVOD NA UCET";33.30;933.40;"UVER";ST;89597016',
)
"""Lines that pay the loan 401, in due time; the loan 402 is paid by none."""
CUT: Final = '204;2;930201;"PRIJE'


def write_books(folder: Path, *, trans: tuple[str, ...] = TRANS, cut: str = CUT, **files: tuple[str, ...]) -> Path:
    """Write the sample's four files, any of them replaced, and others if wanted; return the folder."""
    lines = {"account": ACCOUNT, "client": CLIENT, "disp": DISP, "trans": (TRANS_HEADER, *trans), **files}
    for name, content in lines.items():
        text = "".join(f"{line}\r\n" for line in content)
        (folder / f"{name}.asc").write_bytes((text + (cut if name == "trans" else "")).encode("latin-1"))
    return folder

"""Certificates of balances: what a balance is proven by, for whoever checks it without us (docs/formats/certificate.md)."""

from __future__ import annotations

from typing import Literal

from ninja import Path

from raseed.display import api as display
from raseed.platform.rest.callers import ApiRequest
from raseed.platform.rest.fields import Currency, Given, Id
from raseed.platform.rest.routes import Resource

from .rest_accounts import account_here
from .rest_products import SEE_OWN, VIEW

proofs = Resource("Proofs", "What balances are proven by, to be checked without trusting who answers.")


class ShareGiven(Given):
    """One of the account's two leaves: its place, its part of the balance, and the sibling nodes on its way to the root."""

    place: str
    salt: str
    owed: str
    owing: str
    path: str


class CertificateGiven(Given):
    """A certificate, as docs/formats/certificate.md has it. Amounts are minor units; ``checkpoint`` is the signed root."""

    format: Literal["raseed-certificate-v1"]
    account: str
    currency: Currency
    scale: int
    booked: str
    held: str
    position: str
    shares: list[ShareGiven]
    checkpoint: str


class KeyList(Given):
    """The public keys that sign the roots, each written ``NAME+KEYID+BASE64``."""

    keys: list[str]


@proofs.get("/accounts/{account_id}/certificate", permission=VIEW, own=SEE_OWN, answer=CertificateGiven)
def show_certificate(request: ApiRequest, account_id: Path[Id]) -> CertificateGiven:
    """Give the latest certificate of an account's balance; there is none while the account has never moved."""
    account_here(request.caller, account_id)
    found = display.certificates_of([account_id]).get(account_id)
    if found is None:
        raise display.NoCertificate
    return CertificateGiven.model_validate_json(found.to_json())


@proofs.get("/proof-keys", permission=VIEW, own=SEE_OWN, answer=KeyList)
def list_proof_keys(request: ApiRequest) -> KeyList:
    """List the keys that certificates are checked with. Keep them: a key handed out by who is to be checked proves little."""
    del request
    return KeyList(keys=display.public_keys())

"""What ``banking`` offers at the management API: products with their terms, accounts, balances, statements, loans."""

from __future__ import annotations

from .rest_accounts import accounts
from .rest_loans import loans
from .rest_products import products
from .rest_proofs import proofs
from .rest_statements import statements

resources = (products, accounts, proofs, statements, loans)

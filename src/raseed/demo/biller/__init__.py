"""Make-believe billers: a server of their own that speaks docs/biller-api.md, and misbehaves when it is told to.

Nothing here knows the bank's code: it is written from the contract, as a stranger would.
"""

"""The ledger over HTTP, for trusted systems by key: ``/ledger/v1`` on the rail."""

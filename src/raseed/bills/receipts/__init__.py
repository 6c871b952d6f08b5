"""Receipts: what a payment that has settled is proven by, on paper and on screens, for years. See docs/formats/receipt.md."""

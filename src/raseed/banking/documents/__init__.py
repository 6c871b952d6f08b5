"""Statements of a period as documents: read once, written as PDF, CSV or camt.053."""

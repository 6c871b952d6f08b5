"""Payments over HTTP, for customers' software."""

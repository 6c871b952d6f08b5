"""Outbox, jobs, audit, idempotency, i18n and HTTP errors that every package shares."""

"""Webhooks out: events told to other institutions' and customers' software, signed, at least once, replayable."""

"""Transport of messages in and out: nothing lost, nothing doubled."""

"""Reports of care: what came in, why, how fast it was answered, what was promised and kept, what the check of replies stopped."""

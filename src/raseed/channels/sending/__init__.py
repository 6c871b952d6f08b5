"""Messages on their way out: kept in the sender's transaction, sent once, and what became of each."""

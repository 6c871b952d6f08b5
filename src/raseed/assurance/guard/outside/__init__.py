"""Systems of others: how they are asked over HTTP by a mapping file, and what is made of what they answer (ADR 0075)."""

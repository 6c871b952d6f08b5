"""Three ways that must tell the same: the biller's file, our payments, the ledger. What differs is a break, with a name."""

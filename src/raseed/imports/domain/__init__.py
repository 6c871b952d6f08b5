"""Pure rules of importing: reading files, finding the order of a day, judging each printed balance."""

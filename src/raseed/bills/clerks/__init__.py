"""People who work for a biller and see what it collects."""

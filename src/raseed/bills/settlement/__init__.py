"""The end of a day: what a biller was paid is fixed, told by file, and paid out."""

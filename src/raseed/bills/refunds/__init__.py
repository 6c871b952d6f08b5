"""Money that goes back from a biller to whoever paid it."""

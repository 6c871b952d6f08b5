"""What a biller has collected, as its own people see it."""

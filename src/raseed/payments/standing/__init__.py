"""Standing orders: the same amount to the same recipient, again and again, each time once."""

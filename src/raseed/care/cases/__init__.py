"""Cases: matters with a reference number, the conversations they run through, and the documents that belong to them."""

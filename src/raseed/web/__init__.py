"""Pages for customers: no rules of its own."""

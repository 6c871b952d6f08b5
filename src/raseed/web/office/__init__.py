"""Pages for staff: what they may see and do, each at its institutions, every deed with its reason; no rules of its own."""

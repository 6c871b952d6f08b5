"""Customer care: conversations, cases, clocks, authority, answer cards, promises. One accountable name at every instant."""

"""People over HTTP, for other software."""

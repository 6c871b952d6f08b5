"""Banking over HTTP, for other software."""

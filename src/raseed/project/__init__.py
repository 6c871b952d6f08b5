"""Settings, URLs, ASGI and the command line: composition only."""

"""The launcher: environment, embedded server, supervisor."""

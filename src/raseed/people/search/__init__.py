"""Finding people at an institution."""

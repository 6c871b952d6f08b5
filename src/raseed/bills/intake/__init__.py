"""Bills that come in by file and payments that go out by one: read right or refused whole, with the line."""

"""Questions without an answer, each owned and dated, and the answers that people wrote; whoever asked is told once."""

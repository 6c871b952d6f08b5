"""What comes in: verified, kept whole in one write, then worked by jobs, item by item."""

"""Changes with weight, which a second person confirms."""

"""Files that come with messages: fetched, checked, stripped of positions, kept private."""

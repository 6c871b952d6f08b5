"""Teams, shifts and leave: at every instant somebody by name is accountable, and who held what is on record."""

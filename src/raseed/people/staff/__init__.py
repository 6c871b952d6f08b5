"""Who works here: enrolling, signing in, roles, and how they begin and end."""

"""Lines: the numbers, bots, accounts and addresses at which an institution is reached."""

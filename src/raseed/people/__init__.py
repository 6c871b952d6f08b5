"""Customers, staff, sign-in and names: one person, known once."""

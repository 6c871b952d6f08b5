"""Raseed runs the money and the customer care of a bank, a wallet scheme or a utility."""

"""Wallets and bank accounts as products, their aliases, limits, fees and statements."""

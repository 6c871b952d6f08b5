"""Billers and what is owed to them, and paying it through the institution that collects: a bill is paid once."""

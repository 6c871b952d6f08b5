"""How billers are spoken with: a protocol, and one module for each way of speaking."""

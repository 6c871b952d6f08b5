"""The release guard: nothing new shows a balance to anybody before it was held against the true ones, or for long after.

Owns systems that show balances, releases of them with their timelines, what was compared and what differed, and the report.
"""

"""The report of a release: what was compared, when, how many, what differed, who said what; signed, for a stranger to read."""

"""The story of the demo's people: what they and the staff did in three months, told through the services that all use.

Each scene has its day and hour and is played between the days' ordinary movements, so that books, timelines and the audit
trail are in the order of time. Ids come from the seed: a planting that was interrupted plays them again, and nothing
happens twice.
"""

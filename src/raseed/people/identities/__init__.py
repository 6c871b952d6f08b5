"""Senders on channels: who they say they are, who they proved to be, and two customers who are one person."""

"""The door of ``channels`` on the rail."""

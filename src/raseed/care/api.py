"""The front door of ``care``."""

"""The wires out: how each channel's provider is asked, and what its answers mean."""

"""What bills offers over HTTP."""

"""What ``care`` offers over HTTP."""

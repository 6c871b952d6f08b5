"""Display over HTTP: the public stream that says when another generation is shown."""

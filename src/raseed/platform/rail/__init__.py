"""What rails share: a bare ASGI application (routes, key sign-in, bounded bodies, one error shape) and its description."""

"""Every test, in ``src`` and in ``tests``, finds its fixtures in ``raseed_testing``."""

pytest_plugins = ["raseed_testing"]

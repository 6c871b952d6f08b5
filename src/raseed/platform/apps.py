from django.apps import AppConfig


class PlatformConfig(AppConfig):
    name = "raseed.platform"
    label = "platform"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let webhooks hear of every event that somebody asked for, and logs name nobody."""
        from .tracebacks import configure_logs
        from .webhooks import fanout  # noqa: F401

        configure_logs()

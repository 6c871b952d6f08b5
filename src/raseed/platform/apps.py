from django.apps import AppConfig


class PlatformConfig(AppConfig):
    name = "raseed.platform"
    label = "platform"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let webhooks hear of every event that somebody asked for."""
        from .webhooks import fanout  # noqa: F401

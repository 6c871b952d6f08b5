from django.apps import AppConfig


class DisplayConfig(AppConfig):
    name = "raseed.display"
    label = "display"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make our own projector known."""
        from .generations.fold import NAME, Fold
        from .generations.projectors import register_projector

        register_projector(NAME, Fold())

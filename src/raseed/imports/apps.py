from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "raseed.imports"
    label = "imports"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let statements tell what imported lines were."""
        from raseed.banking.api import register_narrator

        from .queries import narrate

        register_narrator(narrate)

from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "raseed.demo"
    label = "demo"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let statements tell what the demo's movements were."""
        from raseed.banking.api import register_narrator

        from .narrative import narrate

        register_narrator(narrate)

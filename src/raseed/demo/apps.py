from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "raseed.demo"
    label = "demo"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let statements tell what the demo's movements were, and let there be a projector that is wrong."""
        from raseed.banking.api import register_narrator
        from raseed.display.api import register_projector

        from .narrative import narrate
        from .upgrade.projector import NAME, BadFold

        register_narrator(narrate)
        register_projector(NAME, BadFold())

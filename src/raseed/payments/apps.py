from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "raseed.payments"
    label = "payments"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let statements tell what payments know about their movements."""
        from raseed.banking.api import register_narrator

        from .queries import narrate

        register_narrator(narrate)

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "raseed.payments"
    label = "payments"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let statements tell what payments know about their movements."""
        from raseed.banking.api import register_narrator  # noqa: PLC0415  (models are ready only now)

        from .queries import narrate  # noqa: PLC0415

        register_narrator(narrate)

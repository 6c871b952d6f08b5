from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "raseed.payments"
    label = "payments"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let statements tell what payments know about their movements, and make known what staff may be permitted."""
        from raseed.banking.api import register_narrator
        from raseed.people.api import register_change_kind, register_permissions

        from .outside.outcome import CONFIRM, KIND, PROPOSE
        from .outside.oversight import EDIT_LANES
        from .oversight import VIEW_ORDERS, VIEW_PAYMENTS
        from .queries import narrate

        register_narrator(narrate)
        register_permissions(VIEW_PAYMENTS, VIEW_ORDERS, EDIT_LANES, PROPOSE, CONFIRM)
        register_change_kind(KIND)

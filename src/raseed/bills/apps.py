from django.apps import AppConfig


class BillsConfig(AppConfig):
    name = "raseed.bills"
    label = "bills"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make known what staff may be permitted, and the way that payments of bills go."""
        from raseed.banking.api import register_narrator
        from raseed.payments.api import register_route
        from raseed.people.api import register_change_kind, register_permissions

        from .clerks.naming import KIND as CLERK
        from .permissions import PERMISSIONS
        from .refunds.proposing import KIND as REFUND
        from .refunds.reading import narrate
        from .route import Bills
        from .settlement.paying_out import KIND

        register_permissions(*PERMISSIONS)
        register_change_kind(KIND)
        register_route(Bills())
        register_narrator(narrate)
        register_change_kind(CLERK)
        register_change_kind(REFUND)

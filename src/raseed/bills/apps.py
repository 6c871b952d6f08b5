from django.apps import AppConfig


class BillsConfig(AppConfig):
    name = "raseed.bills"
    label = "bills"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make known what staff may be permitted and changed by two, the way that payments of bills go, and what refunds are."""
        from raseed.banking.api import register_narrator
        from raseed.payments.api import register_route
        from raseed.people.api import register_change_kind, register_permissions

        from .clerks import naming
        from .permissions import PERMISSIONS
        from .refunds import proposing
        from .refunds.reading import narrate
        from .route import Bills
        from .settlement import paying_out
        from .terms import changes, waivers

        register_permissions(*PERMISSIONS)
        for kind in (*changes.KINDS, waivers.KIND, naming.KIND, proposing.KIND, paying_out.KIND):
            register_change_kind(kind)
        register_route(Bills())
        register_narrator(narrate)

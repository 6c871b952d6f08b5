from django.apps import AppConfig


class BillsConfig(AppConfig):
    name = "raseed.bills"
    label = "bills"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make known what staff may be permitted, and the way that payments of bills go."""
        from raseed.payments.api import register_route
        from raseed.people.api import register_permissions

        from .permissions import PERMISSIONS
        from .route import Bills

        register_permissions(*PERMISSIONS)
        register_route(Bills())

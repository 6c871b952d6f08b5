from django.apps import AppConfig


class BankingConfig(AppConfig):
    name = "raseed.banking"
    label = "banking"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make known what may be permitted here, which changes need two people, and what is done when a phone changes."""
        from raseed.people.api import register_change_kind, register_permissions

        from . import phones  # noqa: F401  (its handler registers itself)
        from .changes import KINDS
        from .permissions import PERMISSIONS

        register_permissions(*PERMISSIONS)
        for kind in KINDS:
            register_change_kind(kind)

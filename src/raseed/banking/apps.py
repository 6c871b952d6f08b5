from django.apps import AppConfig


class BankingConfig(AppConfig):
    name = "raseed.banking"
    label = "banking"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make known what may be permitted here, which changes need two people, whose accounts are shown, and what is done when a phone changes."""
        from raseed.display.api import register_customer_codes
        from raseed.people.api import register_change_kind, register_permissions

        from . import phones  # noqa: F401  (its handler registers itself)
        from .changes import KINDS
        from .domain import LEDGER_CODES, ProductKind
        from .late.changes import KIND as PENALTIES
        from .late.waivers import KIND as WAIVERS
        from .permissions import PERMISSIONS

        register_customer_codes(LEDGER_CODES[kind] for kind in ProductKind)
        register_permissions(*PERMISSIONS)
        for kind in (*KINDS, PENALTIES, WAIVERS):
            register_change_kind(kind)

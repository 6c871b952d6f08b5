from django.apps import AppConfig


class AssuranceConfig(AppConfig):
    name = "raseed.assurance"
    label = "assurance"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make known what staff may be permitted, and the checks of the books."""
        from raseed.people.api import register_permissions

        from .books.checks import CHECKS
        from .books.registry import register_check
        from .permissions import PERMISSIONS

        register_permissions(*PERMISSIONS)
        for check in CHECKS:
            register_check(check)

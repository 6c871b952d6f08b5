from django.apps import AppConfig


class AssuranceConfig(AppConfig):
    name = "raseed.assurance"
    label = "assurance"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make known what staff may be permitted and changed by two, the checks of the books, and how guarded systems are asked."""
        from raseed.people.api import register_change_kind, register_permissions

        from .books.checks import CHECKS
        from .books.registry import register_check
        from .guard import forcing, projection
        from .guard.domain import SystemKind
        from .guard.outside.subject import Outside
        from .guard.permissions import PERMISSIONS as GUARDS
        from .guard.subjects import register_subject
        from .permissions import PERMISSIONS

        register_permissions(*PERMISSIONS, *GUARDS)
        for check in CHECKS:
            register_check(check)
        register_change_kind(forcing.KIND)
        register_subject(SystemKind.GENERATION, projection.Projection)
        register_subject(SystemKind.HTTP, Outside)

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "raseed.people"
    label = "people"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import phone_proposal, roles_changes, staff_changes
        from .authority import register_permissions
        from .changes import register_change_kind
        from .permissions import PERMISSIONS

        register_permissions(*PERMISSIONS)
        for kind in (*roles_changes.KINDS, *staff_changes.KINDS, phone_proposal.PHONE_KIND):
            register_change_kind(kind)

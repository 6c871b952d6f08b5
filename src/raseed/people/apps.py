from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "raseed.people"
    label = "people"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from .authority import register_permissions
        from .changes.domain import register_change_kind
        from .identities import linking, merging  # noqa: F401  (the first one's handler registers itself)
        from .permissions import PERMISSIONS
        from .persons import phone_proposal
        from .staff import changes, role_changes

        register_permissions(*PERMISSIONS)
        for kind in (*role_changes.KINDS, *changes.KINDS, phone_proposal.PHONE_KIND, *merging.KINDS):
            register_change_kind(kind)

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "raseed.people"
    label = "people"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from .authority import register_permissions
        from .permissions import PERMISSIONS

        register_permissions(*PERMISSIONS)

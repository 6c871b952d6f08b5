from django.apps import AppConfig


class DisplayConfig(AppConfig):
    name = "raseed.display"
    label = "display"
    default_auto_field = "django.db.models.BigAutoField"

from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "raseed.demo"
    label = "demo"
    default_auto_field = "django.db.models.BigAutoField"

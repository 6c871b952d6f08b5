from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    name = "raseed.channels"
    label = "channels"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from .receiving.working import register_status_sink
        from .sending.statuses import keep_status

        register_status_sink(keep_status)

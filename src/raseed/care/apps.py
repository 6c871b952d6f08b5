from django.apps import AppConfig


class CareConfig(AppConfig):
    name = "raseed.care"
    label = "care"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make known what staff may be permitted, what two persons change, what can be done for customers, and what cards say."""
        from raseed.banking.api import register_narrator
        from raseed.people.api import register_change_kind, register_permissions

        from .authority import climbing as approvals  # noqa: F401  (it hears of clocks)
        from .authority.acts import ACTIONS
        from .authority.changes import KINDS
        from .authority.narrating import narrate
        from .authority.permissions import PERMISSIONS as AUTHORITY
        from .authority.registry import register_action
        from .cards import providers, pulse  # noqa: F401  (the pulse hears of events)
        from .clocks import climbing  # noqa: F401  (it registers itself)
        from .conversations import handlers  # noqa: F401  (they hear of events)
        from .conversations.permissions import PERMISSIONS as CONVERSATIONS
        from .duty.permissions import PERMISSIONS as DUTY
        from .promises import telling  # noqa: F401  (it hears of conversations)
        from .promises.permissions import PERMISSIONS as PROMISES
        from .reports.permissions import PERMISSIONS as REPORTS

        register_permissions(*AUTHORITY, *CONVERSATIONS, *DUTY, *PROMISES, *REPORTS)
        for kind in KINDS:
            register_change_kind(kind)
        for each in ACTIONS:
            register_action(each)
        register_narrator(narrate)
        providers.register()

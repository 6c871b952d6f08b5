from django.apps import AppConfig


class DisplayConfig(AppConfig):
    name = "raseed.display"
    label = "display"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make our own projector known, and who proves what it shows."""
        from .generations.fold import NAME, Fold
        from .generations.projectors import register_projector
        from .prover.seam import TreesOfThisHome
        from .proving import prove_by

        register_projector(NAME, Fold())
        prove_by(TreesOfThisHome())

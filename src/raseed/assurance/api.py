"""The front door of ``assurance``: checks of the books and their findings."""

from __future__ import annotations

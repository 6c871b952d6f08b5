"""The pages process's door for granian (WSGI)."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "raseed.project.settings")
application = get_wsgi_application()

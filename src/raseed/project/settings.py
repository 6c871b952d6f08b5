"""Settings: read from the environment once, documented in docs/operations.md."""

from __future__ import annotations

import os
from pathlib import Path

from raseed.project.database import database_settings
from raseed.project.keys import secret_text

HOME = Path(os.environ.get("RASEED_HOME", ".raseed")).absolute()
DEBUG = False
SECRET_KEY = secret_text(HOME / "keys" / "django-secret")
ALLOWED_HOSTS = os.environ.get("RASEED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_htmx",
    "raseed.platform",
    "raseed.channels",
    "raseed.people",
    "raseed.ledger",
    "raseed.display",
    "raseed.banking",
    "raseed.payments",
    "raseed.web",
]
if os.environ.get("RASEED_DEMO", "") == "1":
    INSTALLED_APPS.append("raseed.demo")
DATABASES = {"default": database_settings(HOME)}
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "ar"
LANGUAGES = [("ar", "العربية"), ("he", "עברית"), ("en", "English")]
ROOT_URLCONF = "raseed.project.urls"

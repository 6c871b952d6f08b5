"""Settings: read from the environment once, documented in docs/operations.md."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from raseed.platform.keys import secret_text
from raseed.project.database import database_settings

HOME = Path(os.environ.get("RASEED_HOME", ".raseed")).absolute()
"""Where keys, the embedded database and logs are kept."""

DEBUG = False
SECRET_KEY = secret_text(HOME / "keys" / "django-secret")
ALLOWED_HOSTS = os.environ.get("RASEED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_htmx",
    "procrastinate.contrib.django",
    "raseed.platform",
    "raseed.channels",
    "raseed.people",
    "raseed.ledger",
    "raseed.display",
    "raseed.banking",
    "raseed.payments",
    "raseed.bills",
    "raseed.assurance",
    "raseed.care",
    *(["raseed.imports"] if find_spec("raseed.imports.apps") else []),
    "raseed.web",
]
if os.environ.get("RASEED_DEMO", "") == "1":
    INSTALLED_APPS.append("raseed.demo")

MIDDLEWARE = [
    "django.middleware.gzip.GZipMiddleware",
    "raseed.project.rest.Api",
    "raseed.web.middleware.Pages",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.template.context_processors.static",
            ],
            "string_if_invalid": "",
        },
    },
]
DATABASES = {"default": database_settings(HOME)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "ar"
LANGUAGES = [("ar", "العربية"), ("he", "עברית"), ("en", "English")]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600

ROOT_URLCONF = "raseed.project.urls"
WSGI_APPLICATION = "raseed.project.wsgi.application"
STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "raseed.web.assets.HashedAssets"},
}

# Behind HTTPS (RASEED_HTTPS=1) cookies travel over nothing else, and browsers are told to come back that way.
HTTPS = os.environ.get("RASEED_HTTPS", "") == "1"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("RASEED_ORIGINS", "").split(",") if origin]
SESSION_COOKIE_NAME = "session"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_AGE = 24 * 3600
CSRF_FAILURE_VIEW = "raseed.web.views.errors.csrf_failure"

IDLE_MINUTES = int(os.environ.get("RASEED_IDLE_MINUTES", "15"))
"""Minutes without use after which a customer is signed out."""

SESSION_HOURS = int(os.environ.get("RASEED_SESSION_HOURS", "12"))
"""Hours after signing in at which a customer is signed out, whatever they do."""

OFFICE_IDLE_MINUTES = int(os.environ.get("RASEED_OFFICE_IDLE_MINUTES", "10"))
"""Minutes without use after which staff are signed out."""

OFFICE_HOURS = int(os.environ.get("RASEED_OFFICE_HOURS", "8"))
"""Hours after signing in at which staff are signed out, whatever they do."""

OFFICE_FACTOR_MINUTES = int(os.environ.get("RASEED_OFFICE_FACTOR_MINUTES", "15"))
"""Minutes for which a second factor that staff have shown is good for deeds with weight."""

PASSKEY_DOMAIN = os.environ.get("RASEED_PASSKEY_DOMAIN", "") or ALLOWED_HOSTS[0].partition(":")[0]
"""The domain that passkeys belong to; those made for one domain don't work for another."""

PASSKEY_ORIGINS = tuple(origin for origin in os.environ.get("RASEED_PASSKEY_ORIGINS", "").split(",") if origin)
"""The origins whose pages may use them; none: HTTPS on the domain, and http://localhost."""

REGION = os.environ.get("RASEED_REGION", "")
"""The region (ISO 3166) whose national phone numbers people type to sign in; empty: the first institution's."""

PUBLIC_ADDRESS = os.environ.get("RASEED_PUBLIC_ADDRESS", "").rstrip("/")
"""Where everybody finds the pages (``https://pay.example``), for what is printed and read years later; empty: as asked."""

PHONE_URL = os.environ.get("RASEED_PHONE_URL", "")
"""In the demo, the page of the make-believe phone that text messages arrive on; the code page links to it."""

RAIL_URL = os.environ.get("RASEED_RAIL_URL", "").rstrip("/")
"""Where browsers find the rail's stream of changes: an origin, or ``:PORT`` of the pages' own host; empty: pages ask instead."""

DATA_UPLOAD_MAX_MEMORY_SIZE = 1 << 20

SMS_URL = os.environ.get("RASEED_SMS_URL", "")
"""Where text messages are handed over (HTTP); empty keeps them in the outbox."""

API_REQUESTS_PER_SECOND = int(os.environ.get("RASEED_API_RATE", "50"))
"""How many requests a second one access key may send to the management API; 0: as many as it likes."""

BILLER_NETWORKS = os.environ.get(
    "RASEED_BILLER_NETWORKS", "127.0.0.0/8,::1/128" if "raseed.demo" in INSTALLED_APPS else ""
)
"""Networks beside the public internet where billers may be; within them also without encryption."""

WEBHOOK_NETWORKS = os.environ.get(
    "RASEED_WEBHOOK_NETWORKS", "127.0.0.0/8,::1/128" if "raseed.demo" in INSTALLED_APPS else ""
)
"""Networks beside the public internet that webhooks may go to; loopback ones also without encryption."""

CHANNEL_NETWORKS = os.environ.get(
    "RASEED_CHANNEL_NETWORKS", "127.0.0.0/8,::1/128" if "raseed.demo" in INSTALLED_APPS else ""
)
"""Networks beside the public internet where providers of channels and mail servers may be; loopback ones also without encryption."""

MALWARE = os.environ.get("RASEED_MALWARE", "")
"""Where files that people send are looked at for malware (``host:port``, docs/malware-port.md); empty: nowhere, which is said."""

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": os.environ.get("RASEED_LOG", "INFO").upper()},
    "loggers": {"procrastinate": {"level": "WARNING"}, "fido2": {"level": "WARNING"}},
}
SILENCED_SYSTEM_CHECKS: list[str] = []

"""The pages process's addresses: each package that has pages or an API names them in its own ``urls``."""

from __future__ import annotations

from importlib.util import find_spec

from django.apps import apps
from django.urls import URLPattern, URLResolver, include, path

_MOUNTS = {"demo": ("raseed.demo.urls", "demo/"), "web": ("raseed.web.urls", "")}

urlpatterns: list[URLPattern | URLResolver] = [
    path(prefix, include(module))
    for label, (module, prefix) in _MOUNTS.items()
    if apps.is_installed(f"raseed.{label}") and find_spec(module)
]

handler400 = "raseed.web.views.errors.bad_request"
handler403 = "raseed.web.views.errors.permission_denied"
handler404 = "raseed.web.views.errors.not_found"
handler500 = "raseed.web.views.errors.server_error"

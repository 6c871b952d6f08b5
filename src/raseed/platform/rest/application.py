"""The management API as one application: its routes bound to who may ask, its errors in one shape, its description."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.renderers import BaseRenderer

from raseed.kernel.errors import RaseedError

from .bodies import ReadBefore
from .callers import Authenticate
from .description import finish
from .errors import JSON, refused
from .routes import Gate, Resource

PREFIX: Final = "/api/v1/"
_encode: Final = msgspec.json.Encoder().encode


class PlainJson(BaseRenderer):
    """JSON in UTF-8, with ids and instants in their usual form."""

    media_type = JSON

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        """Return an answer's bytes."""
        del request, response_status
        return _encode(data)


class ManagementApi(NinjaAPI):
    """``/api/v1``: what the packages' resources offer, behind their gates."""

    def __init__(self, *, title: str, words: str, resources: Iterable[Resource], authenticate: Authenticate) -> None:
        super().__init__(
            title=title, version="1", description=words, openapi_url=None, docs_url=None, renderer=PlainJson(),
            parser=ReadBefore(), urls_namespace="management-api",
        )  # fmt: skip
        self.resources = tuple(resources)
        for resource in self.resources:
            self.add_router("", resource.router)
        for kind in (RaseedError, HttpError, ValidationError, Exception):
            self.add_exception_handler(kind, self._refused)
        for bound in self._get_bound_routers():
            for view in bound.path_operations.values():
                for operation in view.operations:
                    (gate,) = operation.auth_callbacks
                    assert isinstance(gate, Gate), "every route stands behind a gate"
                    gate.operation, gate.authenticate = operation, authenticate
        self._document = b""

    def _refused(self, request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
        assert isinstance(error, Exception), "what was raised, not its class"
        return refused(request, error)

    def get_content_type(self) -> str:
        """Return what its answers are."""
        return JSON

    def gates(self) -> list[Gate]:
        """Return the gates of all routes, for whoever wants to try each."""
        return [gate for resource in self.resources for gate in resource.gates]

    def describe(self) -> dict[str, Any]:
        """Return the description, OpenAPI 3.1."""
        return finish(dict(self.get_openapi_schema(path_prefix=PREFIX.removeprefix("/"))), self.resources)

    def document(self, request: HttpRequest) -> HttpResponse:
        """Answer with the description."""
        del request
        if not self._document:
            self._document = _encode(self.describe())
        return HttpResponse(self._document, content_type=JSON)

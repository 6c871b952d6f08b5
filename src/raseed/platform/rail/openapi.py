"""The description of a rail's API: an OpenAPI 3.1 document made from its routes and the types that they take and give."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from .application import Route

REFERENCE: Final = "#/components/schemas/{name}"
_ID: Final = {"type": "string", "format": "uuid", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}


class ErrorFields(msgspec.Struct):
    """What was refused: ``code`` for programs; ``message`` and ``hint`` in the language of Accept-Language (en, ar, he).

    ``params`` are what the two were filled with; money is ``{amount_minor, currency}``.
    """

    code: str
    message: str
    hint: str
    field: str | None
    params: dict[str, Any]


class Error(msgspec.Struct):
    """The one shape in which every error is answered."""

    error: ErrorFields


def describe(title: str, version: str, text: str, routes: Iterable[Route]) -> dict[str, Any]:
    """Return the document."""
    routes = list(routes)
    types = [Error, *(kind for route in routes for kind in [route.takes, *route.gives.values()] if kind is not None)]
    schemas, components = msgspec.json.schema_components(types, ref_template=REFERENCE)
    by_type = {id(kind): schema for kind, schema in zip(types, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, by_type)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": text},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "A key of a trusted system."}
            },
        },
    }


def _operation(route: Route, by_type: Mapping[int, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {
        str(status): _content("As asked.", by_type[id(kind)]) for status, kind in sorted(route.gives.items())
    }
    responses["default"] = _content(
        "Refused; statuses are in the documentation.", {"$ref": REFERENCE.format(name="Error")}
    )
    operation: dict[str, Any] = {
        "operationId": _name(route),
        "summary": route.summary,
        "parameters": [
            *(
                {"name": name, "in": "path", "required": True, "schema": _ID}
                for name in re.findall(r"\{(\w+)\}", route.path)
            ),
            *({"name": name, "in": "query", "schema": schema} for name, schema in route.parameters.items()),
        ],
        "responses": responses,
    }
    if route.takes is not None:
        operation["requestBody"] = {"required": True, **_content("", by_type[id(route.takes)])}
        del operation["requestBody"]["description"]
    if route.scope is not None:
        operation["security"] = [{"key": [route.scope]}]
    return operation


def _content(text: str, schema: Any) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _name(route: Route) -> str:
    words = [word for word in re.split(r"[/{}._]", route.path) if word]
    return "_".join([route.method.lower(), *words])

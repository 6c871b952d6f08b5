"""What the OpenAPI description says beside what the routes' types say: errors, keys, languages, kinds of bodies and answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from .errors import JSON
from .routes import Resource, Rules

ERROR: Final = "#/components/schemas/Error"
_TEXT: Final = {"type": "string"}
ERROR_SCHEMA: Final = {
    "type": "object",
    "description": "The one shape in which every refusal is answered.",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "hint", "field", "params"],
            "properties": {
                "code": _TEXT | {"description": "For programs; it never changes.", "example": "not_enough_money"},
                "message": _TEXT | {"description": "For people, in the language of Accept-Language (en, ar, he)."},
                "hint": _TEXT | {"description": "What to do, in the same language."},
                "field": {
                    "anyOf": [_TEXT, {"type": "null"}],
                    "description": "Which value is at fault, such as `payments[3].to.value`.",
                },
                "params": {
                    "type": "object",
                    "description": "What the message was filled with; money as {amount_minor, currency}.",
                    "additionalProperties": True,
                },
            },
        }
    },
    "example": {
        "error": {
            "code": "limit_per_transfer",
            "message": "One transfer from this account may be at most EGP 10,000.00.",
            "hint": "Send a smaller amount.",
            "field": "amount",
            "params": {"limit": {"amount_minor": "1000000", "currency": "EGP"}},
        }
    },
}
WORDS: Final = {
    400: "The request is not what this description says.",
    401: "No key, or one that is not valid any more.",
    403: "The key lacks the permission, or customers' keys may not ask this.",
    404: "It does not exist, or is not the caller's to see.",
    406: "The answer is not to be had in the form that Accept asks for.",
    409: "The same id came with other content, or the state of things does not allow it.",
    411: "The body's length is missing.",
    413: "The body is too large.",
    415: "The body is of the wrong kind.",
    422: "Well written, but refused for what it says: a limit, an IBAN, a name that hides characters, …",
    429: "More requests than the key may send.",
    500: "A bug of ours; `params.reference` is its name in our log.",
    503: "Nothing was done; ask again under the same ids.",
}
_ALWAYS: Final = (400, 401, 403, 429, 500, 503)
_SECONDS: Final = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}}
_HEADERS: Final = {
    401: {"WWW-Authenticate": {"description": "How to sign in.", "schema": {"type": "string"}}},
    429: _SECONDS,
    503: _SECONDS,
}
_LANGUAGE: Final = {
    "name": "Accept-Language",
    "in": "header",
    "required": False,
    "description": "The language of messages and of words in answers: en (the default), ar or he.",
    "schema": {"type": "string"},
    "example": "ar",
}


def finish(document: dict[str, Any], resources: Iterable[Resource]) -> dict[str, Any]:
    """Return the description with all that every route has in common."""
    resources = tuple(resources)
    rules = {
        gate.operation.operation_id: (gate.rules, gate.takes_json)
        for resource in resources
        for gate in resource.gates
        if gate.operation is not None
    }
    for path, methods in document["paths"].items():
        for operation in methods.values():
            rule, takes_json = rules[operation["operationId"]]
            _finish(operation, rule, takes_json=takes_json, has_places="{" in path)
    components = document["components"]
    components["schemas"]["Error"] = ERROR_SCHEMA
    components["parameters"] = {"Language": _LANGUAGE}
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "An access key, `rsk_…`."},
    }
    document["tags"] = [{"name": resource.name, "description": resource.words} for resource in resources]
    document.pop("servers", None)
    _drop_titles(document["paths"])
    _drop_titles(components["schemas"])
    return document


def _finish(operation: dict[str, Any], rules: Rules, *, takes_json: bool, has_places: bool) -> None:
    statuses = set(_ALWAYS) | set(rules.refuses)
    if takes_json or any(each["in"] == "query" for each in operation["parameters"]):
        statuses.add(422)
    if has_places:
        statuses.add(404)
    if takes_json or rules.takes:
        statuses |= {411, 413, 415}
    if rules.gives:
        statuses.add(406)
    responses = {str(status): answer for status, answer in operation["responses"].items()}
    for status in sorted(statuses):
        responses[str(status)] = {
            "description": WORDS[status],
            "content": {JSON: {"schema": {"$ref": ERROR}}},
            **({"headers": _HEADERS[status]} if status in _HEADERS else {}),
        }
    success = next(answer for status, answer in responses.items() if status.startswith("2"))
    if rules.gives:
        success["content"] = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in rules.gives}
    if rules.links:
        success["links"] = {
            name: {"operationId": target, "parameters": {parameter: "$response.body#/id"}}
            for name, (target, parameter) in rules.links.items()
        }
    operation["responses"] = responses
    operation["parameters"] = [
        *({key: value for key, value in each.items() if key != "example"} for each in operation["parameters"]),
        {"$ref": "#/components/parameters/Language"},
    ]
    if rules.takes:
        operation["requestBody"] = {
            "required": True,
            "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in rules.takes},
        }
    elif rules.example is not None:
        operation["requestBody"]["content"][JSON]["example"] = rules.example
    operation["security"] = [{"key": []}]
    operation["description"] = " ".join(filter(None, (operation.get("description"), _who(rules))))


def _who(rules: Rules) -> str:
    """Say which keys may ask."""
    if rules.anyone:
        return "Any key may ask."
    if rules.any_of is not None:
        institutions = "An institution's key needs the permission of the kind of change that it is about."
    else:
        institutions = f"An institution's key needs `{rules.permission}`." if rules.permission else ""
    customers = f"A customer's key needs `{rules.own}` and sees its holder's own things." if rules.own else ""
    return " ".join(filter(None, (institutions, customers)))


def _drop_titles(schema: Any) -> None:
    """Take off the titles that pydantic makes out of names: they say nothing that the names don't."""
    if isinstance(schema, list):
        for item in schema:
            _drop_titles(item)
    elif isinstance(schema, dict):
        if isinstance(schema.get("title"), str):
            del schema["title"]
        for value in schema.values():
            _drop_titles(value)

"""The description says what the API does: every route, every status, every field, and nothing from elsewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from raseed.platform.rest.description import WORDS
from raseed.project.rest import management_api

from .world import ask

DOCUMENT = ask("GET", "/openapi.json").json
OPERATIONS = {
    operation["operationId"]: operation for methods in DOCUMENT["paths"].values() for operation in methods.values()
}


WITH_JSON = [
    name
    for name, operation in OPERATIONS.items()
    if "application/json" in operation.get("requestBody", {}).get("content", {})
]


def test_it_is_openapi_three_one_of_this_version() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    assert DOCUMENT["info"]["version"] == "1"
    assert all(path.startswith("/api/v1/") for path in DOCUMENT["paths"])
    assert DOCUMENT["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


def test_every_route_is_in_it_with_a_summary_a_tag_and_who_may_ask() -> None:
    assert set(OPERATIONS) == {gate.operation.operation_id for gate in management_api().gates() if gate.operation}
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    for name, operation in OPERATIONS.items():
        assert len(operation["summary"]) > 10, name
        assert set(operation["tags"]) <= tags, name
        assert operation["security"] == [{"key": []}], name
        assert re.search(r"key", operation["description"]), name


def test_every_refusal_has_its_words_and_the_one_shape() -> None:
    for name, operation in OPERATIONS.items():
        statuses = {int(status) for status in operation["responses"]}
        assert {400, 401, 403, 429, 500, 503} <= statuses, name
        for status in statuses - {200, 202, 204}:
            answer = operation["responses"][str(status)]
            assert answer["description"] == WORDS[status]
            assert answer["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}
        for status, header in ((401, "WWW-Authenticate"), (429, "Retry-After"), (503, "Retry-After")):
            assert header in operation["responses"][str(status)]["headers"]


@pytest.mark.parametrize("name", WITH_JSON)
def test_every_body_has_an_example_that_fits(name: str) -> None:
    content = OPERATIONS[name]["requestBody"]["content"]["application/json"]
    schema = {"components": DOCUMENT["components"], **content["schema"]}
    jsonschema_rs.validator_for(schema).validate(content["example"])


def test_every_reference_leads_somewhere_and_nothing_comes_from_elsewhere() -> None:
    text = json.dumps(DOCUMENT)
    for reference in set(re.findall(r'"\$ref": "#/components/(\w+)/(\w+)"', text)):
        assert reference[1] in DOCUMENT["components"][reference[0]]
    assert not re.search(r'"\$ref": "[^#]', text)
    assert "http://" not in text.replace("http://127.0.0.1", "")


def test_no_answer_is_a_plain_object() -> None:
    def check(schema: Any, where: str) -> None:
        if isinstance(schema, dict):
            if schema.get("type") == "object" and "properties" not in schema:
                named = ("payload", "before", "after", "params", "names")
                assert "additionalProperties" in schema or where.rsplit(".", 1)[-1] in named, where
            for key, value in schema.items():
                check(value, f"{where}.{key}" if key not in {"anyOf", "items", "properties"} else where)
        elif isinstance(schema, list):
            for value in schema:
                check(value, where)

    check(DOCUMENT["components"]["schemas"], "")


def test_the_guide_names_only_addresses_that_are_there() -> None:
    guide = (Path(__file__).parent.parent.parent / "docs" / "api.md").read_text(encoding="utf-8")
    known = [re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + r"\Z") for path in DOCUMENT["paths"]]
    named = set(re.findall(r"/api/v1(/[\w/{}.$-]*)", guide)) - {"/openapi.json"}
    assert named
    assert not [each for each in named if not any(path.match(f"/api/v1{each.rstrip('.')}") for path in known)]

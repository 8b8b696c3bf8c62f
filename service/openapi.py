"""OpenAPI of every route: types of bodies and answers as msgspec knows them, with examples.

@router.post("/search", **documented(answer=SearchAnswer, body=SearchRequest, example=…))

Every route of /v1 may be refused in the ways of REFUSALS; what else it may say is named beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service import answers
from service.access import COOKIE
from service.problems import KINDS, MEDIA_TYPE, Document

JSON, MULTIPART = "application/json", "multipart/form-data"
# Before a route is found, or whatever it does: keys, websites, rates, bugs, time.
REFUSALS = (400, 401, 403, 429, 431, 500, 503, 504)
WITH_BODY = (408, 413, 415, 422)
_TITLES = {status: title for status, title in KINDS.values()} | {400: "It cannot be answered"}  # noqa: C416
_PROBLEM = Document.__name__
_types: dict[str, Any] = {_PROBLEM: Document}  # by their names under components


def documented(
    *,
    answer: Any = None,
    status: int = 200,
    media: str = JSON,
    example: Any = None,
    body: Any = None,
    body_example: Any = None,
    form: tuple[str, Any, int] | None = None,
    query: Any = None,
    problems: Sequence[int] = (),
    cached: bool = False,
) -> dict[str, Any]:
    """Arguments for a route's decorator.

    `form` is a multipart body: the field that holds JSON, its type, and the most files `image`.
    `query` is a type whose fields are parameters. `cached`: 304 where the ETag is known.
    """
    responses: dict[int | str, Any] = {
        status: _answer(answer, media, example, cached),
        **{code: _problem(code) for code in problems},
    }
    if cached:
        responses[304] = {"description": "The asker has this answer already.", **_headers(cached)}
    extra: dict[str, Any] = {}
    content = {}
    if body is not None:
        content[JSON] = _shown(ref(body), body_example)
    if form is not None:
        field, kind, most = form
        content[MULTIPART] = {
            "schema": {
                "type": "object",
                "properties": {
                    field: ref(kind),
                    "image": {
                        "type": "array",
                        "items": {"type": "string", "format": "binary"},
                        "maxItems": most,
                    },
                },
            },
            "encoding": {field: {"contentType": JSON}},
        }
    if content:
        extra["requestBody"] = {"content": content, "required": True}
        responses |= {code: _problem(code) for code in WITH_BODY}
    if query is not None:
        extra["parameters"] = _parameters(query)
        responses[422] = _problem(422)
    return {"responses": responses, "openapi_extra": extra, "response_model": None}


def ref(kind: Any) -> dict[str, str]:
    """A schema that stands under components."""
    known = _types.setdefault(kind.__name__, kind)
    assert known is kind, f"two types are called {kind.__name__}"
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


def install(app: FastAPI) -> None:
    """Put together when it is first asked for."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _whole(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the framework's own way


def _whole(app: FastAPI) -> dict[str, Any]:
    said = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    own = said.get("components", {}).get("schemas", {})
    said["components"] = {
        "schemas": {name: own[name] for name in own if "ValidationError" not in name} | _schemas(),
        "securitySchemes": {
            "key": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
        },
    }
    said["security"] = [{}, {"key": []}, {"session": []}]  # on loopback no key is needed
    for path, operations in said["paths"].items():
        for operation in operations.values():
            _complete(path, operation)
    return said


def _complete(path: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    codes = [*REFUSALS, *([404] if "{" in path else [])]
    if operation.get("parameters"):
        codes.append(422)
    for code in codes if path.startswith("/v1/") else (500, 503):
        responses[str(code)] = _problem(code)
    operation["summary"] = operation.get("description", "").split("\n")[0].rstrip(".")


def _schemas() -> dict[str, Any]:
    template = "#/components/schemas/{name}"
    found = msgspec.json.schema_components(list(_types.values()), ref_template=template)[1]
    return answers.addressed(dict(found))


def _answer(kind: Any, media: str, example: Any, cached: bool) -> dict[str, Any]:
    said: dict[str, Any] = {"description": "As asked for.", **_headers(cached)}
    if kind is not None:
        schema = ref(kind) if not isinstance(kind, Mapping) else dict(kind)
        said["content"] = {media: _shown(schema, example)}
    return said


def _headers(cached: bool) -> dict[str, Any]:
    if not cached:
        return {}
    return {
        "headers": {"ETag": {"schema": {"type": "string"}, "description": "For If-None-Match."}}
    }


def _shown(schema: Mapping[str, Any], example: Any) -> dict[str, Any]:
    return {"schema": dict(schema)} | ({} if example is None else {"example": example})


def _problem(code: int) -> dict[str, Any]:
    said: dict[str, Any] = {
        "description": _TITLES.get(code, "Refused") + ".",
        "content": {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{_PROBLEM}"}}},
    }
    if code in (429, 503):
        said["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return said


def _parameters(kind: Any) -> list[dict[str, Any]]:
    """Each field of a type as a parameter; a list is given several times."""
    schema = msgspec.json.schema(kind)["$defs"][kind.__name__]
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": _one(field).get("description", ""),
            "schema": _one(field),
        }
        for name, field in schema["properties"].items()
    ]


def _one(field: Mapping[str, Any]) -> dict[str, Any]:
    """Left out, a parameter is null: it cannot be said in an address."""
    kinds = [one for one in field.get("anyOf", ()) if one.get("type") != "null"]
    return dict(kinds[0]) if kinds else dict(field)

"""/v1/fields and GET /v1/index: what there is to search."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from db.history import Entry, history
from service import answers, conditional, examples
from service.access import allowed
from service.openapi import documented
from service.problems import document
from service.state import Service, service_of

router = APIRouter(prefix="/v1", tags=["index"], dependencies=[allowed("read")])


@router.get("/fields", **documented(answer=answers.Fields, example=examples.FIELDS, cached=True))
async def fields(request: Request) -> Response:
    """What a filter can ask for: names, kinds and values."""
    service = service_of(request)
    revision = await service.reading.run(service.store.revision)
    headers = {"ETag": conditional.etag("fields", revision), "Cache-Control": answers.PRIVATE}
    if conditional.held(request, headers["ETag"]):
        return conditional.not_modified(headers)
    found = await service.reading.run(service.fields.at, revision, service.store.fields)
    return answers.json_response(answers.Fields(found), headers)


@router.get("/index")
async def index(request: Request) -> Response:
    """The generation that serves, and those that can be gone back to."""
    service = service_of(request)
    return answers.json_response(await service.reading.run(state, service))


def state(service: Service) -> dict[str, Any]:
    """Of catalog and index; readable without an index too."""
    trouble, job = service.live.trouble, service.worker.job
    said: dict[str, Any] = {
        "generation": None,
        "generations": [_published(entry) for entry in history(service.home.generations)],
        "catalog": {
            "items": service.store.count_items(),
            "captions": service.store.count_captions(),
            "revision": service.store.revision(),
        },
        "recogniser": service.home.recogniser.is_dir(),
        # Changes that were accepted and that no search can find yet.
        "queue": service.worker.waiting(),
        "job": None if job is None else job.said(),
        "failures": list(service.worker.failures),
        "trouble": None if trouble is None else problem_of(service, trouble),
    }
    if service.live.ready:
        loaded = service.live.loaded()
        manifest = loaded.generation.manifest
        said |= {
            "generation": manifest.name,
            "created": manifest.created,
            "items": manifest.items,
            "captions": manifest.captions,
            "model": loaded.encoder.model,
            "embedding": manifest.fingerprint,
            "loaded": loaded.since,
        }
    return said


def _published(entry: Entry) -> dict[str, Any]:
    said: dict[str, Any] = {"name": entry.name, "live": entry.live, "bytes": entry.bytes}
    if entry.manifest is not None:
        made = entry.manifest
        said |= {"items": made.items, "captions": made.captions, "created": made.created}
    return said


def problem_of(service: Service, error: Exception) -> Any:
    return msgspec.to_builtins(document(error, str(service.home.path)))

"""/v1/fields and GET /v1/index: what there is to search."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from db.history import Entry, history
from service import answers, conditional, examples, told
from service.access import allowed
from service.live import HIDDEN
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
    asked_for = [one for one in found if not (one.builtin and one.name in HIDDEN)]
    return answers.json_response(answers.Fields(asked_for), headers)


@router.get("/index", **documented(answer=told.Index))
async def index(request: Request) -> Response:
    """The generation that serves, those that can be gone back to, and what is at work."""
    service = service_of(request)
    return answers.json_response(await service.reading.run(state, service))


def state(service: Service) -> told.Index:
    """Of catalog and index; readable without an index too."""
    trouble, job = service.live.trouble, service.worker.job
    loaded = service.live.loaded() if service.live.ready else None
    manifest = None if loaded is None else loaded.generation.manifest
    return told.Index(
        generation=None if manifest is None else manifest.name,
        created=None if manifest is None else manifest.created,
        items=0 if manifest is None else manifest.items,
        captions=0 if manifest is None else manifest.captions,
        model=None if loaded is None else loaded.encoder.model,
        embedding=None if manifest is None else manifest.fingerprint,
        loaded=None if loaded is None else loaded.since,
        generations=[_published(entry) for entry in history(service.live.kept)],
        catalog=told.Held(
            service.store.count_items(), service.store.count_captions(), service.store.revision()
        ),
        recogniser=service.home.recogniser.is_dir(),
        queue=service.worker.waiting(),
        job=None if job is None else job.said(),
        failures=list(service.worker.failures),
        trouble=None if trouble is None else document(trouble, str(service.home.path)),
    )


def _published(entry: Entry) -> told.Published:
    made = entry.manifest
    if made is None:
        return told.Published(entry.name, entry.live, entry.bytes)
    return told.Published(
        entry.name, entry.live, entry.bytes, made.items, made.captions, made.created
    )

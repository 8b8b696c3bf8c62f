"""POST /v1/tag and POST /v1/recognise: what pictures show that are not in the catalog."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated

import msgspec
from fastapi import APIRouter, Request, Response
from msgspec import Meta, Struct
from starlette.datastructures import UploadFile

from db.zones import zone_of
from encoder import products
from encoder.runtime_products import ProductModel
from errors import ImageError, QueryError
from service import examples, uploads
from service.access import allowed
from service.answers import Records, Tags, json_response
from service.live import Loaded
from service.openapi import documented
from service.problems import Problem
from service.schemas import Text
from service.state import Service, service_of
from tagger import Asked, Tagger
from tagger.many import Report
from tagger.offers import Place, asked
from tagger.record import Recogniser, Record
from tagger.results import Tagged
from tagger.tagger import Picture, vocabulary_of

router = APIRouter(prefix="/v1", tags=["tag"], dependencies=[allowed("tag")])
MOST = 32  # pictures of a request
_FRESH = {"Cache-Control": "no-store"}
Precision = Annotated[float, Meta(ge=0.5, le=0.99)]


class TagOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """How pictures are tagged; as the options of `pairdex tag`."""

    top: Annotated[int, Meta(ge=1, le=200, description="Most tags of each.")] | None = None
    caption: Annotated[Text, Meta(description="What is known of the one picture.")] = ""
    precision: Annotated[Precision, Meta(description="Share that must be true.")] | None = None
    label: Annotated[str, Meta(max_length=256, description="A column to choose a value of.")] = ""
    language: Annotated[str, Meta(pattern="^([a-z]{2})?$", description="Of the names.")] = ""
    captions: Annotated[bool, Meta(description="The best captions alone.")] = False


class RecogniseOptions(Struct, frozen=True, forbid_unknown_fields=True):
    near: Annotated[str, Meta(max_length=64, description="LAT,LON: the nearest store.")] = ""
    within: Annotated[str, Meta(max_length=32, description="How far: 2km, 800m.")] = ""
    on: Annotated[str, Meta(max_length=10, description="The day of promotions, ISO.")] = ""


@router.post(
    "/tag",
    **documented(answer=Tags, example=examples.TAGS, form=("options", TagOptions, MOST)),
)
async def tag(request: Request) -> Response:
    """Tags, best captions and nearest items of pictures."""
    service = service_of(request)
    async with uploads.form(request, TagOptions, "options", MOST) as (options, files):
        _some(files)
        if options.caption and len(files) > 1:
            why = f"{len(files)} are sent"
            raise QueryError("it is about one image", why, "send that one", field="caption")
        loaded, found = await uploads.views(service, files)
    _one_could_be_read([sent.error for sent, _ in found])
    seen = [
        Picture(
            sent.name,
            sent.content,
            None if view is None else view.encoded,
            None if sent.error is None else str(sent.error),
        )
        for sent, view in found
    ]
    told = await service.tagging.run(_tagged, service, loaded, options, seen)
    report = Report(tagged=sum(one.error is None for one in told))
    report.failed = len(told) - report.tagged
    return json_response(Tags(loaded.name, told, report), _FRESH)


@router.post(
    "/recognise",
    **documented(
        answer=Records,
        example=examples.RECORDS,
        form=("options", RecogniseOptions, MOST),
        problems=[404],
    ),
)
async def recognise(request: Request) -> Response:
    """The product that each picture shows: its record, promotions and the nearest store."""
    service = service_of(request)
    async with uploads.form(request, RecogniseOptions, "options", MOST) as (options, files):
        _some(files)
        place, metres, day = asked(options.near or None, options.within or None, options.on or None)
        recogniser = await service.tagging.run(_recogniser, service)
        most = service.settings.service.max_pixels

        def look() -> list[Record | ImageError]:
            return [_record(recogniser, file, most, place, metres, day) for file in files]

        found = await service.tagging.run(look)
    _one_could_be_read(found)
    records = [
        Record(file.filename or "image", error=str(one)) if isinstance(one, ImageError) else one
        for file, one in zip(files, found, strict=True)
    ]
    return json_response(Records(records), _FRESH)


def _one_could_be_read(found: Sequence[object]) -> None:
    """Where every picture is an error, the first one's is that of the request."""
    if found and all(isinstance(one, ImageError) for one in found):
        assert isinstance(found[0], ImageError)
        raise found[0]


def _some(files: Sequence[UploadFile]) -> None:
    if not files:
        raise Problem("invalid-request", "no image is sent", "", "send 1 to 32 files as `image`")


def _tagged(
    service: Service, loaded: Loaded, options: TagOptions, seen: Sequence[Picture]
) -> list[Tagged]:
    settings = service.settings.tagger
    if options.precision is not None:
        if loaded.encoder.tagging is None:
            why = "it was never told of precisions"
            what = "this model's tags have one threshold each"
            raise QueryError(what, why, "leave it out", field="precision")
        settings = msgspec.structs.replace(settings, precision=options.precision)
    if options.language:
        settings = msgspec.structs.replace(settings, language=options.language)
    words = vocabulary_of(service.home.path, settings, loaded.encoder, loaded.store)
    tagger = Tagger(
        loaded.store,
        loaded.generation,
        loaded.encoder,
        settings,
        asked=Asked(options.caption, options.label, options.captions),
        vocabulary=words,
        labels=service.home.cache / "labels",
    )
    return tagger.tell(seen, options.top)


def _recogniser(service: Service) -> Recogniser:
    """Opened when first asked for, and anew when another has been trained."""
    folder = service.home.recogniser
    try:
        found = (folder / products.JSON).stat()
    except OSError:
        why = "this home has learnt no products"
        raise Problem(
            "not-found", "there is no recogniser", why, "run `pairdex train --products`"
        ) from None

    def opened() -> Recogniser:
        model = ProductModel(folder, service.settings.runtime, service.home.compiled)
        return Recogniser(model, service.store, zone_of(service.settings.links.timezone))

    return service.recogniser.at((found.st_ino, found.st_mtime_ns), opened)


def _record(
    recogniser: Recogniser,
    file: UploadFile,
    most: int,
    place: Place | None,
    metres: float | None,
    day: dt.date | None,
) -> Record | ImageError:
    name = file.filename or "image"
    try:
        data = uploads.content(file, most)
        return recogniser.recognise(data, place, metres, day, name)
    except ImageError as error:
        return error

"""Pictures that are sent: read from the multipart body, decoded in threads of their own, encoded
together with everybody else's.

A client's file name is what errors and answers call a picture by; it is never a path here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from fastapi import Request
from msgspec import Struct
from starlette.datastructures import UploadFile

from encoder.inputs import Pixels, read_pixels
from errors import ImageError
from images import content_hash, require_pixels
from search import Seen
from service.live import Loaded
from service.problems import Problem
from service.schemas import read
from service.searching import View
from service.state import Service

MULTIPART = "multipart/form-data"
_FIELD = 1 << 20  # bytes of a field that is no file
_TRIES = 3
_TOGETHER = 4  # pictures of one request that are decoded at once
Kind = TypeVar("Kind", bound=Struct)


@dataclass(frozen=True)
class Sent:
    """One picture, as far as it could be read."""

    name: str
    content: str = ""  # hash of its bytes
    pixels: Pixels | None = None
    error: ImageError | None = None


def is_multipart(request: Request) -> bool:
    return request.headers.get("content-type", "").lower().startswith(MULTIPART)


@asynccontextmanager
async def form(
    request: Request, kind: type[Kind], field: str, most: int, files: str = "image"
) -> AsyncIterator[tuple[Kind, list[UploadFile]]]:
    """The JSON of the field and the files, at most so many; both are gone with the block."""
    if not is_multipart(request):
        raise Problem("unsupported-type", "the body is not multipart/form-data", "", "send a form")
    async with request.form(max_files=most, max_fields=8, max_part_size=_FIELD) as sent:
        if unknown := set(sent) - {field, files}:
            known = f"there are {field} and {files}"
            raise Problem("invalid-request", f"no field {min(unknown)!r}", known)
        said = [value for value in sent.getlist(field) if isinstance(value, str)]
        if len(said) > 1 or len(said) != len(sent.getlist(field)):
            raise Problem("invalid-request", f"{field} is not one JSON text")
        images = [value for value in sent.getlist(files) if isinstance(value, UploadFile)]
        if len(images) != len(sent.getlist(files)):
            raise Problem("invalid-request", f"{files} is no file", "", "give it a file name")
        yield read(said[0].encode() if said else b"{}", kind), images


async def views(
    service: Service, uploads: Sequence[UploadFile]
) -> tuple[Loaded, list[tuple[Sent, View | None]]]:
    """Each picture as the model sees it, or with its error; all of them by the same model."""
    for _ in range(_TRIES):
        loaded = service.live.loaded()
        size = loaded.encoder.image_size
        most = service.settings.service.max_pixels
        sent: list[Sent] = []
        seen: list[View | None] = []
        # A few at a time: a request of many pictures leaves room for those of others.
        for start in range(0, len(uploads), _TOGETHER):
            some = uploads[start : start + _TOGETHER]
            jobs = (service.decoding.run(decoded, upload, size, most) for upload in some)
            sent += (read := await asyncio.gather(*jobs))
            seen += await asyncio.gather(*(_view(service, one) for one in read))
        models = {view.loaded.encoder.fingerprint: view.loaded for view in seen if view}
        if len(models) <= 1:
            return next(iter(models.values()), loaded), list(zip(sent, seen, strict=True))
    raise Problem("busy", "models were changed while pictures were read", "", "try again", 1)


async def pictures(
    service: Service, uploads: Sequence[UploadFile]
) -> tuple[Loaded, tuple[Seen, ...]]:
    """For a search; the first that cannot be read is the error of all."""
    loaded, found = await views(service, uploads)
    seen = []
    for sent, view in found:
        if sent.error is not None:
            raise sent.error
        assert view is not None
        seen.append(Seen(sent.content, view.encoded))
    return loaded, tuple(seen)


async def _view(service: Service, sent: Sent) -> View | None:
    return None if sent.pixels is None else await service.encodings.ask(sent.pixels)


def content(upload: UploadFile, most: int) -> bytes:
    """In a thread: the whole file is in memory only here. `most` are its pixels."""
    name = upload.filename or "image"
    upload.file.seek(0)
    data: bytes = upload.file.read()
    if not data:
        raise ImageError(f"{name} is empty", "zero bytes", "send the file again")
    require_pixels(data, name, most)
    return data


def decoded(upload: UploadFile, size: int, most: int) -> Sent:
    name = upload.filename or "image"
    try:
        data = content(upload, most)
        return Sent(name, content_hash(data), read_pixels(data, size, name))
    except ImageError as error:
        return Sent(name, error=error)

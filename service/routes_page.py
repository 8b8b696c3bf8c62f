"""The page: `/` and what it needs under `/static`.

All of its files are read once, at the start, and known by name: no address is ever made a path.
Each is sent compressed where the browser takes that, and asked for anew only by its ETag.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request, Response

from service.problems import Problem

PAGE = Path(__file__).parent / "page"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class File:
    content: bytes
    packed: bytes
    type: str
    etag: str


def read(folder: Path = PAGE) -> dict[str, File]:
    """Every file of the page by its name under the folder, such as `js/main.js`."""
    files = sorted(file for file in folder.rglob("*") if file.suffix in _TYPES)
    return {file.relative_to(folder).as_posix(): _file(file) for file in files}


def _file(path: Path) -> File:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:32]
    return File(content, gzip.compress(content, 9, mtime=0), _TYPES[path.suffix], digest)


router = APIRouter(include_in_schema=False)
_FILES = read()


@router.get("/")
async def page(request: Request) -> Response:
    return _answer(request, "index.html")


@router.get("/static/{name:path}")
async def static(request: Request, name: str) -> Response:
    return _answer(request, name)


def _answer(request: Request, name: str) -> Response:
    file = _FILES.get(name)
    if file is None:
        raise Problem("not-found", "the page has no such file", "", "open / for the page")
    etag = f'"{file.etag}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    asked = request.headers.get("If-None-Match", "")
    if etag in asked:  # also as W/"…"
        return Response(None, 304, headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        return Response(file.packed, 200, headers | {"Content-Encoding": "gzip"}, file.type)
    return Response(file.content, 200, headers, file.type)

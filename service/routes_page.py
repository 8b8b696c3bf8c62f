"""The page: `/` and what it needs under `/static`.

All of its files are read once, at the start, and known by name: no address is ever made a path.
The page names them under a folder that is called by what they hold, so a browser keeps them without
ever asking again, and asks for all that is new when the page has changed.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request, Response

from service.problems import Problem

PAGE = Path(__file__).parent / "page"
INDEX = "index.html"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class File:
    content: bytes
    packed: bytes
    type: str
    etag: str

    @classmethod
    def of(cls, content: bytes, suffix: str) -> File:
        packed = gzip.compress(content, 9, mtime=0)
        return cls(content, packed, _TYPES[suffix], f'"{_digest(content)}"')


class Files:
    """Every file of the page by its name under the folder, such as `js/main.js`."""

    def __init__(self, folder: Path = PAGE) -> None:
        found = {
            file.relative_to(folder).as_posix(): file.read_bytes()
            for file in sorted(folder.rglob("*"))
            if file.suffix in _TYPES
        }
        self.version = _digest(b"".join(found.values()))[:16]
        found[INDEX] = self._index(found)
        self._files = {name: File.of(data, Path(name).suffix) for name, data in found.items()}

    def get(self, name: str) -> tuple[File | None, bool]:
        """The file, and whether its name says what it holds."""
        plain = name.removeprefix(f"{self.version}/")
        return self._files.get(plain), plain != name

    def _index(self, found: dict[str, bytes]) -> bytes:
        """With all modules named, so that none waits until another has asked for it."""
        modules = [name for name in found if name.endswith(".js") and name != "js/early.js"]
        links = "".join(f'<link rel="modulepreload" href="/static/{name}">' for name in modules)
        text = found[INDEX].decode("utf-8").replace("</head>", f"{links}\n</head>")
        return text.replace('"/static/', f'"/static/{self.version}/').encode("utf-8")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


router = APIRouter(include_in_schema=False)
FILES = Files()


@router.get("/")
async def page(request: Request) -> Response:
    return _answer(request, INDEX)


@router.get("/static/{name:path}")
async def static(request: Request, name: str) -> Response:
    return _answer(request, name)


def _answer(request: Request, name: str) -> Response:
    file, lasting = FILES.get(name)
    if file is None:
        raise Problem("not-found", "the page has no such file", "", "open / for the page")
    caching = _FOR_EVER if lasting else "no-cache"
    headers = {"ETag": file.etag, "Cache-Control": caching, "Vary": "Accept-Encoding"}
    if file.etag in request.headers.get("If-None-Match", ""):  # also as W/"…"
        return Response(None, 304, headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        return Response(file.packed, 200, headers | {"Content-Encoding": "gzip"}, file.type)
    return Response(file.content, 200, headers, file.type)

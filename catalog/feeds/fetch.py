"""An address → bytes: conditional, within limits of time and size, every failure in plain words."""

from __future__ import annotations

import queue
import socket
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit, urlunsplit

from db.links import Copy
from errors import CatalogError
from settings import LinksSettings

if TYPE_CHECKING:
    import requests

_BLOCK = 1 << 16
_REDIRECTS = {301, 302, 303, 307, 308}
_HEADERS = {
    "User-Agent": "pairdex",
    "Accept": "text/csv, application/json, application/x-ndjson, text/plain;q=0.9, */*;q=0.5",
    "Accept-Encoding": "gzip, identity",
}


@dataclass(frozen=True)
class Fetched:
    body: bytes
    type: str  # media type, "" where the server names none
    charset: str
    zipped: bool  # Content-Encoding: gzip
    etag: str
    modified: str


class FetchError(Exception):
    """Why an address could not be had, in words for `cannot be read: …`."""


def is_address(source: str) -> bool:
    return source.lower().startswith(("http://", "https://"))


def shown(source: str) -> str:
    """A source as it may be printed: without the password that an address may hold."""
    if not is_address(source) or "@" not in source:
        return source
    parts = urlsplit(source)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"…@{host}"))


def fetch(address: str, known: Copy | None, limits: LinksSettings) -> Fetched | None:
    """The content of an address; None where the server says that `known` is still right."""
    answers: queue.SimpleQueue[Fetched | Exception | None] = queue.SimpleQueue()

    def work() -> None:
        try:
            answers.put(_fetch(address, known, limits))
        except Exception as error:  # noqa: BLE001  # raised again by who waits
            answers.put(error)

    # A server that sends its header a byte at a time never lets a socket time out: who waits for
    # it must be able to leave.
    threading.Thread(target=work, daemon=True).start()
    try:
        answer = answers.get(timeout=limits.deadline)
    except queue.Empty:
        raise _unreadable(address, f"not done after {limits.deadline:g} seconds") from None
    if isinstance(answer, FetchError):
        raise _unreadable(address, str(answer)) from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _unreadable(address: str, why: str) -> CatalogError:
    return CatalogError(f"{shown(address)} cannot be read", why)


def _fetch(address: str, known: Copy | None, limits: LinksSettings) -> Fetched | None:
    import requests
    from urllib3.exceptions import HTTPError

    headers = dict(_HEADERS)
    if known is not None and known.etag:
        headers["If-None-Match"] = known.etag
    if known is not None and known.modified:
        headers["If-Modified-Since"] = known.modified
    try:
        with requests.Session() as session:
            response = _followed(session, address, headers, limits)
            with response:
                if response.status_code == HTTPStatus.NOT_MODIFIED and known is not None:
                    return None
                _require_content(response)
                body = _body(response, limits)
    except (requests.RequestException, HTTPError, ValueError, OSError) as error:
        raise FetchError(_reason(error, limits)) from None
    kind, _, parameters = response.headers.get("Content-Type", "").partition(";")
    return Fetched(
        body,
        kind.strip().lower(),
        _charset(parameters),
        response.headers.get("Content-Encoding", "").strip().lower() in ("gzip", "x-gzip"),
        response.headers.get("ETag", ""),
        response.headers.get("Last-Modified", ""),
    )


def _followed(
    session: requests.Session, address: str, headers: dict[str, str], limits: LinksSettings
) -> requests.Response:
    """By hand, because the library would read the whole body of each redirect."""
    for _ in range(limits.redirects + 1):
        response = session.get(
            address, headers=headers, stream=True, timeout=limits.timeout, allow_redirects=False
        )
        if response.status_code not in _REDIRECTS:
            return response
        target = urljoin(address, response.headers.get("Location", ""))
        response.close()
        if not is_address(target):
            raise FetchError(f"it redirects to {target[:200]}, which is no web address")
        if address.lower().startswith("https:") and target.lower().startswith("http:"):
            raise FetchError("it redirects from https to http")
        address = target
    raise FetchError(f"it redirects more than {limits.redirects} times")


def _require_content(response: requests.Response) -> None:
    status = response.status_code
    if status != HTTPStatus.OK:
        try:
            phrase = HTTPStatus(status).phrase
        except ValueError:
            phrase = "no known status"
        raise FetchError(f"the server answers {status} {phrase}")
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise FetchError(f"it is packed as {encoding}, which was not asked for")


def _body(response: requests.Response, limits: LinksSettings) -> bytes:
    most = limits.max_mb << 20
    told = response.headers.get("Content-Length", "")
    if told.isdigit() and int(told) > most:
        raise FetchError(f"it has {int(told):,} bytes, {most:,} are the most")
    body = bytearray()
    end = time.monotonic() + limits.deadline
    # Packed bytes as they come: what they unfold to is counted where they are unpacked.
    while block := response.raw.read1(_BLOCK, decode_content=False):
        body += block
        if len(body) > most:
            raise FetchError(f"it has more than {most:,} bytes")
        if time.monotonic() > end:
            raise FetchError(f"not done after {limits.deadline:g} seconds")
    if told.isdigit() and len(body) < int(told):
        raise FetchError(f"it ends after {len(body):,} of {int(told):,} bytes")
    return bytes(body)


def _charset(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return ""


def _reason(error: Exception, limits: LinksSettings) -> str:
    """One line from what a stack of libraries says, each wrapping the one below."""
    from http.client import IncompleteRead

    import requests
    from urllib3.exceptions import ReadTimeoutError

    chain = _chain(error)
    for one in chain:
        match one:
            case requests.Timeout() | ReadTimeoutError() | TimeoutError():
                return f"no answer within {limits.timeout:g} seconds"
            case IncompleteRead() if one.expected and isinstance(one.partial, int):
                whole = one.partial + one.expected
                return f"it ends after {one.partial:,} of {whole:,} bytes"
            case IncompleteRead():
                return "it ends early"
            case socket.gaierror():
                return "its host is not known"
            case requests.exceptions.SSLError():
                reason = str(chain[-1])
                return f"TLS: {reason.partition(' (_ssl')[0].rpartition('] ')[2]}"
    for one in reversed(chain):
        if isinstance(one, OSError) and one.strerror and one.errno:
            return one.strerror.lower()
    return str(chain[-1]).strip() or type(error).__name__


def _chain(error: BaseException) -> list[BaseException]:
    """The error and those inside it, the outermost first."""
    found: list[BaseException] = [error]
    while True:
        last = found[-1]
        inner = [getattr(last, "reason", None), last.__cause__, last.__context__, *last.args]
        following = next(
            (one for one in inner if isinstance(one, BaseException) and one not in found), None
        )
        if following is None:
            return found
        found.append(following)

"""Who may do what: `allowed("read")` is a dependency of a route, or of all routes of a router.

read    search, items, pictures, what the index says of itself
tag     tag and recognise pictures that are sent
write   items, builds, judgements, saved searches, answers of a review

On loopback nobody needs a key. Elsewhere, behind a proxy, under a public name, or where
`require_keys` says so, every request needs one, but for the page, its files and the health checks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from fastapi import Depends
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from db.keys import Key
from db.keys import Scope as Right
from db.store import Store
from errors import SettingsError
from service import problems
from service.keyring import Keyring
from service.origins import is_loopback
from service.problems import Problem
from service.rates import Rates
from settings import ServiceSettings

COOKIE = "pairdex_session"
_OPEN = frozenset({"/", "/healthz", "/readyz", "/openapi.json", "/favicon.ico", "/v1/session"})
_OPEN_FOLDER = "/static/"
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="pairdex"'}


@dataclass(frozen=True)
class Caller:
    """Who sends a request, as far as that is known."""

    key: Key | None
    right: Right | None  # the widest that it has
    how: Literal["key", "session", "loopback", "nobody"]

    def allows(self, right: Right) -> bool:
        order = ("read", "tag", "write")
        return self.right is not None and order.index(right) <= order.index(self.right)


def allowed(right: Right) -> Any:
    """Refuses by a Problem (unauthorised, forbidden) who may not."""

    async def check(request: Request) -> None:
        caller: Caller = request.state.caller
        if not caller.allows(right):
            raise Problem(
                "forbidden", f"this needs a key with the scope {right}",
                f"yours has {caller.right or 'none'}", "ask for another key",
            )  # fmt: skip

    return Depends(check)


def needs_keys(settings: ServiceSettings) -> bool:
    return (
        settings.require_keys
        or not is_loopback(settings.host)
        or bool(settings.proxies)
        or not all(map(is_loopback, settings.hosts))
    )


def require_some_key(settings: ServiceSettings, store: Store) -> None:
    """A SettingsError where keys are needed and there is none: nobody could use the service."""
    if needs_keys(settings) and not store.keys.active():
        raise SettingsError(
            f"the service on {settings.host} needs keys, and there is none",
            "whoever reaches it could use it",
            "make one with `pairdex key create NAME --scope write`, or listen on 127.0.0.1 alone",
        )


class Access:
    """ASGI middleware: finds out who calls, before a body is read; refuses strangers."""

    def __init__(
        self, app: ASGIApp, settings: ServiceSettings, keys: Keyring, rates: Rates
    ) -> None:
        self._app, self._keys, self._rates = app, keys, rates
        self._needed = needs_keys(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        headers: dict[str, str] = {}
        try:
            caller = self._caller(request)
            request.state.caller = caller
            if request.url.path.startswith("/v1/") and (self._needed or caller.key):
                who = caller.key.public if caller.key else address(request)
                headers = self._rates.take(who)
        except Problem as problem:
            await problems.response(request, problem)(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        await self._app(scope, receive, told)

    def _caller(self, request: Request) -> Caller:
        presented = bearer(request)
        if presented is not None:
            key = known(request, self._keys, self._rates, presented)
            return Caller(key, key.scope, "key")
        if not self._needed:
            return Caller(None, "write", "loopback")
        token = request.cookies.get(COOKIE)
        found = self._keys.of_session(token) if token else None
        if found is not None:
            return Caller(found, found.scope, "session")
        path = request.url.path
        if path in _OPEN or path.startswith(_OPEN_FOLDER):
            return Caller(None, None, "nobody")
        raise Problem(
            "unauthorised", "a key is needed", "",
            "send the header Authorization: Bearer KEY", headers=_CHALLENGE,
        )  # fmt: skip


def known(request: Request, keys: Keyring, rates: Rates, presented: str) -> Key:
    """The key that was presented; a Problem where it is none that is taken."""
    rates.check_failures(address(request))
    key = keys.of(presented)
    if key is None:
        rates.failed(address(request))
        raise Problem(
            "unauthorised", "this key is not taken", "it is unknown, expired or revoked",
            "ask for another key", headers=_CHALLENGE,
        )  # fmt: skip
    return key


def bearer(request: Request) -> str | None:
    scheme, _, presented = request.headers.get("authorization", "").partition(" ")
    return presented.strip() if scheme.lower() == "bearer" else None


def address(request: Request) -> str:
    return request.client.host if request.client else "unknown"

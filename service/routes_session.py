"""/v1/session: how the page signs in where keys are needed.

The key is shown once; the browser keeps a token for it, in a cookie that no script can read and
that no other site's request carries.
"""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from db.keys import SCOPES
from service.access import COOKIE, Caller, known, needs_keys
from service.answers import json_response
from service.keyring import SESSION
from service.schemas import read
from service.state import service_of

router = APIRouter(prefix="/v1/session", tags=["session"])
_FRESH = {"Cache-Control": "no-store"}


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key: str


@router.get("")
async def session(request: Request) -> Response:
    """Whether a key is needed, and what the caller may do."""
    return json_response(_said(request, request.state.caller), _FRESH)


@router.post("")
async def sign_in(request: Request) -> Response:
    """Show a key once; the answer sets the cookie that stands for it."""
    keys = service_of(request).keys
    key = known(request, keys, service_of(request).rates, read(await request.body(), SignIn).key)
    answer = json_response(_said(request, Caller(key, key.scope, "session")), _FRESH)
    answer.set_cookie(
        COOKIE, keys.open_session(key), max_age=round(SESSION), path="/", httponly=True,
        samesite="strict", secure=request.url.scheme == "https",
    )  # fmt: skip
    return answer


@router.delete("")
async def sign_out(request: Request) -> Response:
    """End the session; the key stays what it is."""
    token = request.cookies.get(COOKIE)
    if token:
        service_of(request).keys.end_session(token)
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return answer


def _said(request: Request, caller: Caller) -> dict[str, Any]:
    return {
        "needs_key": needs_keys(service_of(request).settings.service),
        "scopes": [scope for scope in SCOPES if caller.allows(scope)],
    }

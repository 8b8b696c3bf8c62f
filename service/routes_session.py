"""/v1/session: how the page signs in where keys are needed.

The key is shown once; the browser keeps a token for it, in a cookie that no script can read and
that no other site's request carries.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Request, Response
from msgspec import Meta

from db.keys import SCOPES, Scope
from service.access import COOKIE, Caller, known, needs_keys
from service.answers import json_response
from service.keyring import SESSION
from service.openapi import documented
from service.schemas import read
from service.state import service_of

router = APIRouter(prefix="/v1/session", tags=["session"])
_FRESH = {"Cache-Control": "no-store"}
_SIGNED_IN = {"needs_key": True, "scopes": ["read", "tag"]}


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key, shown once."""

    key: Annotated[str, Meta(max_length=200)]


class SessionState(msgspec.Struct, frozen=True):
    """What the caller may do."""

    needs_key: bool
    scopes: list[Scope]


@router.get("", **documented(answer=SessionState, example=_SIGNED_IN))
async def session(request: Request) -> Response:
    """Whether a key is needed, and what the caller may do."""
    return json_response(_said(request, request.state.caller), _FRESH)


@router.post(
    "",
    **documented(
        answer=SessionState,
        example=_SIGNED_IN,
        body=SignIn,
        body_example={"key": "pdx_52e6db3c_EXAMPLEexampleEXAMPLEexampleEXAMPLEexampleEXAMP"},
    ),
)
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


@router.delete("", status_code=204, **documented(status=204))
async def sign_out(request: Request) -> Response:
    """End the session; the key stays what it is."""
    token = request.cookies.get(COOKIE)
    if token:
        service_of(request).keys.end_session(token)
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return answer


def _said(request: Request, caller: Caller) -> SessionState:
    needed = needs_keys(service_of(request).settings.service)
    return SessionState(needed, [scope for scope in SCOPES if caller.allows(scope)])

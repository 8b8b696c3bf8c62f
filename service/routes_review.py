"""/v1/review: doubtful tags and matches as questions, and the answers of people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response
from msgspec import Meta

from db.questions import Question
from errors import QueryError
from review import Answers, Review
from review.pictures import Picture
from review.review import KINDS
from service import answers, told
from service.access import allowed
from service.openapi import documented
from service.problems import Problem
from service.schemas import MOST, read
from service.segments import Name
from service.state import Service, service_of

router = APIRouter(prefix="/v1/review", tags=["review"])
FRESH = {"Cache-Control": "no-store"}


class ReviewAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    question: Annotated[str, Meta(max_length=64)]
    answer: Literal["yes", "no", "skip"]


class ReviewAnswers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Answers to questions of the queue."""

    answers: Annotated[list[ReviewAnswer], Meta(min_length=1, max_length=500)]


class _OfCatalog(Review):
    """Asks about items alone: pictures from elsewhere have no address here."""

    def _outside(self, named: Sequence[Path] | None) -> list[Picture]:
        del named
        return []


@router.get(
    "",
    dependencies=[allowed("read")],
    **documented(answer=told.Questions, example={"questions": [told.QUESTION]}),
)
async def queue(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 20,
    kind: Annotated[Literal["tag", "match"] | None, Query(description="Else both.")] = None,
) -> Response:
    """The most doubtful questions that nobody has answered."""
    service = service_of(request)
    found = await service.decoding.run(_questions, service, limit, kind)
    return answers.json_response(told.Questions([_shown(one) for one in found]), FRESH)


@router.post(
    "",
    dependencies=[allowed("write")],
    **documented(
        answer=told.Answered,
        example={"answered": [told.QUESTION | {"answer": "no"}]},
        body=ReviewAnswers,
        body_example={"answers": [{"question": told.QUESTION["id"], "answer": "no"}]},
    ),
)
async def answer(request: Request) -> Response:
    """Answer questions; another answer takes the place of an earlier one."""
    service = service_of(request)
    given = read(await request.body(), ReviewAnswers)
    done = await service.reading.run(_answered, service, given)
    return answers.json_response(told.Answered([_shown(one) for one in done]), FRESH)


@router.delete(
    "/{question}",
    status_code=204,
    dependencies=[allowed("write")],
    **documented(status=204),
)
async def undo(request: Request, question: Name) -> Response:
    """Take an answer back: the question stands open again."""
    service = service_of(request)
    if not await service.reading.run(Answers(service.store).take_back, question):
        raise Problem("not-found", f"no answer to {question!r}", "", "take ids of the queue")
    return Response(status_code=204)


def _questions(
    service: Service, limit: int, kind: Literal["tag", "match"] | None
) -> list[Question]:
    loaded = service.live.loaded()
    review = _OfCatalog(
        service.home, service.store, loaded.generation, loaded.encoder, service.settings
    )
    return review.queue(limit, KINDS if kind is None else (kind,))


def _answered(service: Service, given: ReviewAnswers) -> list[Question]:
    """All of them, or an error before the first."""
    known = Answers(service.store)
    for one in given.answers:
        if service.store.questions.get(one.question) is None:
            raise QueryError(
                f"there is no question {one.question!r}", "", "take ids of the queue as they are"
            )
    return [known.answer(one.question, one.answer, "api") for one in given.answers]


def _shown(one: Question) -> told.Asked:
    return told.Asked(
        one.id, one.kind, one.item, answers.image_of(one.item), answers.thumbnail_of(one.item),
        one.tag, one.query, one.said, one.score, one.answer,
    )  # fmt: skip

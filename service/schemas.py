"""What a request may say, checked as it is read; OpenAPI shows these types as they are."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta
from starlette.datastructures import QueryParams

from search import Request
from service.problems import Problem

MOST = 500  # results on a page, items of a list
Text = Annotated[str, Meta(max_length=10_000)]
Names = Annotated[list[Annotated[str, Meta(max_length=1024)]], Meta(max_length=200)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Type = TypeVar("Type", bound=msgspec.Struct)


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which of the results, and in what order."""

    where: Annotated[Text, Meta(description="A filter: `type=fire and height<2`.")] = ""
    tags: Annotated[Names, Meta(description="Tags that each result must have.")] = []
    split: Annotated[str, Meta(description="train, val or test.", max_length=16)] = ""
    top: Annotated[int, Meta(ge=1, le=MOST, description="Results on a page.")] | None = None
    offset: Annotated[int, Meta(ge=0, le=1_000_000, description="Results left out first.")] = 0
    cursor: Annotated[Text, Meta(description="Where the page before has ended.")] = ""
    min_score: Annotated[Share, Meta(description="Results below are left out.")] | None = None
    group: Annotated[bool, Meta(description="Fold near duplicates under their best.")] = True
    diversity: Annotated[Share, Meta(description="0 by score, 1 as different as can be.")] = 0.0
    correct: Annotated[bool, Meta(description="Answer what is surely misspelt as meant.")] = True
    explain: Annotated[bool, Meta(description="Say of each hit how it was found.")] = False

    def request(self, **more: Any) -> Request:
        """For the library."""
        said: dict[str, Any] = msgspec.structs.asdict(self) | more
        lists = {name: tuple(value) for name, value in said.items() if isinstance(value, list)}
        return Request(**said | lists)


class SearchRequest(Page, frozen=True, forbid_unknown_fields=True):
    """What is looked for: at least one of text, like, good, pictures or a filter."""

    text: Annotated[Text, Meta(description="The query line, in your own words.")] = ""
    like: Annotated[Names, Meta(description="Ids of items to look for others like them.")] = []
    without: Annotated[Names, Meta(description="What the results should not show.")] = []
    good: Annotated[Names, Meta(description="Ids of items that answer the query.")] = []
    bad: Annotated[Names, Meta(description="Ids of items that do not.")] = []


def read(body: bytes, kind: type[Type]) -> Type:
    """A JSON body of this type; a Problem that names what is wrong where."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise _invalid(error, "the body") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        reason = str(error).removeprefix("JSON is malformed: ")
        raise Problem("invalid-request", "the body is no JSON", _lower(reason)) from None


def of_query(parameters: QueryParams, kind: type[Type]) -> Type:
    """The same from the query string, where a list is a parameter that is given several times."""
    lists = {field.name for field in msgspec.structs.fields(kind) if field.default_factory is list}
    given: dict[str, Any] = {}
    for name in parameters:
        values = parameters.getlist(name)
        if name not in lists and len(values) > 1:
            raise Problem("invalid-request", f"{name} is given {len(values)} times", "", "once")
        given[name] = values if name in lists else values[0]
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(error, "the query string") from None


def _invalid(error: msgspec.ValidationError, whole: str) -> Problem:
    reason, _, path = str(error).partition(" - at `$")
    where = path.rstrip("`").lstrip(".") or whole
    return Problem("invalid-request", f"{where} is not valid", _lower(reason))


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]

"""What a request may say, checked as it is read; OpenAPI shows these types as they are."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from search import Request
from service.problems import Problem

MOST = 500  # results on a page, items of a list
Text = Annotated[str, Meta(max_length=10_000)]
Names = Annotated[list[Annotated[str, Meta(max_length=1024)]], Meta(max_length=200)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Type = TypeVar("Type")


class SearchRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is looked for: at least one of text, like, good, pictures or a filter."""

    text: Annotated[Text, Meta(description="The query line, in your own words.")] = ""
    like: Annotated[Names, Meta(description="Ids of items to look for others like them.")] = []
    without: Annotated[Names, Meta(description="What the results should not show.")] = []
    where: Annotated[Text, Meta(description="A filter: `type=fire and height<2`.")] = ""
    tags: Annotated[Names, Meta(description="Tags that each result must have.")] = []
    split: Annotated[str, Meta(description="train, val or test.", max_length=16)] = ""
    good: Annotated[Names, Meta(description="Ids of items that answer the query.")] = []
    bad: Annotated[Names, Meta(description="Ids of items that do not.")] = []
    top: Annotated[int, Meta(ge=1, le=MOST, description="Results on a page.")] | None = None
    offset: Annotated[int, Meta(ge=0, le=1_000_000, description="Results left out first.")] = 0
    cursor: Annotated[Text, Meta(description="Where the page before has ended.")] = ""
    min_score: Annotated[Share, Meta(description="Results below are left out.")] | None = None
    group: Annotated[bool, Meta(description="Fold near duplicates under their best.")] = True
    diversity: Annotated[Share, Meta(description="0 by score, 1 as different as can be.")] = 0.0
    explain: Annotated[bool, Meta(description="Say of each hit how it was found.")] = False

    def request(self) -> Request:
        """For the library."""
        said = msgspec.structs.asdict(self)
        lists = ("like", "without", "tags", "good", "bad")
        return Request(**said | {name: tuple(said[name]) for name in lists})


def read(body: bytes, kind: type[Type]) -> Type:
    """A JSON body of this type; a Problem that names what is wrong where."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$")
        where = path.rstrip("`").lstrip(".") or "the body"
        raise Problem("invalid-request", f"{where} is not valid", _lower(reason)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        reason = str(error).removeprefix("JSON is malformed: ")
        raise Problem("invalid-request", "the body is no JSON", _lower(reason)) from None


def components(kinds: list[Any]) -> dict[str, Any]:
    """JSON schemas by name."""
    found = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")[1]
    return dict(found)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]

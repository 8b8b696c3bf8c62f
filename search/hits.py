"""Judged candidates as hits: with what the catalog says of each item, and how each was found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from db.records import ItemRecord
from search.grouping import Group
from search.results import Explanation, Hit, Member
from search.stages import Stage

Words = Mapping[int, tuple[str, ...]]  # item → words of the query that it holds


def make_hits(
    found: Sequence[tuple[Stage, Group]],
    first: int,
    details: Mapping[int, ItemRecord],
    words: Words | None = None,
) -> tuple[Hit, ...]:
    """Hits ranked from `first` on; `words` are given where an explanation is wanted.

    What the catalog has lost since it was found has no details, and is left out.
    """
    hits = []
    for rank, (stage, one) in enumerate(found, start=first):
        item = details.get(int(stage.candidates.items[one.row]))
        if item is None:
            continue
        hits.append(
            Hit(
                rank=rank,
                id=item.key,
                name=item.name,
                image=item.image,
                caption=item.captions[0].text if item.captions else "",
                score=float(stage.evidence.score[one.row]),
                tags=item.tags,
                attributes=item.attributes,
                channels=stage.candidates.found_by(one.row),
                group=tuple(_members(stage, one, details)),
                explanation=None if words is None else _explain(stage, one.row, words),
            )
        )
    return tuple(hits)


def items_of(found: Sequence[tuple[Stage, Group]]) -> list[int]:
    """Every item that is shown, folded ones too."""
    return [
        int(stage.candidates.items[row])
        for stage, one in found
        for row in (one.row, *(row for row, _ in one.folded))
    ]


def _members(stage: Stage, one: Group, details: Mapping[int, ItemRecord]) -> Iterator[Member]:
    for row, why in one.folded:
        item = details.get(int(stage.candidates.items[row]))
        if item is not None:
            score = float(stage.evidence.score[row])
            yield Member(item.key, item.name, item.image, score, why)


def _explain(stage: Stage, row: int, words: Words) -> Explanation:
    evidence = stage.evidence
    return Explanation(
        shortlist_rank=stage.before + row + 1,
        head=float(evidence.image[row]),
        text=float(evidence.text[row]),
        similarity=float(evidence.cosines[row]),
        caption_similarity=float(evidence.captions[row]),
        coverage=float(evidence.coverage[row]),
        words=words.get(int(stage.candidates.items[row]), ()),
    )

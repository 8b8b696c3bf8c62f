"""Which tags are given, and how they are called: what a vocabulary file changes of the model's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from encoder.encoded import Floats
from tagger.results import TagScore


@dataclass(frozen=True)
class Vocabulary:
    """As it is here, without a file, it changes nothing."""

    hidden: frozenset[str] = frozenset()
    exclusive: tuple[tuple[str, ...], ...] = ()  # at most one of each group is given
    aliases: Mapping[str, str] = field(default_factory=dict)  # other words for a tag → the tag
    parents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)  # in the language that was asked for
    digest: str = ""  # of the file

    def given(
        self, tags: Sequence[str], chances: Floats, least: Floats, top: int
    ) -> tuple[TagScore, ...]:
        """The tags that reach their least probability, most probable first, at most `top`.

        A parent is at least as probable as its child and is given with it, learnt or not. A tag is
        as probable as the likeliest of its aliases, and is given where any of them would be.
        """
        if not self.digest:
            places = np.flatnonzero(chances >= least)
            order = places[np.argsort(-chances[places], kind="stable")][:top]
            return tuple(TagScore(tags[i], float(chances[i]), tags[i]) for i in order)
        scores = dict(zip(tags, chances.tolist(), strict=True))
        reached = {tags[i] for i in np.flatnonzero(chances >= least).tolist()}
        for alias, tag in self.aliases.items():
            scores[tag] = max(scores.get(tag, 0.0), scores.pop(alias, 0.0))
            if alias in reached:
                reached.add(tag)
        scores = self._one_of_each(scores)
        given = {tag: score for tag, score in scores.items() if tag in reached}
        for tag, score in list(given.items()):
            for parent in self._above.get(tag, ()):
                given[parent] = max(given.get(parent, 0.0), scores.get(parent, 0.0), score)
        given = self._one_of_each(given)  # a parent may have joined another of its group
        order_ = sorted(given.items(), key=lambda pair: -pair[1])
        shown = [(tag, score) for tag, score in order_ if tag not in self.hidden][:top]
        return tuple(TagScore(self.names.get(tag, tag), score, tag) for tag, score in shown)

    def _one_of_each(self, scores: dict[str, float]) -> dict[str, float]:
        """Of each exclusive group only the most probable."""
        kept = dict(scores)
        for group in self.exclusive:
            here = sorted((tag for tag in group if tag in kept), key=lambda tag: -kept[tag])
            for tag in here[1:]:
                del kept[tag]
        return kept

    @cached_property
    def _above(self) -> dict[str, list[str]]:
        return {tag: above(self.parents, tag) for tag in self.parents}


def above(parents: Mapping[str, tuple[str, ...]], tag: str) -> list[str]:
    """All that stand above a tag, nearest first; the tag itself, where it stands in a circle."""
    found: list[str] = []
    waiting = list(parents.get(tag, ()))
    while waiting:
        parent = waiting.pop(0)
        if parent not in found:
            found.append(parent)
            waiting += parents.get(parent, ())
    return found

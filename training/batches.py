"""What each training step sees: items with one of their captions, and captions made up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoder.inputs import PADDING, Tokenizer
from training.captions import CaptionMaker, drop_words, label_matrix, synonyms_of
from training.recipe import Pair, Recipe

Batch = dict[str, NDArray[Any]]
MADE_UP_TOKENS = 24  # a made-up caption is short, and the LSTM costs by the step


@dataclass(frozen=True)
class Material:
    """The items to learn from, encoded as far as can be done once."""

    pairs: Sequence[Pair]
    tags: Sequence[str]
    tokenizer: Tokenizer

    @property
    def tag_lists(self) -> list[list[int]]:
        number = {tag: place for place, tag in enumerate(self.tags)}
        return [sorted({number[t] for t in pair.tags if t in number}) for pair in self.pairs]

    @property
    def labels(self) -> NDArray[np.float32]:
        return label_matrix(self.tag_lists, len(self.tags))


class Batches:
    """Endless epochs of batches of one fixed shape, so that the step compiles once."""

    def __init__(
        self, material: Material, recipe: Recipe, batch: int, rng: np.random.Generator
    ) -> None:
        self.material, self.recipe, self.rng = material, recipe, rng
        self.batch = min(batch, len(material.pairs))
        self.tag_lists, self.labels = material.tag_lists, material.labels
        texts = [[text for _, text in pair.captions] for pair in material.pairs]
        captions = [text for item in texts for text in item]
        self.longest = _longest(material.tokenizer, captions)
        self.maker = None
        if recipe.made_up and material.tags:
            tags = len(material.tags)
            synonyms = synonyms_of(texts, self.tag_lists, tags) if recipe.synonyms else ()
            self.maker = CaptionMaker(material.tags, captions, rng, synonyms)

    @property
    def steps(self) -> int:
        return len(self.material.pairs) // self.batch

    def epoch(self) -> Iterator[tuple[NDArray[np.intp], Batch]]:
        """Item numbers and texts of each step; who calls adds the images of those items."""
        order = self.rng.permutation(len(self.material.pairs))
        for step in range(self.steps):
            rows = order[step * self.batch : (step + 1) * self.batch]
            yield rows, self._texts(rows)

    def more(self) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Items of which only the image is asked for its tags: cheap beside a text."""
        rows = self.rng.integers(0, len(self.material.pairs), self.recipe.extra_images)
        return rows, self.labels[rows]

    def _texts(self, rows: NDArray[np.intp]) -> Batch:
        encode = self.material.tokenizer.encode
        chosen = []
        for row in rows:
            captions = self.material.pairs[row].captions
            _, text = captions[int(self.rng.integers(len(captions)))]
            chosen.append(drop_words(text, self.recipe.word_dropout, self.rng))
        batch: Batch = {"tokens": encode(chosen)[:, : self.longest], "labels": self.labels[rows]}
        if self.maker is not None:
            # First those about the items of this step, one each, then as many about anything.
            made = [self.maker.about(self.tag_lists[row]) for row in rows]
            made += [self.maker.of_anything() for _ in rows]
            batch["made_tokens"] = encode([text for text, _ in made])[:, :MADE_UP_TOKENS]
            batch["made_labels"] = label_matrix(
                [named for _, named in made], len(self.material.tags)
            )
        return batch


def _longest(tokenizer: Tokenizer, captions: Sequence[str]) -> int:
    """Steps that the LSTM must take: the longest caption's, not the most that are allowed."""
    lengths = (tokenizer.encode(captions) != PADDING).sum(axis=1)
    return int(lengths.max(initial=1))

"""`Tagger`: one image or a million, through the same stream."""

from __future__ import annotations

import gc
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from threadpoolctl import threadpool_limits

from db.databases import generations_of, open_reader
from db.generations import Generation
from db.home import Home
from db.reader import Reader
from encoder.ahead import ahead
from encoder.decoding import Batch, decode
from encoder.encoded import Encoded, Encoder
from encoder.inputs import Pixels
from encoder.runtime import OpenVinoEncoder
from errors import IndexStateError, SettingsError
from settings import Settings, TaggerSettings
from tagger.answers import Answer, Answers, Asked
from tagger.labels import Labels, labels_of
from tagger.results import Tagged
from tagger.vocabulary import Vocabulary

# From here on compiling the graph for throughput, and checking its precision, is soon made up for.
MANY = 200
ANSWERED = 256  # images that index and database are asked about, and are written, at once
AHEAD = 64  # batches that the network may be ahead of what is answered
_Batch = Batch[tuple[int, str]]  # keyed by number and path
_Found = tuple[_Batch, Encoded | None]


@dataclass(frozen=True)
class Picture:
    """One that was encoded elsewhere, or why it was not."""

    name: str
    content: str = ""  # SHA-256 of its file, as hex digits
    encoded: Encoded | None = None  # one row
    error: str | None = None


class Tagger:
    """Without an index the model's tags are all that can be said of an image."""

    def __init__(
        self,
        store: Reader | None,
        generation: Generation | None,
        encoder: Encoder,
        settings: TaggerSettings,
        batch: int = 8,
        asked: Asked | None = None,
        vocabulary: Vocabulary | None = None,
        labels: Path | None = None,
    ) -> None:
        """`labels` is a folder where heads for columns are kept."""
        self._index = None if store is None or generation is None else (store, generation)
        if generation is not None:
            generation.require(encoder.fingerprint)
        self._encoder, self._settings, self._batch = encoder, settings, batch
        self._asked, self._vocabulary = asked or Asked(), vocabulary or Vocabulary()
        self._labels = self._read_labels(labels) if self._asked.label else None

    @classmethod
    def open(cls, home: Path, settings: Settings, asked: Asked | None = None) -> Tagger:
        """The tagger of a home, with the model that its live generation was built with."""
        place = Home(home)
        encoder = OpenVinoEncoder(place.artifact, settings.runtime, place.compiled)
        batch = settings.runtime.batch
        kept = generations_of(place)
        if kept.current_name() is None:
            words = vocabulary_of(home, settings.tagger, encoder, None)
            return cls(None, None, encoder, settings.tagger, batch, asked, words)
        store = open_reader(home, settings.db)
        generation = kept.open_current()
        encoder = encoder.for_index(generation.manifest.fingerprint)
        words = vocabulary_of(home, settings.tagger, encoder, store)
        labels = place.cache / "labels"
        return cls(store, generation, encoder, settings.tagger, batch, asked, words, labels)

    def close(self) -> None:
        """Give the database back, when nothing is at work any more."""
        if self._index is not None:
            self._index[0].close()

    @property
    def generation(self) -> str | None:
        """The name of the index that is asked, if there is one."""
        return None if self._index is None else self._index[1].name

    @property
    def model(self) -> str:
        """The fingerprint of the whole model."""
        return self._encoder.model

    @property
    def calibrated(self) -> bool:
        """Whether its tags keep to a precision that is asked for."""
        return self._encoder.tagging is not None

    @property
    def manner(self) -> tuple[object, ...]:
        """What answers depend on beside images, model, index and settings."""
        return self._asked, self._vocabulary.digest

    def _read_labels(self, cache: Path | None) -> Labels:
        if self._index is None:
            raise IndexStateError(
                "there is no index yet", "a label is learnt from it", "run `pairdex index build`"
            )
        return labels_of(*self._index, self._asked.label, cache)

    def tag(self, paths: Sequence[Path], top: int | None = None) -> list[Tagged]:
        """One answer per path, in order; an unreadable file is answered with its error."""
        return list(self.stream(paths, len(paths), top))

    def tell(self, pictures: Sequence[Picture], top: int | None = None) -> list[Tagged]:
        """As `tag`, of pictures that this tagger's model has encoded already."""
        answers = Answers(
            self._index, self._encoder, self._settings, self._vocabulary, self._labels,
            self._asked, top,
        )  # fmt: skip
        seen = [(one.encoded, one.content) for one in pictures if one.encoded is not None]
        whole = [encoded for encoded, _ in seen]
        given = iter(
            answers(Encoded.concatenate(whole), [content for _, content in seen]) if seen else []
        )
        return [
            Tagged(one.name, one.error, status="failed")
            if one.encoded is None
            else _told(one.name, one.content, next(given))
            for one in pictures
        ]

    def stream(
        self, paths: Iterable[Path], expected: int = MANY, top: int | None = None
    ) -> Iterator[Tagged]:
        """As `tag`, for any number: a bounded part of them is in memory at a time.

        Of `expected` many, the processor's fastest precision is used, see `Encoder.precision`.
        """
        answers = Answers(
            self._index, self._encoder, self._settings, self._vocabulary, self._labels,
            self._asked, top,
        )  # fmt: skip
        waiting: list[_Found] = []
        many = expected >= MANY
        encoded = self._encoded(paths, many)
        # The network goes on while index and database are asked, and while the reader writes.
        with _undisturbed() if many else nullcontext():
            for found in ahead(encoded, AHEAD) if many else encoded:
                waiting.append(found)
                if sum(len(batch.keys) for batch, _ in waiting) >= min(ANSWERED, expected):
                    yield from _answered(waiting, answers)
                    waiting = []
            yield from _answered(waiting, answers)

    def _encoded(self, paths: Iterable[Path], many: bool) -> Iterator[_Found]:
        """Batches in order; one of which nothing could be read has nothing encoded."""
        encoder, queue = self._encoder, deque[_Batch]()
        work = (((number, str(path)), str(path)) for number, path in enumerate(paths))

        def pixels() -> Iterator[Pixels]:
            for batch in decode(work, encoder.image_size, self._batch, os.cpu_count() or 1):
                queue.append(batch)
                if batch.keys:
                    yield batch.pixels
                else:
                    batch.release()

        stream = encoder.stream_images if many else _one_by_one(encoder)
        for encoded in stream(pixels()):
            while not queue[0].keys:
                yield queue.popleft(), None
            batch = queue.popleft()
            batch.release()
            yield batch, encoded
        yield from ((batch, None) for batch in queue)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """While the network has all cores: no threads of BLAS, which wait by spinning, and neither
    what is alive already nor each batch is searched for garbage again and again."""
    gc.freeze()
    often = gc.get_threshold()
    gc.set_threshold(100 * often[0], *often[1:])
    try:
        with threadpool_limits(1, "blas"):
            yield
    finally:
        gc.set_threshold(*often)
        gc.unfreeze()


def _one_by_one(encoder: Encoder) -> Callable[[Iterable[Pixels]], Iterator[Encoded]]:
    """The graph that answers at once, in float32."""
    return lambda batches: map(encoder.images, batches)


def _answered(found: Sequence[_Found], answers: Answers) -> Iterator[Tagged]:
    """One answer per file of the batches, in order."""
    parts = [encoded for _, encoded in found if encoded is not None]
    contents = [content.hex() for batch, _ in found for content in batch.contents]
    given = iter(answers(Encoded.concatenate(parts), contents) if parts else [])
    for batch, _ in found:
        told = {
            key: Tagged(key[1], error, status="failed") for key, error in batch.unreadable.items()
        }
        for key, content in zip(batch.keys, batch.contents, strict=True):
            told[key] = _told(key[1], content.hex(), next(given))
        yield from (told[key] for key in sorted(told))


def _told(name: str, content: str, answer: Answer) -> Tagged:
    return Tagged(
        name, None, answer.tags, answer.captions, answer.nearest, answer.label, content=content
    )


def vocabulary_of(
    home: Path, settings: TaggerSettings, encoder: Encoder, store: Reader | None
) -> Vocabulary:
    """How tags are called, as the settings say."""
    if not settings.vocabulary:
        if settings.language:
            raise SettingsError(
                f"no tag has a name in {settings.language!r}", "there is no vocabulary",
                "set tagger.vocabulary to a file with names",
            )  # fmt: skip
        return Vocabulary()
    from tagger.vocabulary_file import read_vocabulary

    beside = home / settings.vocabulary
    file = beside if beside.is_file() else Path(settings.vocabulary)
    known = {*encoder.tags, *(() if store is None else store.whole().tag_counts())}
    return read_vocabulary(file, settings.language, known)

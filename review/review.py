"""`Review`: the queue of questions of a home, and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, islice
from pathlib import Path

from db.databases import generations_of
from db.generations import Generation
from db.home import Home
from db.questions import Kind, Question
from db.store import Store
from encoder.encoded import Encoder
from encoder.runtime import OpenVinoEncoder
from progress import Progress, silent
from review.answers import Answers
from review.asking import Asker
from review.pictures import Picture, pictures, tagged_since, vectors
from settings import Settings

SINCE = 500  # images that were tagged since, the latest
MATCHES = 5  # of so many questions one is about a match, where both kinds are asked
KINDS: tuple[Kind, ...] = ("tag", "match")


class Review(Answers):
    """A queue looks at the whole catalog, an answer at one row."""

    def __init__(
        self, home: Home, store: Store, live: Generation, encoder: Encoder, settings: Settings
    ) -> None:
        super().__init__(store)
        live.require(encoder.fingerprint)
        self._home, self._live, self._encoder = home, live, encoder
        self._precision = settings.tagger.precision

    @classmethod
    def open(cls, home: Path, settings: Settings) -> Review:
        """With the model that the live generation was built with."""
        place = Home(home)
        store = Store.open(home)
        live = generations_of(place).open_current()
        encoder = OpenVinoEncoder(place.artifact, settings.runtime, place.compiled)
        return cls(place, store, live, encoder.for_index(live.manifest.fingerprint), settings)

    def __enter__(self) -> Review:
        return self

    def __exit__(self, *_: object) -> None:
        self._store.close()

    def queue(
        self,
        count: int = 50,
        kinds: Sequence[Kind] = KINDS,
        named: Sequence[Path] | None = None,
        progress: Progress = silent,
    ) -> list[Question]:
        """The most doubtful questions that have no answer; they are known by their ids from then.

        About the catalog, and about images that were tagged since; or about `named` images alone.
        """
        answered = {one.id for one in self.all()}
        asker = Asker(self._store, self._live, self._encoder, self._precision, named is None)
        share = count if "tag" not in kinds else -(-count // MATCHES)
        matches = asker.about_matches(share, answered) if "match" in kinds and named is None else []
        tags: list[Question] = []
        if "tag" in kinds:
            there, encoded = vectors(self._outside(named), self._encoder, self._home, progress)
            tags = asker.about_tags(count - len(matches), answered, there, encoded)
        found = _mixed(tags, matches)
        self._store.questions.put(found)
        return found

    def _outside(self, named: Sequence[Path] | None) -> list[Picture]:
        """Pictures that no item of the catalog has."""
        found = pictures(tagged_since(self._home, SINCE) if named is None else named)
        inside = self._store.questions.in_catalog([one.content for one in found])
        return [one for one in found if one.content not in inside]


def _mixed(tags: Sequence[Question], matches: Sequence[Question]) -> list[Question]:
    """A match after every few tags, then what is left of either."""
    rest = iter(tags)
    groups = [[*islice(rest, MATCHES - 1), match] for match in matches]
    return [*chain.from_iterable(groups), *rest]

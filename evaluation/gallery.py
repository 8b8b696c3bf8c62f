"""A catalog as it would be without some of its words: a store and an index made for judging.

No query may meet itself. So where the words of items count, the query's own caption is taken out
of a copy of the catalog, and the real search runs over that copy. Vectors and halves are the
stored ones: nothing is embedded again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np

from db import words_build
from db.generations import Generation
from db.publishing import write_indexes, write_side
from db.records import ItemRecord
from db.sides import Side
from db.store import Store


@dataclass(frozen=True)
class Gallery:
    store: Store
    generation: Generation
    ids: dict[str, int]  # key of an item → its id here


@contextmanager
def gallery(live: Generation, records: Sequence[ItemRecord]) -> Iterator[Gallery]:
    """The catalog that holds these records and no more; captions they lack are nowhere in it."""
    with TemporaryDirectory(prefix="pairdex-") as folder:
        root = Path(folder)
        with Store.open(root, create=True) as store:
            store.apply_import(records, [])
            kept = {item.key: item for item in store.items()}
            pairs = [(record, kept[record.key]) for record in records]
            images = sorted((new.id, record.id) for record, new in pairs)
            captions = sorted(
                (there.id, new.id, here.id)
                for record, new in pairs
                for here, there in zip(record.captions, new.captions, strict=True)
            )
            _write(root, live.images, [(new, new, old) for new, old in images])
            _write(root, live.captions, captions)
            new = np.asarray([row[0] for row in images], np.int64)
            words_build.write(root, words_build.build(new, store.item_words(new.tolist())))
            # Exact whatever the live index is: a gallery of a split is small.
            write_indexes(root, "Flat", recall=1.0)
            manifest = msgspec.structs.replace(
                live.manifest, name="judged", items=len(images), captions=len(captions),
                removals=store.removals(), files={},
            )  # fmt: skip
            ids = {key: item.id for key, item in kept.items()}
            yield Gallery(store, Generation(root, manifest), ids)


def _write(folder: Path, live: Side, rows: Sequence[tuple[int, int, int]]) -> None:
    """(new id, new owner, live id) of each row, new ids ascending."""
    new, owners, old = np.asarray(rows, np.int64).reshape(-1, 3).T
    at = live.rows(old)
    vectors, halves = live.vectors[at].astype(np.float32), live.halves[at]
    shape = (vectors.shape[1], halves.shape[1])
    write_side(folder, live.name, new, owners, [(vectors, halves)], shape)


def wordless(items: Iterable[ItemRecord]) -> list[ItemRecord]:
    """Items of which only the image is known."""
    return [
        dataclasses.replace(item, name="", captions=(), tags=(), attributes={}) for item in items
    ]


def without(item: ItemRecord, text: str) -> ItemRecord:
    """The item without a caption, in every place where it stands word for word."""
    return dataclasses.replace(
        item, captions=tuple(c for c in item.captions if c.text.strip() != text.strip())
    )

"""An image → the product that it shows, its catalog record, and what linked tables add to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from db.filters import BUILTIN, Equal, Field
from db.home import Home
from db.records import AttributeValue
from db.store import Store
from db.zones import zone_name, zone_of
from encoder.inputs import read_pixels
from encoder.products import Recognised, asked_side
from encoder.runtime_products import ProductModel
from errors import ImageError
from settings import Settings
from tagger.offers import Place, Promotion, Stores, promotions, tables

CANDIDATES = 5
_SAME = 50  # items of a product whose attributes are compared
_BATCH = 16


@dataclass(frozen=True)
class Candidate:
    product: str
    probability: float


@dataclass(frozen=True)
class Record:
    """What is known of the product in an image; `known` is False where none is sure enough."""

    path: str
    error: str | None = None
    known: bool = False
    product: str = ""  # the likeliest, whether or not it is sure enough
    probability: float = 0.0  # that it is this one
    candidates: tuple[Candidate, ...] = ()
    items: tuple[str, ...] = ()  # the catalog's own ids of the product's items
    name: str = ""
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    promotions: tuple[Promotion, ...] = ()
    day: str = ""  # for which promotions were sought, ISO
    timezone: str = ""  # in which that day is

    def likeliest(self, kinds: Mapping[str, str]) -> str:
        """Which kind of product it most probably is; `kinds` are those of the products.

        The probabilities of a kind's products add up: where two juices are as likely as one milk,
        it is a juice.
        """
        sums: dict[str, float] = {}
        for candidate in self.candidates:
            kind = kinds.get(candidate.product, "")
            sums[kind] = sums.get(kind, 0.0) + candidate.probability
        return max(sums, key=lambda kind: sums[kind], default="")


class Recogniser:
    """The recogniser of a home. One may serve many threads: nothing in it changes."""

    def __init__(self, model: ProductModel, store: Store, zone: dt.tzinfo) -> None:
        self._model, self._store, self._zone = model, store, zone

    @classmethod
    def open(cls, home: Path, settings: Settings) -> Recogniser:
        place = Home(home)
        model = ProductModel(place.recogniser, settings.runtime, place.compiled)
        return cls(model, Store.open(home), zone_of(settings.links.timezone))

    @property
    def products(self) -> Sequence[str]:
        return self._model.file.products

    @property
    def column(self) -> str:
        """The catalog's column that names the product of each item."""
        return self._model.file.column

    def today(self) -> dt.date:
        return dt.datetime.now(self._zone).date()

    def recognise(
        self,
        image: Path | bytes,
        near: Place | None = None,
        within: float | None = None,
        on: dt.date | None = None,
        name: str | None = None,
    ) -> Record:
        """The record of one image; an unreadable one is an ImageError."""
        (record,) = self.recognise_all([image], near, within, on, [name])
        return record

    def recognise_all(
        self,
        images: Sequence[Path | bytes],
        near: Place | None = None,
        within: float | None = None,
        on: dt.date | None = None,
        names: Sequence[str | None] = (),
        strict: bool = True,
    ) -> list[Record]:
        """One record per image, in order; not `strict`, an unreadable one has its error in it."""
        day = on or self.today()
        stores = Stores(self._store) if near is not None else None
        records: list[Record] = []
        called = [*names, *[None] * (len(images) - len(names))]
        for start in range(0, len(images), _BATCH):
            part = list(zip(images, called, strict=True))[start : start + _BATCH]
            records += self._batch(part, strict)
        return [self._joined(record, day, near, within, stores) for record in records]

    def _batch(self, part: Sequence[tuple[Path | bytes, str | None]], strict: bool) -> list[Record]:
        size = asked_side(self._model.file.image_size)
        records: list[Record] = []
        arrays, readable = [], []
        for image, name in part:
            shown = name or ("image" if isinstance(image, bytes) else str(image))
            try:
                arrays.append(read_pixels(image, size, name))
            except ImageError as error:
                if strict:
                    raise
                records.append(Record(shown, error=str(error)))
                continue
            readable.append(len(records))
            records.append(Record(shown))
        if arrays:
            verdicts = self._model.recognise(np.stack(arrays))
            for number, verdict in zip(readable, verdicts, strict=True):
                records[number] = self._said(records[number], verdict)
        return records

    def _said(self, record: Record, verdict: Recognised) -> Record:
        pairs = zip(verdict.order[:CANDIDATES], verdict.probabilities, strict=False)
        candidates = tuple(Candidate(self.products[i], float(p)) for i, p in pairs)
        return replace(
            record,
            known=verdict.known,
            product=candidates[0].product,
            probability=candidates[0].probability,
            candidates=candidates,
        )

    def _joined(
        self,
        record: Record,
        day: dt.date,
        near: Place | None,
        within: float | None,
        stores: Stores | None,
    ) -> Record:
        dated = replace(record, day=day.isoformat(), timezone=zone_name(self._zone, day))
        if not record.known:
            return dated
        keys, name, attributes = self._of_product(record.product)
        item = {"id": keys[0] if keys else "", "name": name}
        item |= {column: _text(value) for column, value in attributes.items()}
        offers = promotions(self._store, item, day)
        if near is not None and stores is not None:
            offers = [replace(one, store=stores.nearest(one, near, within)) for one in offers]
        return replace(
            dated,
            items=keys,
            name=name,
            attributes=attributes,
            tables=tables(self._store, item),
            promotions=tuple(offers),
        )

    def _of_product(self, product: str) -> tuple[tuple[str, ...], str, dict[str, AttributeValue]]:
        """The items of a product, and what is the same for all of them."""
        column = self._model.file.column
        kinds = self._store.field_kinds().get(column, ("text",))
        wanted = BUILTIN.get(column) or Field(column, kinds[0])
        value: str | float = float(product) if wanted.kind == "number" else product
        ids = self._store.matching(Equal(wanted, (value,)))[:_SAME].tolist()
        items = list(self._store.details(ids).values())
        if not items:
            return (), "", {}
        first, *others = items
        same = {
            name: value
            for name, value in first.attributes.items()
            if all(other.attributes.get(name) == value for other in others)
        }
        name = first.name if all(other.name == first.name for other in others) else ""
        return tuple(item.key for item in items[:CANDIDATES]), name, same


def _text(value: AttributeValue) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return value if isinstance(value, str) else "|".join(value)

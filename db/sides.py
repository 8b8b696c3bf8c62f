"""The images or the captions of a generation: arrays by row, mapped from its files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.places import rows_of
from db.vectors import Ids, VectorIndex
from db.vectors_selecting import Index
from errors import IndexStateError

Halves = NDArray[np.float16]
_BUILD = "run `pairdex index build`"


@dataclass(frozen=True)
class Side:
    """The images or the captions of a generation: row i of each array is `ids[i]`."""

    folder: Path
    name: str  # images or captions

    @cached_property
    def ids(self) -> Ids:
        """Ascending."""
        return self._map("ids")

    @cached_property
    def owners(self) -> Ids:
        """The item of each row; of images, the row's own id."""
        return self.ids if self.name == "images" else self._map("owners")

    @cached_property
    def vectors(self) -> NDArray[np.float16]:
        return self._map("vectors")

    @cached_property
    def halves(self) -> Halves:
        return self._map("halves")

    @cached_property
    def index(self) -> Index:
        return VectorIndex.read(self.folder / f"{self.name}.faiss", self.ids, self.vectors)

    def rows(self, ids: Ids) -> Ids:
        """The rows of these ids, which must be in the generation."""
        return rows_of(self.ids, ids)

    def _map(self, what: str) -> NDArray[Any]:
        return mapped(self.folder / f"{self.name}.{what}.npy")


def mapped(file: Path) -> NDArray[Any]:
    try:
        # As a plain array over the mapped file: reading single entries costs a tenth.
        array: NDArray[Any] = np.asarray(np.load(file, mmap_mode="r"))
    except FileNotFoundError:
        raise IndexStateError(f"{file} is missing", "", _BUILD) from None
    except (OSError, ValueError) as error:
        raise IndexStateError(f"{file} cannot be read", str(error), _BUILD) from None
    return array

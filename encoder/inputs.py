"""The only preprocessing: what the model sees of an image and of a text.

Training, index job and query all come through here, and the tokenizer travels inside the
artifact, so that no two of them can disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tokenizers import Regex, models, normalizers, pre_tokenizers, trainers
from tokenizers import Tokenizer as Pieces

import images
from encoder.text import Forms, Words, load_forms
from errors import ModelError

PADDING = 0
# Stands for a text that holds no piece at all, so that attention never runs over nothing.
EMPTY = 1
_SPECIAL = ["[padding]", "[empty]"]
_BYTES = [f"<0x{value:02X}>" for value in range(256)]

Pixels = NDArray[np.uint8]
Tokens = NDArray[np.int32]


def pixels(image: Image.Image, size: int) -> Pixels:
    """RGB 0–255 `[size, size, 3]`: the backbone scales by itself.

    The whole image is squeezed into the square: a product that fills a tall frame must not be cut.
    """
    if image.size != (size, size):
        image = _squeezed(image, size)
    return np.asarray(image, dtype=np.uint8)


def _squeezed(image: Image.Image, size: int) -> Image.Image:
    """Pillow's bicubic resize by another library: the same to a rounding, in a sixth of the time.

    Of a photograph of 500x375 pixels it was the larger half of what reading costs.
    """
    # Here, because a search for words has no use for it.
    from cykooz_resizer import FilterType, ResizeAlg, ResizeOptions, Resizer

    # Catmull-Rom is the cubic that Pillow uses.
    options = ResizeOptions(resize_alg=ResizeAlg.convolution(FilterType.catmull_rom))
    squeezed = Image.new("RGB", (size, size), None)  # not filled: every pixel is written
    Resizer().resize_pil(image, squeezed, options)
    return squeezed


def read_pixels(source: Path | bytes, size: int, name: str | None = None) -> Pixels:
    """What the model sees of an image file; `name` is what errors call it."""
    return pixels(images.read_rgb(source, size, name), size)


class _Stored(msgspec.Struct):
    """tokenizer.json of a model that forms its words; any other holds the bare pieces."""

    words: Words | None = None
    pieces: msgspec.Raw = msgspec.Raw()


class Tokenizer:
    """Cleaned text → integer pieces; bytes stand in for what the catalog never held."""

    def __init__(self, pieces: Pieces, max_tokens: int, forms: Forms | None = None) -> None:
        self._pieces = pieces
        self._forms = forms
        self.max_tokens = max_tokens

    @classmethod
    def fit(
        cls, texts: Iterable[str], pieces: int, max_tokens: int, words: Words | None = None
    ) -> Tokenizer:
        """Learn at most `pieces` pieces (byte-pair encoding) from the texts of a catalog."""
        model = Pieces(models.BPE(byte_fallback=True))
        model.normalizer = normalizers.Sequence(
            [
                normalizers.NFKC(),
                normalizers.Lowercase(),
                # Punctuation, control characters and any white space part words, nothing more.
                normalizers.Replace(Regex(r"[\p{P}\p{Z}\p{C}]+"), " "),
                normalizers.Strip(),
            ]
        )
        model.pre_tokenizer = pre_tokenizers.Metaspace()
        trainer = trainers.BpeTrainer(
            vocab_size=pieces, special_tokens=_SPECIAL + _BYTES, show_progress=False
        )
        fitted = cls(model, max_tokens, load_forms(words) if words else None)
        # All at once: while pieces are learnt, the library lets nobody use them for cleaning.
        model.train_from_iterator([fitted._formed(text) for text in texts], trainer)
        return fitted

    @classmethod
    def from_json(cls, text: str, max_tokens: int) -> Tokenizer:
        try:
            stored = msgspec.json.decode(text, type=_Stored)
            words = stored.words
            pieces = Pieces.from_str(bytes(stored.pieces).decode() if words else text)
        # The tokenizers library raises bare Exceptions.
        except Exception as error:  # noqa: BLE001
            raise ModelError("the tokenizer cannot be read", str(error)) from None
        return cls(pieces, max_tokens, load_forms(words) if words else None)

    def to_json(self) -> str:
        pieces = str(self._pieces.to_str())
        if self._forms is None:
            return pieces
        return msgspec.json.encode(
            _Stored(self._forms.words, msgspec.Raw(pieces.encode()))
        ).decode()

    @property
    def size(self) -> int:
        """How many ids there are: the rows of the embedding."""
        return int(self._pieces.get_vocab_size())

    def encode(self, texts: Sequence[str]) -> Tokens:
        """`[n, max_tokens]`, padded with 0; longer texts are cut."""
        tokens = np.full((len(texts), self.max_tokens), PADDING, np.int32)
        formed = [self._formed(text) for text in texts]
        encoded = self._pieces.encode_batch(formed, add_special_tokens=False)
        for row, encoding in zip(tokens, encoded, strict=True):
            ids = encoding.ids[: self.max_tokens] or [EMPTY]
            row[: len(ids)] = ids
        return tokens

    def _formed(self, text: str) -> str:
        # Lone surrogates (broken file names) cannot cross into the tokenizer's UTF-8.
        text = text.encode("utf-8", "replace").decode("utf-8")
        if self._forms is None:
            return text
        # Words are found in cleaned text; cleaning it once more with the pieces changes nothing.
        return self._forms(self._pieces.normalizer.normalize_str(text))

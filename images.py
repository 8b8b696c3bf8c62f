"""Opening image files safely: the one door through which pixels come in.

Catalog import, index job and query all decode through `read_rgb`, so a file is either readable
everywhere or refused everywhere with the same reason.
"""

from __future__ import annotations

import errno
import hashlib
import io
import stat
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from errors import ImageError

# Pillow only warns about decompression bombs up to twice its cap; ours is an error, checked on
# the header before a single pixel is decoded, so its own check is switched off.
Image.MAX_IMAGE_PIXELS = None
MAX_PIXELS = 100_000_000
MAX_BYTES = 512 << 20  # a file is held in memory whole while it is decoded

SUFFIXES = frozenset(
    ".avif .bmp .gif .heic .heif .ico .jfif .jpeg .jpg .png .tif .tiff .webp".split()
)
# Of those suffixes, by content. Pillow would open others too, PostScript by starting a program.
_FORMATS = ("AVIF", "BMP", "GIF", "ICO", "JPEG", "PNG", "TIFF", "WEBP")
_BY_PLUGIN = ("HEIF",)  # where pillow-heif has been registered
# What Pillow's decoders raise on damaged files: found by feeding them some.
_DAMAGE = (
    *(OSError, SyntaxError, ValueError, EOFError, MemoryError, LookupError, TypeError),
    *(ArithmeticError, AttributeError, RuntimeError, struct.error, zlib.error),
)
# Odd metadata beside pixels that decode is no news; pixels that do not decode are an error.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N")
# What a JPEG keeps, at least, of pixels per pixel wanted when it is decoded at a reduced scale.
# Under 3 embeddings change (cosine 0.9986 at 2.1, above 0.9998 at 3; benchmarks/decoding.py).
SPARE = 3


def read_rgb(source: Path | bytes, side: int | None = None, name: str | None = None) -> Image.Image:
    """The first frame: decoded in full, upright (EXIF), alpha laid over white, RGB.

    `side` is that of the square it will be squeezed into: a JPEG many times as large is then
    decoded at a half, a quarter or an eighth of its size, which costs less and shows the same.
    `name` is what errors call it; by default a path is called by itself.
    """
    name = name or ("image" if isinstance(source, bytes) else str(source))
    with _opened(held(source), name) as image:
        if side is not None:
            image.draft(None, (SPARE * side, SPARE * side))
        # In place: a copy of the largest image allowed would be another 400 MB.
        ImageOps.exif_transpose(image, in_place=True)
        return _over_white(image)


def require_pixels(data: bytes, name: str, most: int) -> None:
    """An ImageError where the header promises more, or where there is none that is known."""
    with _opened(data, name, most):
        pass


@contextmanager
def _opened(data: bytes, name: str, most: int = MAX_PIXELS) -> Iterator[Image.Image]:
    """Its header is read; whatever goes wrong with the rest is an ImageError too."""
    known = (*_FORMATS, *(form for form in _BY_PLUGIN if form in Image.OPEN))
    try:
        with Image.open(io.BytesIO(data), formats=known) as image:
            width, height = image.size
            if width * height > most:
                raise ImageError(
                    f"{name} is too large",
                    f"{width}x{height} pixels, the limit is {most:,}",
                    "reduce the image first",
                )
            yield image
    except UnidentifiedImageError:
        raise ImageError(*_unknown_format(name, data)) from None
    except _DAMAGE as error:
        raise ImageError(
            f"{name} cannot be decoded", str(error), "the file is damaged or cut short"
        ) from None


def held(source: Path | bytes) -> bytes:
    """What is in an image file, whether or not it has been read already."""
    return source if isinstance(source, bytes) else read_file(source)


def read_file(path: Path) -> bytes:
    """The bytes of a regular file; a FIFO or a device would block for ever, so it is refused."""
    try:
        found = path.stat()
        mode = found.st_mode
        if stat.S_ISDIR(mode):
            raise ImageError(f"{path} is a folder", "", "name an image file")
        if not stat.S_ISREG(mode):
            raise ImageError(f"{path} is not a regular file", "", "name an image file")
        if found.st_size > MAX_BYTES:
            raise ImageError(
                f"{path} is too large",
                f"{found.st_size:,} bytes, the limit is {MAX_BYTES:,}",
                "reduce the image first",
            )
        data = path.read_bytes()
    except OSError as error:
        reason = "symbolic links in a loop" if error.errno == errno.ELOOP else error.strerror
        raise ImageError(f"{path} cannot be opened", str(reason), "check the path") from None
    except ValueError:  # an embedded NUL
        raise ImageError(f"{path} is not a file name", "", "check the path") from None
    if not data:
        raise ImageError(f"{path} is empty", "zero bytes", "copy the file again")
    return data


def content_hash(data: bytes) -> str:
    """The identity of a file whatever its name: hex SHA-256 of its bytes."""
    return hashlib.sha256(data).hexdigest()


def _over_white(image: Image.Image) -> Image.Image:
    if image.mode in _SIXTEEN_BIT or image.mode == "I":
        # Pillow clips 16-bit grey at 255 instead of scaling it.
        image = Image.fromarray((np.asarray(image, dtype=np.uint32) >> 8).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        layer = image if image.mode == "RGBA" else image.convert("RGBA")
        ground = Image.new("RGB", layer.size, "white")
        ground.paste(layer, mask=layer)
        return ground
    if image.mode == "RGB":
        image.load()  # `convert` would copy it, for a fifth of the time of the whole decoding
        return image
    return image.convert("RGB")


def _unknown_format(name: str, data: bytes) -> tuple[str, str, str]:
    if data[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc"):
        return (f"{name} is HEIC", "this format needs the plug-in pillow-heif", "convert to JPEG")
    return (f"{name} is not an image", "no known image format", "check the file")

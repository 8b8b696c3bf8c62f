"""Keywords inside JPEG, PNG and WebP files, by the library exiv2; pixels and EXIF stay untouched.

XMP (dc:subject) in all three, and in JPEG the older IPTC keywords too, which many programs read.
"""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Iterable
from typing import Any

from PIL import Image, ImageSequence

from errors import ImageError, PairdexError
from tagger.xmp import clean, union

_XMP = "Xmp.dc.subject"
_IPTC = "Iptc.Application2.Keywords"
_CHARSET = "Iptc.Envelope.CharacterSet"
_UTF8 = "\x1b%G"  # how IPTC says it
_SIGNS = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"RIFF", "WEBP"))
_IFDS = (0x8769, 0x8825, 0xA005)  # EXIF, GPS, interoperability
_LOCK = threading.Lock()  # exiv2's XMP parser serves one caller at a time


def with_keywords(data: bytes, add: Iterable[str], drop: Iterable[str], name: str) -> bytes:
    """The image file with more keywords and fewer; the same bytes where there is nothing to change.

    What comes back decodes to the same pixels and holds the same EXIF and colour profile, or the
    file is refused by an ImageError.
    """
    form = next((form for sign, form in _SIGNS if data.startswith(sign)), None)
    if form is None or (form == "WEBP" and data[8:12] != b"WEBP"):
        raise ImageError(
            f"{name} is not written to",
            "keywords are put into JPEG, PNG and WebP files alone",
            "use --sidecar xmp for it",
        )
    written = _written(data, form, clean(add), list(drop), name)
    if written != data and _seen(written, name) != _seen(data, name):
        raise ImageError(
            f"{name} is not written to", "its pixels or EXIF would change", "use --sidecar xmp"
        )
    return written


def keywords(data: bytes) -> list[str]:
    """The XMP keywords that a file holds."""
    with _LOCK:
        return _present(_opened(data).xmpData())


def _written(data: bytes, form: str, add: list[str], drop: list[str], name: str) -> bytes:
    exiv2 = _library()
    with _LOCK:
        try:
            image = _opened(data)
            touched = _into_xmp(image.xmpData(), add, drop)
            if form == "JPEG":
                touched |= _into_iptc(image.iptcData(), add, drop)
            if not touched:
                return data
            wanted = _present(image.xmpData())
            image.writeMetadata()
            source = image.io()
            source.open()
            try:
                written = bytes(source.mmap())
            finally:
                source.munmap()
                source.close()
            # In a damaged file it may give up in silence.
            if _present(_opened(written).xmpData()) != wanted:
                raise ImageError(f"{name} is not written to", "it is damaged", "mend it first")
        except exiv2.Exiv2Error as error:
            raise ImageError(
                f"{name} is not written to", f"its metadata: {error}", "use --sidecar xmp"
            ) from None
    return written


def _opened(data: bytes) -> Any:
    image = _library().ImageFactory.open(data)
    image.readMetadata()
    return image


def _into_xmp(xmp: Any, add: list[str], drop: list[str]) -> bool:
    present = _present(xmp)
    wanted = union(present, add, drop)
    if wanted == present:
        return False
    exiv2 = _library()
    place = xmp.findKey(exiv2.XmpKey(_XMP))
    if place != xmp.end():
        xmp.erase(place)
    if wanted:
        value = exiv2.XmpArrayValue(exiv2.TypeId.xmpBag)
        for word in wanted:
            value.append(word)
        xmp.add(exiv2.XmpKey(_XMP), value)
    return True


def _present(xmp: Any) -> list[str]:
    place = xmp.findKey(_library().XmpKey(_XMP))
    return [] if place == xmp.end() else [str(word) for word in place.value()]


def _into_iptc(iptc: Any, add: list[str], drop: list[str]) -> bool:
    """Not where older fields are in an encoding that nobody knows: they would be read wrongly."""
    charset = iptc.findKey(_library().IptcKey(_CHARSET))
    told = charset != iptc.end() and charset.toString() == _UTF8
    if not told and not all(datum.toString().isascii() for datum in iptc):
        return False
    exiv2 = _library()
    present = [datum.toString() for datum in iptc if datum.key() == _IPTC]
    wanted = union(present, add, drop)
    if wanted == present:
        return False
    if not told:
        iptc[_CHARSET] = _UTF8
    place = iptc.findKey(exiv2.IptcKey(_IPTC))
    while place != iptc.end():
        iptc.erase(place)
        place = iptc.findKey(exiv2.IptcKey(_IPTC))
    for word in wanted:
        datum = exiv2.Iptcdatum(exiv2.IptcKey(_IPTC))
        datum.setValue(word)
        iptc.add(datum)
    return True


def _seen(data: bytes, name: str) -> tuple[object, ...]:
    """What must not change: every frame's pixels, EXIF and colour profile."""
    digest = hashlib.sha256()
    try:
        with Image.open(io.BytesIO(data)) as image:
            exif = image.getexif()
            told = [dict(exif), *(dict(exif.get_ifd(ifd)) for ifd in _IFDS)]
            profile = image.info.get("icc_profile")
            for frame in ImageSequence.Iterator(image):
                digest.update(f"{frame.mode} {frame.size}".encode())
                digest.update(frame.tobytes())
            return digest.digest(), repr(told), profile, getattr(image, "n_frames", 1)
    except (OSError, SyntaxError, ValueError) as error:
        raise ImageError(f"{name} cannot be decoded", str(error)) from None


def ready() -> None:
    """Raises where the library is not installed."""
    _library()


def _library() -> Any:
    try:
        import exiv2
    except ImportError:
        raise PairdexError(
            "--write needs the package exiv2",
            "it is not installed",
            "pip install 'pairdex[write]', or use --sidecar xmp",
        ) from None
    # Its own notes on odd metadata would go to stderr past us.
    exiv2.LogMsg.setLevel(exiv2.LogMsg.Level.mute)
    return exiv2

"""Files that somebody might send to break a service, each with what is to be answered."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

from PIL import Image, PngImagePlugin

SAID = tuple[int, str]  # status, last part of the problem's type; "" where it is taken
IMAGE: SAID = (422, "image")
TAKEN: SAID = (200, "")


def fine(kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), (220, 30, 30)).save(out, kind, **options)
    return out.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")


def deflated_bomb() -> bytes:
    """The right number of pixels, and a hundred megabytes of zeros behind them."""
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(bytes(1 << 20)) for _ in range(100)) + packer.flush()
    return png(8, 8, chunk(b"IDAT", data))


def text_bomb() -> bytes:
    data = zlib.compress(bytes(100 << 20), 9)
    body = chunk(b"IDAT", zlib.compress(bytes(25 * 8)))
    return png(8, 8, chunk(b"zTXt", b"Comment\0\0" + data), body)


def zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(50 << 20))
    return out.getvalue()


def tiff_bomb() -> bytes:
    """One strip that says it holds 200,000 × 200,000 pixels."""
    entries = [(256, 4, 200_000), (257, 4, 200_000), (258, 3, 8), (259, 3, 1), (262, 3, 1)]
    entries += [(273, 4, 8), (277, 3, 1), (278, 4, 200_000), (279, 4, 100)]
    body = struct.pack("<H", len(entries))
    for tag, kind, value in entries:
        body += struct.pack("<HHII", tag, kind, 1, value)
    return b"II*\0" + struct.pack("<I", 8) + body + struct.pack("<I", 0)


def many_frames() -> bytes:
    out = io.BytesIO()
    frames = [Image.new("P", (16, 16), number % 250) for number in range(2000)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()


def exif_that_lies() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 999
    exif[0x8769] = {0x9000: b"\xff" * 2000}
    return fine("JPEG", exif=exif)


def script_in_a_chunk() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "<script>fetch('https://evil.example')</script>" * 100)
    return fine("PNG", pnginfo=info)


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="http://127.0.0.1/x"/></svg>'
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(%pipe%id) (r) file\n"
HTML = b"<html><script>alert(1)</script></html>"

FILES: dict[str, tuple[Callable[[], bytes], SAID]] = {
    "nothing at all": (lambda: b"", IMAGE),
    "text": (lambda: b"this is no picture", IMAGE),
    "a page": (lambda: HTML, IMAGE),
    "a drawing that loads another": (lambda: SVG, IMAGE),
    "a program for a printer": (lambda: EPS, IMAGE),
    "a program": (lambda: b"\x7fELF" + bytes(500), IMAGE),
    "an archive": (zip_bomb, IMAGE),
    "a phone's format": (lambda: b"\0\0\0\x18ftypheic" + bytes(40), IMAGE),
    "a JPEG cut short": (lambda: fine("JPEG", quality=95)[:400], IMAGE),
    "a PNG cut short": (lambda: fine()[:60], IMAGE),
    "a GIF cut short": (lambda: fine("GIF")[:20], IMAGE),
    "a WebP cut short": (lambda: fine("WEBP")[:30], IMAGE),
    "a header alone": (lambda: b"\x89PNG\r\n\x1a\n", IMAGE),
    "a picture of no size": (lambda: png(0, 0), IMAGE),
    "900 megapixels": (lambda: png(30_000, 30_000, chunk(b"IDAT", zlib.compress(b"0"))), IMAGE),
    "64 megapixels": (
        lambda: png(8000, 8000, chunk(b"IDAT", zlib.compress(bytes(8000 * 24_001)))), IMAGE
    ),
    "a width of four thousand million": (lambda: png(2**32 - 1, 2**32 - 1), IMAGE),
    "40,000 megapixels in a TIFF": (tiff_bomb, IMAGE),
    "a text of 100 MB packed small": (text_bomb, IMAGE),
    "too many pixels packed small": (deflated_bomb, TAKEN),  # decoding ends where the picture does
    "two thousand frames": (many_frames, TAKEN),  # the first is the picture
    "a picture, then a page": (lambda: fine("JPEG") + HTML, TAKEN),
    "a picture, then an archive": (lambda: fine() + zip_bomb(), TAKEN),
    "a picture that a browser could run": (lambda: fine("GIF") + b"/*=1;alert(1)//*/", TAKEN),
    "a script in a chunk": (script_in_a_chunk, TAKEN),
    "odd metadata": (exif_that_lies, TAKEN),
    "printing colours": (
        lambda: _saved(Image.new("CMYK", (40, 30), (10, 200, 200, 10)), "JPEG"), TAKEN
    ),
    "sixteen bits": (lambda: _saved(Image.new("I;16", (40, 30), 40_000), "PNG"), TAKEN),
}  # fmt: skip

NAMES = [
    "../../../../etc/passwd",
    "/etc/passwd",
    r"..\..\windows\system32\config.png",
    "C:\\autoexec.bat",
    "a" * 3000 + ".png",
    "nul\0byte.png",
    "two\nlines.png",
    "<script>alert(1)</script>.png",
    "http://127.0.0.1/x.png",
    "file:///etc/passwd",
    "$(id).png",
    "🦎.png",
    "",
]


def _saved(image: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()

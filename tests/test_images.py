"""The one door through which pixels come in: every file is decoded in full or refused by name."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import images
from errors import ImageError
from images import read_file, read_rgb, require_pixels
from tests.catalog_samples import picture


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


WHOLE = {
    form: encoded(picture("whole"), form)
    for form in ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF")
}


@pytest.mark.parametrize("form", WHOLE)
def test_common_formats_are_read_as_rgb(form: str) -> None:
    image = read_rgb(WHOLE[form])
    assert (image.mode, image.size) == ("RGB", (48, 40))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_file_cut_short_is_refused(form: str) -> None:
    with pytest.raises(ImageError, match="cannot be decoded"):
        read_rgb(WHOLE[form][: len(WHOLE[form]) * 2 // 3])


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # odd metadata is no news
@settings(deadline=None)
@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_damaged_bytes_are_decoded_or_refused_but_never_anything_else(
    form: str, data: st.DataObject
) -> None:
    damaged = bytearray(WHOLE[form])
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.integers(0, 255))
    with suppress(ImageError):
        assert read_rgb(bytes(damaged)).mode == "RGB"


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_a_reason(data: bytes) -> None:
    with pytest.raises(ImageError):
        read_rgb(data)


def test_transparency_is_laid_over_white() -> None:
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert read_rgb(encoded(clear, "PNG")).getpixel((1, 1)) == (255, 255, 255)


def test_a_palette_with_a_transparent_colour_is_laid_over_white() -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([10, 20, 30, 200, 100, 50])
    assert read_rgb(encoded(image, "PNG", transparency=0)).getpixel((1, 1)) == (255, 255, 255)


def test_sixteen_bit_grey_is_scaled_not_clipped() -> None:
    grey = Image.fromarray(np.full((4, 4), 0x8000, np.uint16))
    assert read_rgb(encoded(grey, "PNG")).getpixel((1, 1)) == (128, 128, 128)


def test_cmyk_is_converted() -> None:
    image = read_rgb(encoded(picture("cmyk").convert("CMYK"), "JPEG"))
    difference = np.asarray(image, int) - np.asarray(picture("cmyk"), int)
    assert abs(difference).mean() < 20


def test_a_rotated_photograph_is_put_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert read_rgb(encoded(picture("photo"), "JPEG", exif=exif)).size == (40, 48)


@pytest.mark.parametrize("form", ["GIF", "WEBP"])
def test_of_an_animation_the_first_frame_is_read(form: str) -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    data = encoded(frames[0], form, save_all=True, append_images=frames[1:], lossless=True)
    assert read_rgb(data).getpixel((3, 3)) == pytest.approx((255, 0, 0), abs=4)


def test_a_bomb_is_refused_by_its_header_alone() -> None:
    header = bytearray(WHOLE["BMP"])
    header[18:26] = (30_000).to_bytes(4, "little") * 2
    with pytest.raises(ImageError, match="30000x30000"):
        read_rgb(bytes(header))


def test_heic_names_its_plug_in() -> None:
    with pytest.raises(ImageError, match="pillow-heif"):
        read_rgb(b"\0\0\0\x18ftypheic" + bytes(40))


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    (tmp_path / "empty.png").touch()
    for name, reason in (
        ("pipe.png", "not a regular file"),
        ("loop.png", "in a loop"),
        ("empty.png", "zero bytes"),
        (".", "a folder"),
        ("gone.png", "No such file"),
        ("nul\0.png", "not a file name"),
    ):
        with pytest.raises(ImageError, match=reason):
            read_file(tmp_path / name)


def test_a_file_over_the_limit_of_bytes_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "MAX_BYTES", 10)
    (tmp_path / "large.png").write_bytes(bytes(11))
    with pytest.raises(ImageError, match="too large"):
        read_file(tmp_path / "large.png")


def test_a_large_jpeg_is_decoded_at_a_reduced_scale_and_looks_the_same() -> None:
    across, down = np.meshgrid(np.linspace(0, 255, 1600), np.linspace(0, 255, 1200))
    bands = 127 + 100 * np.sin(across / 9) * np.cos(down / 7)
    data = encoded(Image.fromarray(np.stack([across, down, bands], 2).astype(np.uint8)), "JPEG")
    reduced = read_rgb(data, 96)
    assert reduced.size == (400, 300)  # a quarter, for three times 96 must be left
    full, small = (
        np.asarray(image.resize((96, 96)), np.int16) for image in (read_rgb(data), reduced)
    )
    assert np.abs(full - small).mean() < 2


def test_what_is_not_far_larger_than_wanted_is_decoded_in_full() -> None:
    picture = Image.new("RGB", (500, 375), "red")
    assert read_rgb(encoded(picture, "JPEG"), 224).size == (500, 375)
    assert read_rgb(encoded(picture, "PNG"), 8).size == (500, 375)


def test_a_turned_jpeg_is_upright_at_a_reduced_scale_too() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    data = encoded(Image.new("RGB", (800, 400), "red"), "JPEG", exif=exif)
    assert read_rgb(data, 32).size == (100, 200)


@pytest.mark.parametrize("form", ["EPS", "PPM", "TGA", "PCX", "JPEG2000"])
def test_only_the_formats_of_images_are_opened_whatever_else_pillow_can(form: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, form)
    with pytest.raises(ImageError, match="is not an image"):
        read_rgb(out.getvalue())


def test_pixels_are_counted_before_they_are_decoded() -> None:
    out = io.BytesIO()
    Image.new("RGB", (100, 100), "red").save(out, "PNG")
    require_pixels(out.getvalue(), "x.png", 10_000)
    with pytest.raises(ImageError, match=r"x.png is too large: 100x100 pixels, the limit is 9,999"):
        require_pixels(out.getvalue()[:60], "x.png", 9_999)

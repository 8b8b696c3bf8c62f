"""Keywords inside images and in XMP files: all else stays as it is."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from errors import ImageError
from tagger import embedded, xmp
from tagger.delta import made, recipe

exiv2 = pytest.importorskip("exiv2")
FORMS = ("JPEG", "PNG", "WEBP")


def picture(form: str, **options: object) -> bytes:
    noise = np.random.default_rng(7).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    data = io.BytesIO()
    Image.fromarray(noise).save(data, form, **options)
    return data.getvalue()


def exif() -> bytes:
    found = Image.Exif()
    found[0x010F], found[0x0112] = "Maker", 6
    found.get_ifd(0x8769)[0x9003] = "2026:01:02 03:04:05"
    return found.tobytes()


@pytest.mark.parametrize("form", FORMS)
def test_keywords_are_added_once_and_pixels_and_exif_stay(form: str) -> None:
    data = picture(form, exif=exif())
    written = embedded.with_keywords(data, ["sea lion", "파란 <&>"], [], "x")
    assert embedded.keywords(written) == ["sea lion", "파란 <&>"]
    with Image.open(io.BytesIO(data)) as before, Image.open(io.BytesIO(written)) as after:
        assert before.tobytes() == after.tobytes()
        assert dict(before.getexif()) == dict(after.getexif())
        assert after.getexif().get_ifd(0x8769)[0x9003] == "2026:01:02 03:04:05"
    assert embedded.with_keywords(written, ["sea lion"], [], "x") == written


@pytest.mark.parametrize("form", FORMS)
def test_keywords_of_others_stay_and_ours_can_be_taken_out(form: str) -> None:
    theirs = embedded.with_keywords(picture(form), ["holiday"], [], "x")
    both = embedded.with_keywords(theirs, ["red", "holiday"], [], "x")
    assert embedded.keywords(both) == ["holiday", "red"]
    other = embedded.with_keywords(both, ["blue"], ["red"], "x")
    assert embedded.keywords(other) == ["holiday", "blue"]


def iptc(data: bytes) -> list[str]:
    image = exiv2.ImageFactory.open(data)
    image.readMetadata()
    return [d.toString() for d in image.iptcData() if d.key() == "Iptc.Application2.Keywords"]


def test_a_jpeg_holds_iptc_keywords_too_unless_its_encoding_is_unknown() -> None:
    assert iptc(embedded.with_keywords(picture("JPEG"), ["파란"], [], "x")) == ["파란"]
    image = exiv2.ImageFactory.open(picture("JPEG"))
    image.readMetadata()
    image.iptcData()["Iptc.Application2.City"] = "Zürich"  # as UTF-8 or Latin-1: nobody says
    image.writeMetadata()
    source = image.io()
    source.open()
    city = bytes(source.mmap())
    source.munmap()
    written = embedded.with_keywords(city, ["red"], [], "x")
    assert iptc(written) == []
    assert embedded.keywords(written) == ["red"]


@pytest.mark.parametrize("form", ["GIF", "BMP", "TIFF"])
def test_other_formats_are_refused_with_the_way_out(form: str) -> None:
    with pytest.raises(ImageError, match="use --sidecar xmp"):
        embedded.with_keywords(picture(form), ["red"], [], "x")


def test_an_animation_keeps_its_frames() -> None:
    frames = [Image.new("RGB", (20, 20), (n * 60, 0, 0)) for n in range(4)]
    data = io.BytesIO()
    frames[0].save(data, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    written = embedded.with_keywords(data.getvalue(), ["red"], [], "x")
    with Image.open(io.BytesIO(written)) as image:
        assert getattr(image, "n_frames", 1) == 4


@given(st.sampled_from(FORMS), st.data())
def test_a_damaged_file_is_refused_or_keeps_its_pixels(form: str, data: st.DataObject) -> None:
    damaged = bytearray(picture(form))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, min(len(damaged) - 1, 400)))
        damaged[place] = data.draw(st.integers(0, 255))
    try:
        written = embedded.with_keywords(bytes(damaged), ["red"], [], "x")
    except ImageError:
        return
    with Image.open(io.BytesIO(damaged)) as before, Image.open(io.BytesIO(written)) as after:
        assert before.tobytes() == after.tobytes()


# -- XMP files ------------------------------------------------------------------------------

LIGHTROOM = """<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <!-- kept --> <r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <r:Description r:about="" xmlns:d="http://purl.org/dc/elements/1.1/"
    xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/" crs:Exposure="+0.35 > 0">
   <d:subject><r:Bag><r:li>holiday</r:li><r:li>Müller &amp; Co</r:li></r:Bag></d:subject>
   <crs:Curve><r:Seq><r:li>0, 0</r:li></r:Seq></crs:Curve>
  </r:Description>
 </r:RDF>
</x:xmpmeta>
"""
DARKTABLE = """<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:darktable="http://darktable.sf.net/"
   darktable:history_end="3" darktable:note="a > b"/>
 </rdf:RDF>
</x:xmpmeta>
"""
BARE = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF>'


def test_keywords_join_those_of_lightroom_and_no_other_byte_changes() -> None:
    old = LIGHTROOM.encode()
    written = xmp.changed(old, ["red", "holiday"], [], "x")
    assert xmp.keywords(written, "x") == ["holiday", "Müller & Co", "red"]
    head, _, rest = LIGHTROOM.partition("<d:subject>")
    tail = rest.partition("</d:subject>")[2]
    assert written.startswith(head.encode())
    assert written.endswith(tail.encode())
    assert xmp.changed(written, ["red"], [], "x") == written


@pytest.mark.parametrize(
    "text", [DARKTABLE, BARE, DARKTABLE.replace('"/>', '"></rdf:Description>')]
)
def test_a_file_without_keywords_is_given_the_element(text: str) -> None:
    written = xmp.changed(text.encode(), ["a<b", "c"], [], "x")
    assert xmp.keywords(written, "x") == ["a<b", "c"]
    for word in ("darktable:history_end", "a > b"):
        assert (word in text) == (word.encode() in written)
    whole = (
        written if text != BARE else b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>%s</x:xmpmeta>" % written
    )
    image = exiv2.ImageFactory.open(whole)  # as another program reads it
    image.readMetadata()
    assert list(image.xmpData()["Xmp.dc.subject"].value()) == ["a<b", "c"]


@pytest.mark.parametrize("taken", ["", " and then some"])
def test_the_last_keyword_can_be_taken_out(taken: str) -> None:
    written = xmp.changed(xmp.new([f"red{taken}"]), [], [f"red{taken}"], "x")
    assert xmp.keywords(written, "x") == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no xml",
        b"<a/>",
        LIGHTROOM.encode()[:300],
        LIGHTROOM.encode("utf-16"),
        b'<!DOCTYPE a [<!ENTITY b "c">]>' + LIGHTROOM.encode(),
    ],
)
def test_what_is_no_sound_xmp_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError, match="no XMP that can be added to"):
        xmp.changed(data, ["red"], [], "x.xmp")


@given(st.lists(st.text(max_size=12), max_size=6))
def test_any_keywords_come_back_as_xml_can_hold_them(words: list[str]) -> None:
    assert xmp.keywords(xmp.new(words), "x") == [
        word.replace("\r\n", "\n").replace("\r", "\n") for word in xmp.clean(words)
    ]


# -- how an old file is kept ----------------------------------------------------------------


@given(st.binary(max_size=3000), st.data())
def test_the_old_file_is_made_of_the_new_one(old: bytes, data: st.DataObject) -> None:
    old = old * data.draw(st.integers(1, 3))
    cut = data.draw(st.integers(0, len(old)))
    new = data.draw(st.binary(max_size=50)) + old[:cut] + b"metadata" * 20 + old[cut:]
    assert made(new, recipe(old, new)) == old


@pytest.mark.parametrize("form", FORMS)
def test_an_old_image_is_kept_in_few_bytes(form: str) -> None:
    data = picture(form, exif=exif())
    new = embedded.with_keywords(data, ["red", "파란"], [], "x")
    kept = recipe(data, new)
    assert made(new, kept) == data
    assert len(kept) < 2000 < len(data)

"""Keywords (dc:subject) of an XMP file; every other byte of it stays as it is.

Sidecars of Lightroom, darktable and digiKam hold edits that are dear to their owners. So the file
is not written anew from a tree: the one element is found by its place and replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from xml.parsers import expat
from xml.sax.saxutils import escape

from errors import ImageError

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_DC = "http://purl.org/dc/elements/1.1/"
_TAG = re.compile(rb"""<[^'">]*(?:"[^"]*"[^'">]*|'[^']*'[^'">]*)*>""")
_ILLEGAL = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML 1.0
_EMPTY = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Pairdex">\n'
    f' <rdf:RDF xmlns:rdf="{_RDF}">\n'
    '  <rdf:Description rdf:about="">\n'
    "  </rdf:Description>\n"
    " </rdf:RDF>\n"
    "</x:xmpmeta>\n"
    '<?xpacket end="w"?>\n'
).encode()


@dataclass
class _Places:
    """Where in the bytes things are."""

    subject: tuple[int, int] | None = None
    keywords: list[str] = field(default_factory=list)
    description: int | None = None  # where its start tag begins
    description_end: int | None = None  # where its end tag begins
    rdf_end: int | None = None


def new(keywords: Iterable[str]) -> bytes:
    """A whole file that holds these keywords."""
    return _with(_EMPTY, _of_empty(), clean(keywords))


@cache
def _of_empty() -> _Places:
    return _places(_EMPTY, "")


def keywords(data: bytes, name: str) -> list[str]:
    """The keywords of a file; `name` is what errors call it."""
    return _places(data, name).keywords


def changed(data: bytes, add: Iterable[str], drop: Iterable[str], name: str) -> bytes:
    """The file with more keywords and fewer; the same bytes where there is nothing to change."""
    places = _places(data, name)
    wanted = union(places.keywords, clean(add), drop)
    return data if wanted == places.keywords else _with(data, places, wanted)


def union(present: Iterable[str], add: Iterable[str], drop: Iterable[str]) -> list[str]:
    """What is present and not dropped, then what is new, each once."""
    gone = set(drop) - set(add)
    return list(dict.fromkeys([word for word in present if word not in gone] + list(add)))


def clean(keywords: Iterable[str]) -> list[str]:
    """As XML can hold them."""
    found = (_ILLEGAL.sub("", word).strip() for word in keywords)
    return list(dict.fromkeys(word for word in found if word))


def _with(data: bytes, places: _Places, keywords: list[str]) -> bytes:
    items = "".join(f"\n     <rdf:li>{escape(word)}</rdf:li>" for word in keywords)
    # Its own declarations: whatever prefixes the file uses, the element means the same.
    element = (
        f'<dc:subject xmlns:dc="{_DC}" xmlns:rdf="{_RDF}">\n    <rdf:Bag>{items}\n'
        "    </rdf:Bag>\n   </dc:subject>"
    ).encode()
    if not keywords:
        element = b""
    if places.subject:
        start, end = places.subject
        return data[:start] + element + data[end:]
    if places.description is not None:
        tag = _TAG.match(data, places.description)
        assert tag is not None
        if places.description_end is None:  # <rdf:Description … />
            called = re.split(rb"[\s/>]", tag.group()[1:], maxsplit=1)[0]
            whole = tag.group()[:-2] + b">\n   " + element + b"\n  </" + called + b">"
            return data[: tag.start()] + whole + data[tag.end() :]
        at = places.description_end
        return data[:at] + b" " + element + b"\n  " + data[at:]
    assert places.rdf_end is not None
    described = f'<rdf:Description xmlns:rdf="{_RDF}" rdf:about="">'.encode()
    inner = described + element + b"</rdf:Description>\n"
    return data[: places.rdf_end] + inner + data[places.rdf_end :]


def _places(data: bytes, name: str) -> _Places:
    places, stack = _Places(), list[str]()
    parser = expat.ParserCreate(namespace_separator=" ")
    text: list[str] | None = None

    def start(tag: str, _attributes: object) -> None:
        nonlocal text
        if tag == f"{_RDF} Description" and stack and stack[-1] == f"{_RDF} RDF":
            if places.description is None:
                places.description = parser.CurrentByteIndex
        elif tag == f"{_DC} subject" and stack[-1:] == [f"{_RDF} Description"]:
            if places.subject is None and len(stack) <= 3:
                places.subject = (parser.CurrentByteIndex, -1)
        elif tag == f"{_RDF} li" and places.subject and places.subject[1] < 0:
            text = []
        stack.append(tag)

    def end(tag: str) -> None:
        nonlocal text
        stack.pop()
        at = parser.CurrentByteIndex
        closing = data[at : at + 2] == b"</"
        if tag == f"{_RDF} li" and text is not None:
            places.keywords.append("".join(text).strip())
            text = None
        elif tag == f"{_DC} subject" and places.subject and places.subject[1] < 0:
            found = _TAG.match(data, at)
            assert found is not None
            places.subject = (places.subject[0], found.end())
        elif tag == f"{_RDF} Description" and stack[-1:] == [f"{_RDF} RDF"]:
            if closing and places.description_end is None:
                places.description_end = at
        elif tag == f"{_RDF} RDF" and closing:
            places.rdf_end = at

    def characters(part: str) -> None:
        if text is not None:
            text.append(part)

    def refuse(*_: object) -> None:
        raise ValueError("a document type is declared")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = characters, refuse
    try:
        data.decode("utf-8")  # places are counted in bytes of it
        parser.Parse(data, True)
        if places.rdf_end is None and places.description is None:
            raise ValueError("it holds no rdf:RDF")
    except (expat.ExpatError, ValueError) as error:
        raise ImageError(
            f"{name} is no XMP that can be added to", str(error), "mend it, or give --force"
        ) from None
    return places

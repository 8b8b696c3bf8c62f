"""How to make one file of another that is nearly the same: what an undo needs, in few bytes.

Metadata is put in front of, behind or between pixel data that stays. So an old file is kept as
pieces that the new one holds and the bytes that it does not hold.
"""

from __future__ import annotations

import msgspec

BLOCK = 512  # pieces are looked for by blocks of this many bytes
_Part = bytes | tuple[int, int]  # bytes as they are, or (start, length) in the new file


def recipe(old: bytes, new: bytes) -> bytes:
    """What makes `old` of `new`, see `made`."""
    places = {new[at : at + BLOCK]: at for at in range(0, len(new) - BLOCK + 1, BLOCK)}
    parts: list[_Part] = []
    literal = bytearray()
    place = 0
    while place < len(old):
        at = places.get(old[place : place + BLOCK])
        if at is None:
            literal.append(old[place])
            place += 1
            continue
        back = _common_back(old, new, place, at, len(literal))
        del literal[len(literal) - back :]
        if literal:
            parts.append(bytes(literal))
            literal.clear()
        length = _common(old, new, place, at)
        parts.append((at - back, back + length))
        place += length
    if literal:
        parts.append(bytes(literal))
    return msgspec.msgpack.encode(parts)


def made(new: bytes, recipe: bytes) -> bytes:
    """The old file, of the new one and its recipe."""
    parts = msgspec.msgpack.decode(recipe, type=list[bytes | tuple[int, int]])
    return b"".join(
        part if isinstance(part, bytes) else new[part[0] : part[0] + part[1]] for part in parts
    )


def _common(old: bytes, new: bytes, place: int, at: int) -> int:
    """How many bytes from here on are alike; compared by steps that double."""
    length, step = 0, BLOCK
    most = min(len(old) - place, len(new) - at)
    while length < most and step:
        width = min(step, most - length)
        here, there = place + length, at + length
        if old[here : here + width] == new[there : there + width]:
            length += width
            step *= 2
        else:
            step = width // 2
    return length


def _common_back(old: bytes, new: bytes, place: int, at: int, most: int) -> int:
    """How many bytes before here are alike."""
    length = 0
    while length < min(most, at) and old[place - length - 1] == new[at - length - 1]:
        length += 1
    return length

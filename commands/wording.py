"""What the command line calls what is wrong: its options."""

from __future__ import annotations

from errors import PairdexError

_OPTIONS = {"tags": "tag"}  # where an option is called otherwise than the field of a request


def worded(error: PairdexError) -> str:
    """The one line of an error, with the name of the option that caused it."""
    name = _OPTIONS.get(error.field, error.field).replace("_", "-")
    return error.line(f"--{name}" if name else "")

"""Days as feeds write them → ISO. Forms that could be either of two days are none."""

from __future__ import annotations

import datetime as dt
import re

_DAY = re.compile(r"(\d{4})([-./]?)(\d{1,2})\2(\d{1,2})\.?")


def day_of(text: str, zone: dt.tzinfo) -> str | None:
    """`2026-11-20`, `2026.11.20`, `2026/11/20`, `20261120` or a moment in ISO form → its day."""
    text = text.strip()
    if found := _DAY.fullmatch(text):
        year, mark, month, day = found.groups()
        if not mark and len(month + day) != 4:
            return None
        try:
            return dt.date(int(year), int(month), int(day)).isoformat()
        except ValueError:
            return None
    if len(text) <= 10:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return (moment.astimezone(zone) if moment.tzinfo else moment).date().isoformat()
    except (OverflowError, ValueError):
        return None

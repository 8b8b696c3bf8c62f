"""Days as feeds write them → ISO. Forms that could be either of two days are none."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from errors import SettingsError

_DAY = re.compile(r"(\d{4})([-./]?)(\d{1,2})\2(\d{1,2})\.?")


def zone_of(name: str) -> dt.tzinfo:
    """The zone in which days begin and end: a name such as Asia/Seoul, or `local`."""
    if name == "local":
        zone = dt.datetime.now().astimezone().tzinfo
        assert zone is not None
        return zone
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(
            "links.timezone", f"no time zone `{name}`", 'for example "Asia/Seoul", or "local"'
        ) from None


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

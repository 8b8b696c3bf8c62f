"""Which day it is depends on where: one zone for the days of feeds and for `today`."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from errors import SettingsError


def zone_of(name: str) -> dt.tzinfo:
    """The zone of a name such as Asia/Seoul, or of this machine for `local`."""
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


def zone_name(zone: dt.tzinfo, day: dt.date) -> str:
    """What people call a zone, with its distance from UTC on that day."""
    noon = dt.datetime.combine(day, dt.time(12), zone)
    named = getattr(zone, "key", "") or noon.tzname() or ""
    offset = noon.strftime("%z")
    return f"{named} (UTC{offset[:3]}:{offset[3:5]})"

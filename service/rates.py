"""How many requests each key, or each address, may send; told as RateLimit headers and 429."""

from __future__ import annotations

import math
import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from errors import SettingsError
from service.problems import Problem

FAILURES = "20/minute"  # wrong keys from one address


class Rates:
    def __init__(self, rate: str) -> None:
        """Of the form "600/minute"; an empty one is no limit."""
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._requests = read_rate(rate) if rate else None
        self._failures = parse(FAILURES)

    def take(self, who: str) -> dict[str, str]:
        """Counts a request; the headers that tell what is left. A Problem where nothing is."""
        if self._requests is None:
            return {}
        taken = self._limiter.hit(self._requests, "request", who)
        headers, seconds = self._told(self._requests, "request", who)
        if not taken:
            raise _too_many("too many requests", self._requests, seconds, headers)
        return headers

    def check_failures(self, address: str) -> None:
        """A Problem where wrong keys came from there again and again."""
        if not self._limiter.test(self._failures, "failure", address):
            _, seconds = self._told(self._failures, "failure", address)
            raise _too_many("too many wrong keys", self._failures, seconds, {})

    def failed(self, address: str) -> None:
        self._limiter.hit(self._failures, "failure", address)

    def _told(self, item: RateLimitItem, *names: str) -> tuple[dict[str, str], int]:
        """The fields of draft-ietf-httpapi-ratelimit-headers, and seconds until some are free."""
        window = self._limiter.get_window_stats(item, *names)
        seconds = max(1, math.ceil(window.reset_time - time.time()))
        policy = f'"requests";q={item.amount};w={item.get_expiry()}'
        left = f'"requests";r={max(0, window.remaining)};t={seconds}'
        return {"RateLimit-Policy": policy, "RateLimit": left}, seconds


def read_rate(rate: str) -> RateLimitItem:
    try:
        return parse(rate)
    except ValueError:
        raise SettingsError(
            f"service.rate: {rate!r}", "no number of requests in a time", "such as 600/minute"
        ) from None


def _too_many(what: str, item: RateLimitItem, seconds: int, headers: dict[str, str]) -> Problem:
    return Problem(
        "too-many-requests", what, f"the limit is {item}", f"try again in {seconds} s",
        retry_after=seconds, headers=headers,
    )  # fmt: skip

"""To a Ray cluster and away from it; what goes wrong there in one line."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from errors import HomeError, PairdexError

ANSWERS_WITHIN = 5.0  # seconds


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """The package `ray`, at work on the cluster there; without an address, on this machine.

    It is told to be quiet and to report to nobody.
    """
    # Before the import, which reads them. Usage would be reported to Ray's makers.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_DATA_LOG_LEVEL", "CRITICAL")
    import ray

    # A traceback for each lost node is nothing to a user: what goes wrong is told below.
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    _require(address)
    source = str(Path(__file__).resolve().parent.parent)
    joined = ray.is_initialized()  # by a program of which we are a part
    try:
        if not joined:
            ray.init(
                address=address or "local",
                include_dashboard=None if address else False,
                configure_logging=True,
                logging_level="ERROR",
                log_to_driver=False,
                runtime_env={"env_vars": {"PYTHONPATH": source}},
            )
        yield ray
    except PairdexError:
        raise
    except ConnectionError as error:
        raise HomeError(
            f"the Ray cluster at {address} cannot be joined",
            str(error).splitlines()[0],
            "run this on one of its machines; where it asks for a token, set RAY_AUTH_MODE=token",
        ) from None
    except ray.exceptions.RayError as error:
        raise _translated(error) from None
    finally:
        if not joined:
            ray.shutdown()


def _require(address: str) -> None:
    """Somebody listens there: Ray itself would ask again and again, for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdigit():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWERS_WITHIN).close()
    except OSError as error:
        raise _silent(address, (error.strerror or str(error)).lower()) from None


def _silent(address: str, reason: str) -> HomeError:
    remedy = "start it with `ray start --head`, or leave the address out"
    return HomeError(f"no Ray cluster answers at {address}", reason, remedy)


def _translated(error: Exception) -> PairdexError:
    cause = getattr(error, "cause", None)
    if isinstance(cause, PairdexError):
        return cause
    line = next((line for line in reversed(str(error).splitlines()) if line.strip()), "no reason")
    return HomeError("the embedding on Ray was broken off", line.strip(), "run the same again")

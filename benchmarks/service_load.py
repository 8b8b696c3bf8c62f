"""The other end of `benchmarks.service`: a process that asks a service as fast as it answers.

python -m benchmarks.service_load ADDRESS --connections 32 --seconds 60 < QUERIES

Plain HTTP/1.1 over kept connections, by hand: a client library would take as much of the machine's
processor as the service. Each connection sends its next search when the last is answered. Every
answer's status is looked at and its body read to the end; each tenth is parsed, and must hold
results. Only loopback is asked.
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

EACH = 10  # answers of which one is parsed


@dataclass
class Load:
    """What the connections saw."""

    connections: int
    seconds: float = 0.0
    ms: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    generations: Counter[str] = field(default_factory=Counter)  # of the answers that were parsed


def request(text: str, host: str, top: int) -> bytes:
    body = json.dumps({"text": text, "top": top}).encode()
    head = f"POST /v1/search HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    return head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


async def ask(load: Load, host: str, port: int, queries: Sequence[bytes], until: float) -> None:
    """One connection, to the end of the time."""
    reader = writer = None
    for number in range(sys.maxsize):
        start = time.perf_counter()
        if start >= until:
            break
        try:
            if reader is None or writer is None:
                reader, writer = await asyncio.open_connection(host, port)
            writer.write(queries[number % len(queries)])
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(length(head))
        except (OSError, EOFError) as error:
            load.failed[type(error).__name__] += 1
            reader = writer = None
            continue
        load.ms.append((time.perf_counter() - start) * 1000)
        status = head[9:12].decode()
        if status != "200":
            load.failed[status] += 1
        elif number % EACH == 0:
            said = json.loads(body)
            load.generations[said["generation"]] += 1
            load.failed["empty"] += not (said["results"] or said["nearest"] or said["no_match"])
    if writer is not None:
        writer.close()


def length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise EOFError("an answer without a length")


async def run(address: str, connections: int, seconds: float, top: int, texts: list[str]) -> Load:
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or 80
    assert ipaddress.ip_address(host).is_loopback
    queries = [request(text, host, top) for text in texts]
    load, start = Load(connections), time.perf_counter()
    # Each begins elsewhere in the list, so that they do not ask the same at the same time.
    turns = [number * len(queries) // connections for number in range(connections)]
    await asyncio.gather(
        *(ask(load, host, port, queries[turn:] + queries[:turn], start + seconds) for turn in turns)
    )
    load.seconds = time.perf_counter() - start
    load.failed += Counter()  # without those that are zero
    return load


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--top", type=int, default=10)
    given = parser.parse_args()
    texts = sys.stdin.read().splitlines()
    load = asyncio.run(run(given.address, given.connections, given.seconds, given.top, texts))
    print(json.dumps(vars(load)))


if __name__ == "__main__":
    main()

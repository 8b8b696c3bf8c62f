"""What the database holds of generations beside their vectors: manifests, files, which one is live.

generations        a row for each: its manifest
generation_files   the bytes of its small files, in parts
generation_live    one row: the live one
generation_numbers a sequence: no name is given twice
vectors_NAME_images, vectors_NAME_captions     see pgvector_rows.py
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from db.home import writing
from db.pgvector_connections import Session
from db.postgres_lock import lock_number
from errors import HomeError

PART = 4 << 20  # bytes of a file in one row
SIDES = "images", "captions"
OLDEST = (0, 8)  # pgvector since which an iterative scan keeps filtered searches whole
_CREATE = """
CREATE SEQUENCE IF NOT EXISTS generation_numbers;
CREATE TABLE IF NOT EXISTS generations (
  name text PRIMARY KEY, manifest bytea NOT NULL
);
CREATE TABLE IF NOT EXISTS generation_files (
  generation text NOT NULL REFERENCES generations ON DELETE CASCADE,
  name text NOT NULL, part int4 NOT NULL, data bytea STORAGE EXTERNAL NOT NULL,
  PRIMARY KEY (generation, name, part)
);
CREATE TABLE IF NOT EXISTS generation_live (
  one bool PRIMARY KEY DEFAULT true CHECK (one),
  generation text NOT NULL REFERENCES generations
);
"""


def vectors_of(name: str, side: str) -> str:
    """The table of one side of a generation."""
    assert name.isdigit()
    assert side in SIDES
    return f"vectors_{name}_{side}"


def held(name: str) -> int:
    """The number of the lock by which readers keep a generation from being dropped."""
    return lock_number(f"generation {name}")


def create(session: Session, where: str) -> None:
    """All tables, in one transaction, unless they are there; `where` is what messages say."""
    if there(session):
        return
    with session.connection.transaction():
        session.rows("SELECT pg_advisory_xact_lock(%s)", (lock_number("generations"),))
        if not extension(session):
            session.connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        session.connection.execute(_CREATE)
    require(session, where)


def there(session: Session) -> bool:
    return bool(session.rows("SELECT to_regclass('generation_live') IS NOT NULL")[0][0])


def extension(session: Session) -> str:
    """The version of pgvector in the database, "" where it has none."""
    found = session.rows("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
    return found[0][0] if found else ""


def require(session: Session, where: str) -> str:
    """The version of pgvector, which must be one that can do what is asked of it."""
    version = extension(session)
    if not version:
        raise HomeError(
            f"{where} lacks pgvector", "the extension is not in the database",
            "as its superuser, CREATE EXTENSION vector",
        )  # fmt: skip
    if tuple(map(int, version.split(".")[:2])) < OLDEST:
        raise HomeError(
            f"{where} has pgvector {version}", "0.8 is the oldest that will do",
            "install a newer one and ALTER EXTENSION vector UPDATE",
        )  # fmt: skip
    return version


def put_file(session: Session, generation: str, file: Path) -> None:
    statement = b"INSERT INTO generation_files VALUES (%s, %s, %s, %b)"
    with writing(file), file.open("rb") as stream:
        for part, data in enumerate(iter(lambda: stream.read(PART), b"")):
            session.connection.execute(statement, (generation, file.name, part, data))


def parts(session: Session, generation: str, file: str) -> Iterator[bytes]:
    """The bytes of a file; nothing where it is not there."""
    statement = "SELECT data FROM generation_files WHERE (generation, name, part) = (%s, %s, %s)"
    part = 0
    while found := session.rows(statement, (generation, file, part)):
        yield found[0][0]
        part += 1


def get_file(session: Session, generation: str, file: Path) -> str:
    """Write a file as it is stored; returns the SHA-256 of what was written."""
    digest = hashlib.sha256()
    with writing(file), file.open("wb") as stream:
        for data in parts(session, generation, file.name):
            digest.update(data)
            stream.write(data)
    return digest.hexdigest()


def drop(session: Session, name: str) -> bool:
    """In one transaction; False where somebody reads it."""
    with session.connection.transaction():
        if not session.rows("SELECT pg_try_advisory_xact_lock(%s)", (held(name),))[0][0]:
            return False
        for side in SIDES:
            session.connection.execute(f"DROP TABLE IF EXISTS {vectors_of(name, side)}".encode())
        session.connection.execute("DELETE FROM generations WHERE name = %s", (name,))
    return True

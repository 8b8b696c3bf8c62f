"""The service's API keys: made once, told once, kept as a digest: `store.keys`.

    pdx_3f9c21ab_Vn5…          prefix, public part (in lists and logs), secret of 256 bits

A key of that length cannot be guessed, so one round of SHA-256 is enough: slow hashes are for
passwords that people think of.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
import secrets
import string
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from sqlalchemy import Engine, insert, select, update

from db.repeating import repeated
from db.tables_keys import KeyRow

Scope: TypeAlias = Literal["read", "tag", "write"]
SCOPES: tuple[Scope, ...] = get_args(Scope)  # each holds those before it
PREFIX = "pdx"
_ALPHABET = string.ascii_letters + string.digits
_SECRET = 43  # characters of 62 kinds: 256 bits
_FORM = re.compile(rf"{PREFIX}_([0-9a-f]{{8}})_[A-Za-z0-9]{{{_SECRET}}}")
_COLUMNS = KeyRow.__table__.c


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key; times are in UTC."""

    public: str
    name: str
    digest: str
    scope: Scope
    created: dt.datetime
    used: dt.datetime | None = None
    expires: dt.datetime | None = None
    revoked: dt.datetime | None = None

    def state(self, now: dt.datetime) -> Literal["active", "expired", "revoked"]:
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and self.expires <= now else "active"

    def allows(self, scope: Scope) -> bool:
        return SCOPES.index(scope) <= SCOPES.index(self.scope)

    def is_of(self, presented: str) -> bool:
        """In constant time: how long it takes tells nothing of the digest."""
        return hmac.compare_digest(self.digest, digest(presented))


class Keys:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @repeated
    def create(
        self, name: str, scope: Scope, expires: dt.datetime | None = None
    ) -> tuple[str, Key]:
        """The key itself, which can be had only here, and what is kept of it."""
        public = secrets.token_hex(4)
        secret = "".join(secrets.choice(_ALPHABET) for _ in range(_SECRET))
        presented = f"{PREFIX}_{public}_{secret}"
        key = Key(public, name, digest(presented), scope, dt.datetime.now(dt.UTC), None, expires)
        values = {c.name: getattr(key, c.name) for c in _COLUMNS if c.name != "id"}
        with self._engine.begin() as connection:
            connection.execute(insert(KeyRow).values(values))
        return presented, key

    @repeated
    def all(self) -> list[Key]:
        """The oldest first, those that were revoked too."""
        columns = [c for c in _COLUMNS if c.name != "id"]
        with self._engine.connect() as connection:
            rows = connection.execute(select(*columns).order_by(KeyRow.id)).mappings()
            times = ("created", "used", "expires", "revoked")
            return [Key(**{**row, **{name: _utc(row[name]) for name in times}}) for row in rows]

    def active(self) -> list[Key]:
        now = dt.datetime.now(dt.UTC)
        return [key for key in self.all() if key.state(now) == "active"]

    @repeated
    def revoke(self, public: str) -> bool:
        """Whether there was such a key that was not revoked before."""
        this = (KeyRow.public == public) & KeyRow.revoked.is_(None)
        with self._engine.begin() as connection:
            now = dt.datetime.now(dt.UTC)
            return connection.execute(update(KeyRow).where(this).values(revoked=now)).rowcount > 0

    @repeated
    def mark_used(self, used: dict[str, dt.datetime]) -> None:
        """When keys, by their public part, were last shown to the service."""
        with self._engine.begin() as connection:
            for public, when in used.items():
                connection.execute(update(KeyRow).where(KeyRow.public == public).values(used=when))


def public_part(presented: str) -> str | None:
    """None where it has not the form of a key."""
    found = _FORM.fullmatch(presented)
    return found[1] if found else None


def digest(presented: str) -> str:
    return hashlib.sha256(presented.encode("utf-8", "surrogatepass")).hexdigest()


def _utc(when: dt.datetime | None) -> dt.datetime | None:
    """SQLite gives back times without their zone."""
    return None if when is None else when.replace(tzinfo=dt.UTC)

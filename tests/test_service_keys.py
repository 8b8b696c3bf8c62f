"""API keys: made, listed and revoked; nothing at rest from which one could be had back."""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from cli import app
from commands.context import Session
from db.home import Home
from db.keys import SCOPES, digest, public_part
from db.migrations import STEPS, migrate
from db.store import Store
from errors import QueryError
from tests.postgres_samples import both

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


def run(home: Home, *arguments: str) -> str:
    done = CliRunner().invoke(
        app, ["--home", str(home.path), "key", *arguments], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_key_is_shown_once_and_only_its_digest_is_on_the_disk(home: Home, store: Store) -> None:
    key = run(home, "create", "shop", "--scope", "tag").strip()
    prefix, public, secret = key.split("_")
    assert prefix == "pdx"
    assert len(secret) * math.log2(62) >= 256
    assert public in run(home, "list")
    store.close()
    held = b"".join(file.read_bytes() for file in home.path.rglob("*") if file.is_file())
    assert secret.encode() not in held
    assert digest(key).encode() in held


def test_scopes_hold_those_below_them(store: Store) -> None:
    made = {scope: store.keys.create(scope, scope)[1] for scope in SCOPES}
    table = {name: [key.allows(scope) for scope in SCOPES] for name, key in made.items()}
    assert table == {
        "read": [True, False, False],
        "tag": [True, True, False],
        "write": [True, True, True],
    }


def test_only_the_whole_key_is_taken(store: Store) -> None:
    presented, key = store.keys.create("shop", "read")
    assert key.is_of(presented)
    assert public_part(presented) == key.public
    for wrong in (presented[:-1], presented + "x", presented.swapcase(), key.digest, ""):
        assert not key.is_of(wrong)
        assert public_part(wrong) is None or wrong == presented
    assert not key.is_of(store.keys.create("other", "write")[0])


@both
def test_revoked_and_expired_keys_are_no_longer_active(home: Home, store: Store) -> None:
    run(home, "create", "a day", "--expires", "1d")
    key = json.loads(run(home, "create", "for ever", "--json"))
    assert "is revoked" in run(home, "revoke", "for ever")
    [day, ever] = store.keys.all()
    assert (day.name, ever.public) == ("a day", key["id"])
    assert ever.state(NOW) == "revoked"
    assert day.expires is not None
    assert day.state(day.expires) == "expired"
    assert day.state(day.expires - dt.timedelta(seconds=1)) == "active"
    assert [one.name for one in store.keys.active()] == ["a day"]


@both
def test_when_a_key_was_last_used_is_kept(home: Home, store: Store) -> None:
    _, key = store.keys.create("shop", "read")
    store.keys.mark_used({key.public: NOW, "unknown": NOW})
    assert store.keys.all()[0].used == NOW
    assert json.loads(run(home, "list", "--json"))["keys"][0]["used"].startswith("2026-06-01")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["create", " "], "is no name for a key"),
        (["create", "two\nlines"], "is no name for a key"),
        (["create", "shop"], "there is a key 'shop'"),
        (["create", "x", "--expires", "soon"], "no day"),
        (["create", "x", "--expires", "2020-01-01"], "that day is over"),
        (["revoke", "nobody"], "there is no key 'nobody'"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    home: Home, store: Store, arguments: list[str], message: str
) -> None:
    store.keys.create("shop", "read")
    with pytest.raises(QueryError, match=message):
        CliRunner().invoke(
            app, ["key", *arguments], obj=Session(home.path, (), True), catch_exceptions=False,
            standalone_mode=False, env={"PAIRDEX_HOME": str(home.path)},
        )  # fmt: skip


def test_an_older_home_gets_the_table(tmp_path: Path) -> None:
    with Store.open(tmp_path, create=True) as store:
        engine = store._engine
        with engine.begin() as connection:
            connection.execute(text("DROP TABLE service_keys"))
            connection.execute(text("ALTER TABLE items DROP COLUMN terms"))
            connection.execute(text("UPDATE schema_version SET version = 5"))
        assert migrate(engine, tmp_path / "pairdex.db") == len(STEPS) - 5
        assert store.keys.create("shop", "read")[1] in store.keys.all()

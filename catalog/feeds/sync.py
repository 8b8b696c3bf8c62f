"""Linking a table, and fetching it again: what was there stays until better has come whole."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from catalog.feeds.checking import Checked, check
from catalog.feeds.content import as_table, from_file
from catalog.feeds.fetch import fetch, is_address, shown
from db.links import Copy, Link, LinkState
from db.store import Store
from db.zones import zone_of
from errors import CatalogError, QueryError
from progress import Progress, silent
from settings import LinksSettings

Outcome = Literal["changed", "unchanged", "failed"]


@dataclass(frozen=True)
class Synced:
    state: LinkState  # after the visit
    outcome: Outcome


def link_table(
    store: Store, link: Link, settings: LinksSettings, now: dt.datetime | None = None
) -> LinkState:
    """Link a table; where its source cannot be had or used, nothing changes and it is an error."""
    if link.kind != "stores":
        _require_column(store, link.on)
        link = replace(link, key=link.key or link.on)
    copy, checked = _obtain(link, None, settings)
    assert checked is not None
    store.links.replace(link, copy, checked.rows, checked.problems, now or dt.datetime.now(dt.UTC))
    state = store.links.get(link.name)
    assert state is not None
    return state


def _require_column(store: Store, on: str) -> None:
    known = sorted({"id", "name", *store.field_kinds()})
    if on not in known:
        has = ", ".join(known)
        raise QueryError(f"--on {on}", f"the catalog has no such column; it has {has}")


def sync_links(
    store: Store,
    settings: LinksSettings,
    names: Sequence[str] = (),
    *,
    due: bool = False,
    now: dt.datetime | None = None,
    progress: Progress = silent,
) -> list[Synced]:
    """Visit the sources of all links, of some, or of those whose time has come.

    One that fails keeps its rows, and the others are visited none the less.
    """
    now = now or dt.datetime.now(dt.UTC)
    states = {state.link.name: state for state in store.links.all()}
    for name in names:
        if name not in states:
            known = ", ".join(states) or "none"
            raise QueryError(f"no link has the name {name}", f"there are {known}")
    chosen = [states[name] for name in names] if names else list(states.values())
    chosen = [state for state in chosen if not due or state.due(now)]
    done: list[Synced] = []
    for state in chosen:
        progress("links", len(done), len(chosen), state.link.name)
        outcome = _visit(store, state, settings, now)
        after = store.links.get(state.link.name)
        if after is not None:  # else unlinked meanwhile
            done.append(Synced(after, outcome))
    progress("links", len(chosen), len(chosen))
    return done


def _visit(store: Store, state: LinkState, settings: LinksSettings, now: dt.datetime) -> Outcome:
    link = state.link
    try:
        copy, checked = _obtain(link, state.copy, settings)
    except CatalogError as error:
        store.links.failed(link.name, now, str(error))
        return "failed"
    if checked is None:
        store.links.unchanged(link.name, now, copy)
        return "unchanged"
    store.links.replace(link, copy, checked.rows, checked.problems, now)
    return "changed"


def _obtain(link: Link, known: Copy | None, settings: LinksSettings) -> tuple[Copy, Checked | None]:
    """The content of a source; no rows where it is what is `known`."""
    most = settings.max_mb << 20
    zone = zone_of(settings.timezone)
    if is_address(link.source):
        fetched = fetch(link.source, known, settings)
    else:
        fetched = from_file(Path(link.source), most)
    if fetched is None:
        assert known is not None
        return known, None
    digest = hashlib.sha256(fetched.body).hexdigest()
    copy = Copy(digest, fetched.etag, fetched.modified)
    if known is not None and known.digest == digest:
        return copy, None
    with as_table(link.source, fetched, link.encoding, most) as table:
        return copy, check(table, link, shown(link.source), zone, settings.max_bad)

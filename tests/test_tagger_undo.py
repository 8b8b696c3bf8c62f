"""What a run wrote is put back byte by byte, and only where nobody changed it since."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from db.home import Home
from db.journal import Journal
from db.store import Store
from errors import QueryError
from settings import Settings
from tagger import embedded, files, writing, xmp
from tagger.outputs import Outputs, Planned
from tagger.undo import runs, undo
from tests.fakes import FakeEncoder
from tests.tagger_samples import ALL, Room, paint, pixels, state

pytest.importorskip("exiv2")


@pytest.fixture
def room(home: Home, store: Store, encoder: FakeEncoder, settings: Settings) -> Room:
    return Room(home, store, encoder, settings)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    for form, colour in (("png", "red"), ("jpg", "green"), ("webp", "blue")):
        paint(folder / f"a.{form}", colour, 0, {"jpg": "JPEG"}.get(form, form.upper()))
    return folder


def test_every_file_is_again_what_it_was(room: Room, inbox: Path) -> None:
    theirs = xmp.new(["holiday"])
    (inbox / "a.png.xmp").write_bytes(theirs)
    (inbox / "a.png.txt").write_text("old words")
    os.utime(inbox / "a.jpg", ns=(10**18, 10**18))
    (inbox / "a.jpg").chmod(0o640)
    before = state(inbox)
    _, report = room.tag(inbox, outputs=Outputs(ALL, embed=True, force=True))
    assert report.written == {"embedded": 3, "json": 3, "txt": 3, "xmp": 3}
    assert (inbox / "a.jpg").stat().st_mode & 0o777 == 0o640
    assert (inbox / "a.jpg").stat().st_mtime_ns != 10**18
    assert xmp.keywords((inbox / "a.png.xmp").read_bytes(), "x") == ["holiday", "red"]
    after = state(inbox)
    looked = undo(room.home, "last", dry_run=True)
    assert (state(inbox), looked.restored, looked.removed) == (after, 5, 7)
    done = undo(room.home, str(report.run))
    assert (done.restored, done.removed, done.left) == (5, 7, [])
    assert state(inbox) == before
    assert (inbox / "a.jpg").stat().st_mtime_ns == 10**18
    assert (inbox / "a.jpg").stat().st_mode & 0o777 == 0o640
    with pytest.raises(QueryError, match="nothing to undo"):
        undo(room.home, "last")
    _, again = room.tag(inbox, outputs=Outputs(("json",)))
    assert again.tagged == 3  # what was put back is not taken for done


def test_a_file_that_changed_since_is_left_and_told(room: Room, inbox: Path) -> None:
    room.tag(inbox, outputs=Outputs(("txt",), embed=True))
    (inbox / "a.png.txt").write_text("mine now")
    (inbox / "a.jpg.txt").unlink()
    paint(inbox / "a.webp", "red", 5, "WEBP")
    kept = (inbox / "a.webp").read_bytes()
    done = undo(room.home, "last")
    assert {(Path(path).name, why) for path, why in done.left} == {
        ("a.png.txt", "it was changed since"),
        ("a.webp", "it was changed since"),
    }
    assert (inbox / "a.png.txt").read_text() == "mine now"
    assert (inbox / "a.webp").read_bytes() == kept
    assert (done.restored, done.removed) == (2, 1)


def test_runs_are_undone_one_by_one_the_later_first(room: Room, inbox: Path) -> None:
    before = state(inbox)
    room.tag(inbox / "a.png", outputs=Outputs(embed=True))
    between = state(inbox)
    room.tag(inbox, outputs=Outputs(("json",), embed=True))
    assert [(run.id, run.changes, run.command) for run in runs(room.home)] == [
        (2, 5, "--sidecar json --write"),
        (1, 1, "--write"),
    ]
    undo(room.home, "last")
    assert state(inbox) == between
    undo(room.home, "last")
    assert state(inbox) == before


def test_keywords_that_are_ours_go_when_the_model_no_longer_gives_them(
    room: Room, inbox: Path
) -> None:
    image = inbox / "a.png"
    image.write_bytes(embedded.with_keywords(image.read_bytes(), ["holiday", "green"], [], "x"))
    outputs = Outputs(("xmp",), embed=True)
    room.tag(image, outputs=outputs)
    assert embedded.keywords(image.read_bytes()) == ["holiday", "green", "red"]
    room.encoder.tags = ("green", "blue", "teal")  # another model sees another colour
    before = pixels(image)
    room.tag(image, outputs=Outputs(("xmp",), embed=True, force=True))
    assert embedded.keywords(image.read_bytes()) == ["holiday", "green"]
    assert xmp.keywords((inbox / "a.png.xmp").read_bytes(), "x") == ["green"]
    assert pixels(image) == before


@pytest.mark.parametrize("made", [True, False])
def test_a_process_that_dies_amid_a_change_leaves_the_old_file_or_the_new(
    room: Room, inbox: Path, monkeypatch: pytest.MonkeyPatch, made: bool
) -> None:
    """Killed right before or right after the second of three files takes its name."""
    before, count = state(inbox), 0
    write = writing._write

    def dying(file: Planned) -> None:
        nonlocal count
        count += 1
        if count < 2:
            write(file)
            return
        if made:
            write(file)
        else:
            Path(files.partial(file.path)).write_bytes(b"half")
        # Nothing of the run's own tidying may help: a killed process tidies nothing.
        monkeypatch.setattr(Journal, "finish", lambda *_: None)
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, "_write", dying)
    with pytest.raises(KeyboardInterrupt):
        room.tag(inbox, outputs=Outputs(embed=True))
    monkeypatch.undo()
    changed = [name for name, data in state(inbox).items() if before.get(name) != data]
    assert len(changed) == 2
    done = undo(room.home, "last")
    assert (done.restored, done.left) == (2 if made else 1, [])
    assert state(inbox) == before


def test_read_only_files_hard_links_and_other_formats_are_told_and_left(
    room: Room, inbox: Path
) -> None:
    (inbox / "a.png").chmod(0o444)
    (inbox / "b.jpg").hardlink_to(inbox / "a.jpg")
    paint(inbox / "c.gif", "red", 0, "GIF")
    target = paint(inbox / "deep/real.png", "red")
    (inbox / "link.png").symlink_to(target)
    before = state(inbox)
    answers, report = room.tag(
        *(inbox / n for n in ("a.png", "a.jpg", "b.jpg", "c.gif", "link.png")),
        outputs=Outputs(embed=True),
    )
    errors = [str(answer.error) for answer in answers[:4]]
    for error, sign in zip(
        errors, ("is read-only", "has 2 names", "has 2 names", "JPEG, PNG and WebP"), strict=True
    ):
        assert sign in error
    assert report.written == {"embedded": 1}
    assert (inbox / "link.png").is_symlink()
    assert embedded.keywords(target.read_bytes()) == ["red"]
    after = state(inbox)
    assert {name for name in after if after[name] != before[name]} == {"deep/real.png", "link.png"}

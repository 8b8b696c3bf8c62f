"""Folders and lists: what is taken, what is done again, and whose sidecars they are."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from db.home import Home
from db.store import Store
from errors import HomeError, QueryError
from settings import Settings
from tagger import xmp
from tagger.gather import gather, listed
from tagger.hashtags import hashtags
from tagger.outputs import Outputs
from tests.fakes import FakeEncoder
from tests.tagger_samples import ALL, Room, paint, state


@pytest.fixture
def room(home: Home, store: Store, encoder: FakeEncoder, settings: Settings) -> Room:
    return Room(home, store, encoder, settings)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """Three pictures, one of them deeper, and a note."""
    folder = tmp_path / "inbox"
    for number, colour in enumerate(["red", "green", "blue"]):
        paint(folder / ("deep" if number == 2 else "") / f"{number}.png", colour)
    (folder / "note.md").write_text("no picture")
    return folder


def test_a_folder_is_taken_in_the_order_of_names_and_all_of_it_is_counted(inbox: Path) -> None:
    (inbox / "loop").symlink_to(inbox)
    inputs = gather([inbox, inbox / "1.png", inbox / ".." / "inbox" / "0.png"])
    assert [file.name for file in inputs.files] == ["0.png", "1.png", "2.png"]
    assert (inputs.others, inputs.repeated) == (1, 2)
    assert [file.name for file in gather([inbox], recursive=False).files] == ["0.png", "1.png"]


def test_a_folder_that_cannot_be_read_is_an_input_that_failed(room: Room, inbox: Path) -> None:
    inputs = gather([inbox])
    inputs.unreadable.append((str(inbox / "shut"), "permission denied"))
    answers, report = room.tag_inputs(inputs, Outputs())
    assert (report.tagged, report.failed) == (3, 1)
    assert "shut cannot be read: permission denied" in str(answers[0].error)


def test_a_list_holds_a_path_a_line_or_paths_with_newlines_and_any_bytes() -> None:
    assert listed(b"\xef\xbb\xbfa.png\r\nb b.png\n\n", "x") == [Path("a.png"), Path("b b.png")]
    odd = listed(b"new\nline.png\0caf\xe9.png\0", "x")
    assert list(map(os.fsencode, odd)) == [b"new\nline.png", b"caf\xe9.png"]
    with pytest.raises(QueryError, match="names no file"):
        listed(b"\n", "x")


def test_each_image_has_its_own_sidecars_and_they_say_what_it_was_given(
    room: Room, tmp_path: Path
) -> None:
    one, other = (
        paint(tmp_path / "in/a.png", "red"),
        paint(tmp_path / "in/a.jpg", "blue", 0, "JPEG"),
    )
    answers, report = room.tag(one.parent, outputs=Outputs(ALL, hashtags=True))
    assert report.written == {"json": 2, "txt": 2, "xmp": 2}
    assert len(state(one.parent)) == 8
    for image, colour in ((one, "red"), (other, "blue")):
        body = json.loads(image.with_name(f"{image.name}.json").read_text())
        assert [given["tag"] for given in body["tags"]] == [colour]
        assert body["image"] == image.name
        text = image.with_name(f"{image.name}.txt").read_text()
        assert text == f"{colour}\n#{colour}\n"
        told = image.with_name(f"{image.name}.xmp").read_bytes()
        assert xmp.keywords(told, "x") == [colour]
    assert {len(answer.written) for answer in answers} == {3}


def test_what_is_done_is_not_done_again_and_what_changed_is(room: Room, inbox: Path) -> None:
    outputs = Outputs(ALL)
    room.tag(inbox, outputs=outputs)
    before, room.encoder.seen_images = state(inbox), 0
    _, again = room.tag(inbox, outputs=outputs)
    assert (again.tagged, again.unchanged, again.written, again.run) == (0, 3, {}, None)
    assert (state(inbox), room.encoder.seen_images) == (before, 0)
    paint(inbox / "0.png", "green")
    (inbox / "1.png.txt").unlink()
    paint(inbox / "3.png", "red")
    _, third = room.tag(inbox, outputs=outputs)
    assert (third.tagged, third.unchanged, room.encoder.seen_images) == (3, 1, 3)
    assert (inbox / "0.png.txt").read_text() == "green\n"
    assert (inbox / "1.png.txt").read_text() == "green\n"


def test_other_options_another_index_and_force_look_at_every_image_again(
    room: Room, inbox: Path
) -> None:
    room.tag(inbox, outputs=Outputs(("txt",)))
    for outputs in (Outputs(("txt", "json")), Outputs(("txt",), force=True)):
        _, report = room.tag(inbox, outputs=outputs)
        assert (report.tagged, report.unchanged) == (3, 0)


def test_who_reads_the_answers_gets_all_of_them(room: Room, inbox: Path) -> None:
    room.tag(inbox, outputs=Outputs(("txt",)))
    answers, report = room.tag(inbox, outputs=Outputs(("txt",)), whole=True)
    assert [len(answer.tags) for answer in answers] == [1, 1, 1]
    assert report.written == {}


def test_sidecars_of_others_are_left_and_told_unless_forced(room: Room, inbox: Path) -> None:
    room.tag(inbox / "0.png", outputs=Outputs(("txt", "json")))
    (inbox / "0.png.txt").write_text("my own words\n")
    (inbox / "1.png.json").write_text('{"mine": true}')
    answers, report = room.tag(inbox, outputs=Outputs(("txt", "json")))
    assert (inbox / "0.png.txt").read_text() == "my own words\n"
    assert (inbox / "1.png.json").read_text() == '{"mine": true}'
    assert [bool(answer.error) for answer in answers] == [True, True, False]
    assert "0.png.txt is left as it is" in str(answers[0].error)
    assert (inbox / "1.png.txt").read_text() == "green\n"  # the other output is written
    assert report.failed == 2
    _, forced = room.tag(inbox, outputs=Outputs(("txt", "json"), force=True))
    assert forced.failed == 0
    assert (inbox / "0.png.txt").read_text() == "red\n"


def test_a_dry_run_names_the_files_and_touches_nothing(room: Room, inbox: Path) -> None:
    before = state(inbox)
    answers, report = room.tag(inbox, outputs=Outputs(ALL, embed=True, dry_run=True))
    assert [len(answer.written) for answer in answers] == [4, 4, 4]
    assert state(inbox) == before
    assert (report.run, report.written) == (None, {})
    _, after = room.tag(inbox, outputs=Outputs(ALL, embed=True))
    assert after.written == {"embedded": 3, "json": 3, "txt": 3, "xmp": 3}


def test_bad_files_are_told_one_line_each_and_the_others_are_done(room: Room, inbox: Path) -> None:
    (inbox / "empty.png").touch()
    (inbox / "cut.png").write_bytes((inbox / "0.png").read_bytes()[:60])
    (inbox / "self.png").symlink_to(inbox / "self.png")
    os.mkfifo(inbox / "pipe.png")
    odd = Path(os.fsdecode(os.fsencode(inbox) + b"/caf\xe9\nline.png"))
    paint(odd, "red")
    gone = paint(inbox / "gone.png", "red")
    inputs = gather([inbox])
    gone.unlink()
    answers, report = room.tag_inputs(inputs, Outputs(ALL))
    errors = {Path(a.path).name: a.error for a in answers if a.error}
    assert sorted(errors) == ["cut.png", "empty.png", "gone.png", "pipe.png", "self.png"]
    assert all(len(str(error).splitlines()) == 1 for error in errors.values())
    assert (report.tagged, report.failed) == (4, 5)
    for kind in ALL:
        assert odd.with_name(f"{odd.name}.{kind}").is_file()


def test_a_folder_that_cannot_be_written_costs_only_its_own_images(room: Room, inbox: Path) -> None:
    # In place of a folder without permission, which root may write: a name that is taken.
    (inbox / "0.png.txt").mkdir()
    long = paint(inbox / f"{'x' * 250}.png", "red")
    answers, report = room.tag(inbox, outputs=Outputs(("txt",)))
    errors = [str(answer.error) for answer in answers if answer.error]
    assert report.failed == 2
    assert "is not a regular file" in errors[0]
    assert "too long" in errors[1]
    assert str(long) in errors[1]
    assert (inbox / "1.png.txt").read_text() == "green\n"


def test_a_full_disk_ends_the_run_and_nothing_is_half_written(room: Room) -> None:
    if os.geteuid():
        pytest.skip("mounting needs root")
    with small_disk() as disk:
        for number in range(40):
            paint(disk / f"{number:02}.png", "red", number)
        room_left = os.statvfs(disk)
        (disk / "ballast").write_bytes(b"x" * (room_left.f_bavail - 10) * room_left.f_bsize)
        with pytest.raises(HomeError, match="no space left"):
            room.tag(disk, outputs=Outputs(("json",)))
        written = sorted(disk.glob("*.json"))
        assert 0 < len(written) < 40
        for file in written:
            json.loads(file.read_text())
        assert not list(disk.glob(".pairdex-*"))
        (disk / "ballast").unlink()
        _, report = room.tag(disk, outputs=Outputs(("json",)))
        assert report.tagged + report.unchanged == 40
        assert len(list(disk.glob("*.json"))) == 40
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        with pytest.raises(HomeError, match="read-only") as caught:
            room.tag(disk, outputs=Outputs(("txt",)))
        assert "a disk that can be written" in caught.value.remedy


class small_disk:  # noqa: N801  # a context manager, used as a function
    """A file system of 400 kB."""

    def __enter__(self) -> Path:
        self._folder = Path(tempfile.mkdtemp())
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", self._folder], capture_output=True
        )
        if done.returncode:
            pytest.skip("a file system cannot be mounted here")
        return self._folder

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", self._folder], check=True)
        self._folder.rmdir()


def test_two_runs_that_write_do_not_meet_and_one_that_reads_may(room: Room, inbox: Path) -> None:
    with room.home.locked("tag", "tagging.lock"):
        with pytest.raises(HomeError, match="is locked"):
            room.tag(inbox, outputs=Outputs(("txt",)))
        _, report = room.tag(inbox, outputs=Outputs())
    assert report.tagged == 3


@pytest.mark.parametrize(
    ("tags", "line"),
    [
        (["sea lion", "fire", "Fire", "sea-lion"], "#SeaLion #fire"),
        (["파란 물고기", "초록"], "#파란물고기 #초록"),
        (["2024", "c'est ça", "  ", "a&b"], "#CestÇa #AB"),
        (["हिन्दी"], "#हिन्दी"),
    ],
)
def test_hashtags_hold_letters_of_any_script_and_none_twice(tags: list[str], line: str) -> None:
    assert hashtags(tags, 10) == line


def test_hashtags_are_joined_where_that_is_wanted_and_at_most_so_many() -> None:
    assert hashtags(["Sea Lion", "fire", "ice"], 2, "joined") == "#sealion #fire"


def test_the_stream_keeps_the_order_whatever_cannot_be_read(room: Room, tmp_path: Path) -> None:
    files = []
    for number in range(60):
        file = paint(tmp_path / f"s/{number:02}.png", ["red", "green", "blue"][number % 3])
        if number // 8 in (1, 3) or number == 20:  # whole batches, and one amid others
            file.write_bytes(b"nothing")
        files.append(file)
    for expected in (1, 60, 1000):
        answers = list(room.tagger.stream(iter(files), expected))
        assert [answer.path for answer in answers] == list(map(str, files))
        bad = [n for n, answer in enumerate(answers) if answer.error]
        assert bad == [*range(8, 16), 20, *range(24, 32)]

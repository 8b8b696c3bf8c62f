"""Files of a watched folder: taken when they are whole, once, however they came."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.homes import make_home
from benchmarks.photos import cheap
from db.home import Home
from errors import QueryError
from tagger.watch import Arrivals
from tests.encoder_samples import tiny_artifact
from tests.tagger_samples import paint

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 120.0  # seconds until a test that waits in vain gives up


@contextmanager
def watching(folder: Path, settle: float = 0.05, rescan: float = 600.0) -> Iterator[Arrivals]:
    """Ends by itself when nothing comes that ought to."""
    with Arrivals(folder, True, settle, rescan) as arrivals:
        timer = threading.Timer(PATIENCE, arrivals.stop)
        timer.start()
        try:
            yield arrivals
        finally:
            timer.cancel()


def take(news: Iterator[list[Path]], wanted: set[str]) -> list[str]:
    """File names in the order in which they came, until all that are wanted were among them."""
    came: list[str] = []
    for files in news:
        came += [file.name for file in files]
        if wanted <= set(came):
            return came
    raise AssertionError(f"only {came} came")


def test_what_is_there_comes_first_and_then_what_is_moved_in_or_written(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    paint(inbox / "there.png", "red")
    aside = paint(tmp_path / "aside.png", "blue")
    with watching(inbox) as arrivals:
        news = iter(arrivals)
        assert take(news, {"there.png"}) == ["there.png"]
        aside.rename(inbox / "moved.png")
        assert take(news, {"moved.png"}) == ["moved.png"]
        paint(inbox / "written.png", "green")
        assert take(news, {"written.png"}) == ["written.png"]


def test_a_file_that_is_being_written_waits_for_its_writer(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    data = paint(tmp_path / "whole.png", "red").read_bytes()
    inbox.mkdir()
    with watching(inbox) as arrivals:
        news = iter(arrivals)
        with (inbox / "slow.png").open("wb") as slow:
            slow.write(data[:40])
            slow.flush()
            # Others come in between, some time after the half file would have settled.
            for number in range(5):
                paint(inbox / f"{number}.png", "green", number)
                assert take(news, {f"{number}.png"}) == [f"{number}.png"]
            slow.write(data[40:])
        assert take(news, {"slow.png"}) == ["slow.png"]
        assert (inbox / "slow.png").read_bytes() == data


def test_a_file_is_taken_under_its_last_name_and_not_when_it_is_gone(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    with watching(inbox) as arrivals:
        news = iter(arrivals)
        paint(inbox / "upload.part", "red", form="PNG").rename(inbox / "a.png")
        paint(inbox / "gone.png", "red").unlink()
        (inbox / "a.png").rename(inbox / "b.png")
        (inbox / "note.txt").write_text("no picture")
        paint(inbox / "last.png", "red", 1)
        came = take(news, {"b.png", "last.png"})
        assert "gone.png" not in came
        assert "note.txt" not in came


def test_a_folder_that_is_moved_in_brings_its_files(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for number in range(3):
        paint(tmp_path / "album" / "deep" / f"{number}.png", "red", number)
    with watching(inbox) as arrivals:
        news = iter(arrivals)
        (tmp_path / "album").rename(inbox / "album")
        take(news, {"0.png", "1.png", "2.png"})
        os.link(inbox / "album/deep/0.png", inbox / "linked.png")
        assert take(news, {"linked.png"}) == ["linked.png"]


def test_a_file_comes_again_only_when_it_has_changed(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    paint(inbox / "a.png", "red")
    with watching(inbox, rescan=0.01) as arrivals:  # looks at the whole folder all the time
        news = iter(arrivals)
        assert take(news, {"a.png"}) == ["a.png"]
        (inbox / "a.png").chmod(0o600)
        paint(inbox / "b.png", "red")
        assert take(news, {"b.png"}) == ["b.png"]
        paint(inbox / "a.png", "blue")
        assert take(news, {"a.png"})[-1] == "a.png"


def test_a_look_at_the_whole_folder_finds_what_nobody_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Arrivals, "_take", _deaf(Arrivals._take))
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    with watching(inbox, rescan=0.05) as arrivals:
        paint(inbox / "quiet.png", "red")
        assert take(iter(arrivals), {"quiet.png"}) == ["quiet.png"]


def _deaf(real: Callable[..., None]) -> Callable[..., None]:
    """News of the system are lost; those of the look at the folder are not."""

    def take(self: Arrivals, what: str, path: str) -> None:
        if sys._getframe(1).f_code.co_name == "_look":
            real(self, what, path)

    return take


def test_a_folder_that_is_none_or_goes_away_is_told(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="cannot be watched"):
        Arrivals(tmp_path / "none", True, 1.0, 1.0)
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    with watching(inbox, rescan=0.05) as arrivals:
        news = iter(arrivals)
        inbox.rmdir()
        with pytest.raises(QueryError, match="is gone"):
            next(news)


# -- the real command -----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_command_writes_sidecars_until_it_is_told_to_end(
    tmp_path: Path, ending: signal.Signals
) -> None:
    model = tiny_artifact(tmp_path / "model")
    home = make_home(tmp_path / "home", model, cheap(tmp_path / "catalog", 4))
    inbox = tmp_path / "inbox"
    first, second, third = cheap(tmp_path / "made", 3, start=50)
    inbox.mkdir()
    first.rename(inbox / "first.jpg")
    with _command(home, inbox) as process:
        _wait(process, "1 tagged")
        second.rename(inbox / "second.jpg")
        _wait(process, "2 tagged")
        (inbox / "broken.jpg").write_bytes(b"no picture")
        _wait(process, "1 failed")
        process.send_signal(ending)
        out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "2 tagged, 1 failed" in out.decode()
    third.rename(inbox / "third.jpg")  # while nobody watches
    with _command(home, inbox) as process:
        _wait(process, "1 tagged")
        process.send_signal(ending)
        out, _ = process.communicate(timeout=PATIENCE)
    assert "1 tagged, 2 unchanged, 1 failed" in out.decode()
    for name in ("first", "second", "third"):
        body = json.loads((inbox / f"{name}.jpg.json").read_text())
        assert body["image"] == f"{name}.jpg"


@contextmanager
def _command(home: Home, inbox: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, str(ROOT / "cli.py"), "--home", str(home.path)]
    process = subprocess.Popen(
        [*command, "tag", "--watch", str(inbox), "--sidecar", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _wait(process: subprocess.Popen[bytes], text: str) -> None:
    """Until its stderr says so."""
    assert process.stderr is not None
    said = b""
    while text.encode() not in said:
        ready, _, _ = select.select([process.stderr], [], [], PATIENCE)
        part = os.read(process.stderr.fileno(), 4096) if ready else b""
        assert part, said.decode()
        said += part

"""Heads learn from answers, are published only where they are better, and can be taken back."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from db import generations
from db.home import Home
from db.judgements import Judgement
from db.store import Store
from encoder import artifact as artifacts
from encoder.artifact import Artifact, Refit
from encoder.heads import Heads
from errors import ModelError, QueryError
from evaluation.report import Figure
from review import Answers, publishing
from review import refit as refitting
from review.judging import Change
from review.learning import Lessons, learn
from review.lessons import amended, gather, tag_answers
from review.refit import refit, undo
from settings import Settings
from tests.refit_samples import HeadedEncoder, bare_artifact, learning_home


@pytest.fixture
def learning(
    home: Home, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Store]:
    monkeypatch.setattr(refitting, "OpenVinoEncoder", HeadedEncoder)
    with learning_home(home, tmp_path / "squares", settings) as store:
        yield store


def answer(store: Store, count: int = 16, right: bool = True) -> None:
    """About green, of train items: what is there to be seen, or the contrary."""
    items = list(store.items("train"))[:count]
    for item in items:
        green = "green" in item.captions[0].text
        Answers(store).tell_tag("green", "yes" if green is right else "no", item=item.key)


def test_right_answers_teach_what_the_model_had_never_seen(
    learning: Store, home: Home, settings: Settings
) -> None:
    before = HeadedEncoder(home.artifact)
    answer(learning)
    outcome = refit(home, settings)
    assert outcome.published, outcome.refused
    assert outcome.tags == ("green",)
    assert outcome.figures["val.head.macro_mAP"].change.value > 0.1
    assert outcome.figures["corrections.likelihood"].change.value > 0.1
    after = HeadedEncoder(home.artifact)
    vectors = generations.open_current(home.generations).images.vectors.astype(np.float32)
    is_green = vectors[:, 1] > 0.5
    assert after.tags_of(vectors)[is_green, 1].min() > after.tags_of(vectors)[~is_green, 1].max()
    assert (after.tags_of(vectors)[:, [0, 2]] == before.tags_of(vectors)[:, [0, 2]]).all()
    assert after.artifact.embedding_fingerprint == before.artifact.embedding_fingerprint
    assert after.artifact.fingerprint != before.artifact.fingerprint
    assert after.artifact.tagging is not None


def test_wrong_answers_are_refused_and_the_model_stays(
    learning: Store, home: Home, settings: Settings
) -> None:
    before = (home.artifact / "artifact.json").read_bytes()
    answer(learning, right=False)
    outcome = refit(home, settings)
    assert not outcome.published
    assert any("would go from" in line for line in outcome.refused)
    assert (home.artifact / "artifact.json").read_bytes() == before
    assert not list(home.artifact.glob("heads-*"))


def test_a_dry_run_tells_and_changes_nothing(
    learning: Store, home: Home, settings: Settings
) -> None:
    before = (home.artifact / "artifact.json").read_bytes()
    answer(learning)
    outcome = refit(home, settings, dry_run=True)
    assert outcome.better == ["tags"]
    assert not outcome.published
    assert (home.artifact / "artifact.json").read_bytes() == before


def test_without_answers_nothing_is_learnt_and_twice_the_same_is_told(
    learning: Store, home: Home, settings: Settings
) -> None:
    outcome = refit(home, settings)
    assert (outcome.published, outcome.answers) == (False, 0)
    assert "no tag has two answers" in outcome.refused[0]
    answer(learning)
    assert refit(home, settings).published
    with pytest.raises(QueryError, match="nothing new to learn"):
        refit(home, settings)


def test_refits_are_undone_one_by_one_or_several_at_once(
    learning: Store, home: Home, settings: Settings
) -> None:
    states = [artifacts.load(home.artifact)]
    for count in (12, 20, 28):
        answer(learning, count)
        outcome = refit(home, settings)
        assert outcome.published, outcome.refused
        states.append(artifacts.load(home.artifact))
        assert outcome.number == len(states) - 1
    assert undo(home) == states[2]
    assert HeadedEncoder(home.artifact).corrected is not None
    assert undo(home, 2) == states[0] == artifacts.load(home.artifact)
    assert list(home.artifact.glob("heads-*")) == []
    with pytest.raises(ModelError, match="no refit to undo"):
        undo(home)


def test_answers_about_the_split_that_judges_mend_what_it_judges_by(
    learning: Store, home: Home, settings: Settings
) -> None:
    items = list(learning.items("val"))
    for item in items[:4]:
        Answers(learning).tell_tag("green", "no", item=item.key)
    answers = learning.questions.answered()
    live = generations.open_current(home.generations)
    encoder = HeadedEncoder(home.artifact)
    material = gather(learning, live, encoder, home, answers, 0, 0)  # type: ignore[arg-type]
    assert not material.lessons.corrected.any()
    assert material.missing == 0
    said = tag_answers(answers)
    for item in items[:4]:
        assert "green" not in amended(item.tags, said[item.facts.content_hash])


def test_answers_about_other_images_are_learnt_from_and_lost_ones_are_counted(
    learning: Store, home: Home, tmp_path: Path
) -> None:
    from tests.tagger_samples import paint

    new = [paint(tmp_path / f"new{n}.png", "green", shade=n) for n in range(3)]
    for file in new:
        Answers(learning).tell_tag("green", "yes", image=file)
    new[2].unlink()
    answers = learning.questions.answered()
    live = generations.open_current(home.generations)
    encoder = HeadedEncoder(home.artifact)
    material = gather(learning, live, encoder, home, answers, 1, 0)  # type: ignore[arg-type]
    assert int(material.lessons.corrected.sum()) == 2
    assert int(material.fresh.sum()) == 1  # the first was known to the model in force
    assert material.missing == 1
    outside = material.lessons.corrected.any(axis=1)
    assert not material.lessons.known[outside][:, [c != 0 for c in range(1)]].any()


def test_judged_pairs_move_the_match_head(learning: Store, home: Home, settings: Settings) -> None:
    """Whoever asks for something fresh wants green, as the judgements say."""
    judgements = []
    for number, item in enumerate(list(learning.items("train"))[:60]):
        green = "green" in item.captions[0].text
        query = f"a green square {number % 12}"
        judgements.append(Judgement(item.key, query, green, {"text": query}, f"q{number}"))
    learning.judgements.add(judgements)
    outcome = refit(home, settings)
    assert outcome.pairs == 60
    assert "pairs.likelihood" in outcome.figures
    before = HeadedEncoder(home.artifact).trained_head
    if outcome.published:
        after = HeadedEncoder(home.artifact).head
        assert not np.allclose(before.out_weight, after.out_weight)
        assert undo(home).refit is None
    else:
        assert any(line.startswith("match: ") for line in outcome.refused)


# -- the parts ------------------------------------------------------------------------------


def test_a_correction_reaches_what_looks_alike_and_leaves_other_tags() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    truth = np.stack([vectors[:, 0] > 0, vectors[:, 1] > 0], axis=1)
    trained = np.stack([np.zeros(200), 9 * vectors[:, 1]], axis=1)
    corrected = np.zeros_like(truth)
    corrected[:60, 0] = True
    known = corrected.copy()
    known[:, 1] = True
    found = learn(Lessons(vectors, trained, truth, known, corrected))
    fresh = rng.normal(size=(300, 8))
    fresh /= np.linalg.norm(fresh, axis=1, keepdims=True)
    moved = fresh @ found.weight.T + found.bias
    assert ((moved[:, 0] > 0) == (fresh[:, 0] > 0)).mean() > 0.85
    assert np.abs(moved[:, 1]).mean() < np.abs(moved[:, 0]).mean()
    unseen = found.unseen[:60, 0]
    assert ((unseen > 0) == truth[:60, 0]).mean() > 0.75


@pytest.mark.parametrize(
    ("value", "low", "high", "fell"),
    [
        (0.02, -0.01, 0.05, False),
        (-0.004, -0.02, 0.01, False),
        (-0.006, -0.02, 0.01, True),
        (-0.002, -0.003, -0.001, True),
        (-0.0005, -0.001, -0.0001, False),
    ],
)
def test_a_figure_falls_by_more_than_is_allowed_or_for_sure(
    value: float, low: float, high: float, fell: bool
) -> None:
    assert Change(0.5, 0.5 + value, Figure(value, low, high)).fell is fell


# -- publishing -----------------------------------------------------------------------------

TOLD = Refit(file="", number=0, digest="d", turn=3, answers=5, pairs=0, created="")


def moved(value: float) -> Heads:
    heads = Heads.untouched(3, 16, 4)
    return dataclasses.replace(heads, tag_bias=np.full(3, value, np.float32))


@pytest.mark.parametrize("step", ["heads", "refits", "artifact.json"])
def test_a_refit_that_is_killed_leaves_the_model_whole(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed when a file is written and has not yet taken its name."""
    folder = tmp_path / "artifact"
    first = publishing.publish(folder, bare_artifact(folder), moved(1.0), None, TOLD)
    real = Path.replace

    def dying(self: Path, target: Path) -> Path:
        if step in str(target.relative_to(folder)):
            raise KeyboardInterrupt
        return real(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", dying)
        with pytest.raises(KeyboardInterrupt):
            publishing.publish(folder, first, moved(2.0), None, TOLD)
    assert artifacts.load(folder) == first
    assert first.refit is not None
    assert Heads.read(folder / first.refit.file).tag_bias[0] == 1.0
    second = publishing.publish(folder, first, moved(3.0), None, TOLD)
    assert len(list(folder.glob("heads-*"))) == 2  # what was left behind is gone
    assert not list(folder.rglob("*.part"))
    assert publishing.undo(folder) == first
    assert second.refit is not None
    assert second.refit.number == 2


def test_an_undo_that_would_leave_half_a_model_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "artifact"
    first = publishing.publish(folder, bare_artifact(folder), moved(1.0), None, TOLD)
    second = publishing.publish(folder, first, moved(2.0), None, TOLD)
    assert first.refit is not None
    (folder / first.refit.file).write_bytes(b"rot")
    with pytest.raises(ModelError, match="missing or damaged"):
        publishing.undo(folder)
    assert artifacts.load(folder) == second
    assert publishing.undo(folder, 2).refit is None


def test_the_heads_are_checked_like_every_file_of_the_model(tmp_path: Path) -> None:
    folder = tmp_path / "artifact"
    made = publishing.publish(folder, bare_artifact(folder), moved(1.0), None, TOLD)
    assert made.refit is not None
    assert made.refit.file in made.files
    (folder / made.refit.file).write_bytes(b"rot")
    with pytest.raises(ModelError, match="damaged"):
        artifacts.load(folder)


def test_an_artifact_of_before_has_no_refit(tmp_path: Path) -> None:
    made = bare_artifact(tmp_path / "artifact")
    raw = msgspec.json.decode(msgspec.json.encode(made))
    del raw["refit"]
    assert msgspec.convert(raw, Artifact) == made

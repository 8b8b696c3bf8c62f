"""What an evaluation says of encoders that are known to be perfect, random or blind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from db import generations
from db.home import Home
from errors import CatalogError, QueryError
from evaluation import Report, evaluate
from indexer.job import build_index
from settings import Settings, load_settings
from tests.evaluation_samples import TEST, KeyedEncoder, Kind, catalog

NAMES = {"free": "free text", "attributes": "attribute queries"}
DOCS = Path(__file__).resolve().parent.parent / "docs" / "evaluation.md"


def judged(folder: Path, kind: Kind, second_captions: bool = True, **options: object) -> Report:
    home, settings, encoder = Home(folder / "home"), defaults(), KeyedEncoder(kind)
    with catalog(home, folder / "pictures", second_captions) as store:
        build_index(home, store, encoder, settings)
        generation = generations.open_current(home.generations)
        return evaluate(store, generation, encoder, settings, **options)  # type: ignore[arg-type]


def defaults() -> Settings:
    return load_settings(environment={})


@pytest.fixture(scope="module")
def perfect(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return judged(tmp_path_factory.mktemp("perfect"), "perfect")


@pytest.fixture(scope="module")
def chance(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return judged(tmp_path_factory.mktemp("random"), "random", second_captions=False)


@pytest.fixture(scope="module")
def blind(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return judged(tmp_path_factory.mktemp("blind"), "blind")


@pytest.mark.parametrize("prefix", ["t2i", "t2i.all", "t2i.ko", "i2t", "i2t.all"])
def test_a_perfect_encoder_gets_full_marks(perfect: Report, prefix: str) -> None:
    for system in ("shortlist", "rerank"):
        for metric in ("R@1", "MRR", "nDCG@10", "median_rank"):
            assert perfect.figures[f"{prefix}.{system}.{metric}"].value == 1.0
    for name in ("match.random.auc", "match.mined.auc", "match.mined.f1", "tags.macro_mAP"):
        assert perfect.figures[name].value == 1.0
    assert perfect.n == TEST


@pytest.mark.parametrize("prefix", ["t2i", "t2i.all", "i2t", "i2t.all"])
@pytest.mark.parametrize("metric", ["R@10", "MRR"])
def test_a_random_encoder_is_at_chance(chance: Report, prefix: str, metric: str) -> None:
    expected = chance.figures[f"{prefix}.random.{metric}"].value
    for system in ("shortlist", "rerank"):
        found = chance.figures[f"{prefix}.{system}.{metric}"]
        assert found.low <= expected <= found.high


def test_a_random_encoder_cannot_tell_its_own_image_from_another(chance: Report) -> None:
    auc = chance.figures["match.random.auc"]
    assert auc.low <= 0.5 <= auc.high


@pytest.mark.parametrize("gallery", ["t2i", "t2i.all"])
def test_the_own_caption_does_not_help_to_find_an_unseen_image(blind: Report, gallery: str) -> None:
    """Every caption would find itself in this index; the gallery must not know it."""
    expected = blind.figures[f"{gallery}.random.R@10"].value
    for system in ("shortlist", "rerank"):
        found = blind.figures[f"{gallery}.{system}.R@10"]
        assert found.low <= expected <= found.high
    assert blind.figures["match.random.auc"].low < 0.6
    # Known by their images alone, the items of the split cannot answer their captions.
    assert blind.figures["no_match.false_refusals.captions"].value > 0.5


def test_words_do_not_meet_the_caption_they_were_taken_from(perfect: Report) -> None:
    """The word that only the query holds is found nowhere; what captions share still counts."""
    assert perfect.counts["free"] == TEST
    assert perfect.figures["free.words.R@1"].value == 1.0  # by the number, in the other caption
    assert perfect.figures["free.hybrid.R@1"].value == 1.0


def test_free_text_is_judged_by_what_is_left_of_an_item(chance: Report) -> None:
    """One caption per language: the number stands in the Korean one, the picture says nothing."""
    assert chance.figures["free.words.R@1"].value == 1.0
    assert chance.figures["free.image.R@1"].value < 0.2


@pytest.mark.parametrize("family", ["free", "attributes"])
def test_the_whole_search_is_held_against_each_channel(perfect: Report, family: str) -> None:
    figures = perfect.figures
    whole = figures[f"{family}.hybrid.nDCG@10"].value
    for channel in ("image", "caption", "words", "fused"):
        gain = figures[f"{family}.gain.{channel}.nDCG@10"]
        alone = figures[f"{family}.{channel}.nDCG@10"].value
        assert gain.value == pytest.approx(whole - alone, abs=2e-4)
    assert any(f"{NAMES[family]}: the whole search" in note for note in perfect.notes)


def test_what_is_not_wanted_is_left_out_where_words_tell_it(perfect: Report) -> None:
    assert perfect.figures["without.hybrid.nDCG@10"].value == 1.0
    assert perfect.figures["without.gain.ignored.nDCG@10"].low > 0


def test_image_queries_are_judged_beside_plain_likeness(perfect: Report) -> None:
    figures = perfect.figures
    assert perfect.counts["like"] == TEST
    assert figures["like.shortlist.nDCG@10"].value < 0.8  # this encoder sees no attribute
    gain = figures["like.hybrid.nDCG@10"].value - figures["like.shortlist.nDCG@10"].value
    assert figures["like.gain.shortlist.nDCG@10"].value == pytest.approx(gain, abs=2e-4)


def test_attribute_queries_are_answered_by_words(perfect: Report) -> None:
    assert perfect.counts["attributes"] == 12
    assert perfect.figures["attributes.words.nDCG@10"].value == 1.0
    assert perfect.figures["attributes.hybrid.P@5"].value == 1.0
    unseen = perfect.figures["attributes.unseen.shortlist.nDCG@10"]
    assert unseen.value < 0.7  # this encoder knows no attribute


def test_nonsense_is_refused_and_real_queries_are_not(perfect: Report) -> None:
    assert perfect.figures["no_match.refused"].value == 1.0
    assert perfect.figures["no_match.false_refusals"].value == 0.0


def test_a_rerank_that_adds_nothing_is_said_so(perfect: Report) -> None:
    assert any("re-ranking does not beat the shortlist" in note for note in perfect.notes)


def test_text_is_judged_beside_the_image(chance: Report, perfect: Report) -> None:
    figures = chance.figures
    assert figures["tags.text.macro_mAP"].value == 1.0
    assert figures["tags.gain.macro_mAP"].low > 0
    assert perfect.label == "type"
    assert figures["label.chance.accuracy"].value == pytest.approx(1 / 3, abs=1e-3)
    assert any("100% of the captions name the value" in note for note in perfect.notes)


@pytest.mark.parametrize("kind", ["perfect", "chance", "blind"])
def test_intervals_contain_their_value(kind: str, request: pytest.FixtureRequest) -> None:
    for name, figure in request.getfixturevalue(kind).figures.items():
        assert figure.low <= figure.value <= figure.high, name


def test_the_same_seed_gives_the_same_report(blind: Report, tmp_path: Path) -> None:
    again = judged(tmp_path, "blind")
    assert again.figures == blind.figures
    assert again.notes == blind.notes


def test_another_seed_draws_other_samples(chance: Report, tmp_path: Path) -> None:
    other = judged(tmp_path, "random", second_captions=False, seed=1)
    same = "t2i.rerank.R@10"
    assert other.figures[same].value == chance.figures[same].value
    assert other.figures["match.random.auc"] != chance.figures["match.random.auc"]


def test_every_figure_is_documented_and_every_documented_figure_exists(
    perfect: Report, chance: Report
) -> None:
    text = DOCS.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", text, re.MULTILINE)
    words = {
        "<system>": "(shortlist|rerank|random)",
        "<less>": "(hybrid|ignored)",
        "<pictures>": "(shortlist|hybrid|random)",
        "<channel>": "(image|caption|words|fused)",
        "<whole>": "(image|caption|words|fused|hybrid|random)",
        "<metric>": r"(R@1|R@5|R@10|MRR|nDCG@10|median_rank)",
        "<many>": r"(nDCG@10|P@5)",
        "<pairs>": "(random|mined)",
        "<nonsense>": "(letters|words|topics|korean)",
        "<language>": "[a-z]{2}",
    }
    patterns = []
    for name, meaning in rows:
        pattern = re.escape(name)
        for word, stands_for in words.items():
            pattern = pattern.replace(word, stands_for)
        patterns.append(pattern)
        assert meaning.strip(), name
    names = set(perfect.figures) | set(chance.figures)
    for name in names:
        assert any(re.fullmatch(pattern, name) for pattern in patterns), name
    for pattern in patterns:
        assert any(re.fullmatch(pattern, name) for name in names), pattern


def test_a_split_without_items_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no item of the split 'val'"):
        judged(tmp_path, "perfect", split="val")


def test_a_label_that_is_no_attribute_is_refused(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="text attributes are type"):
        judged(tmp_path, "perfect", label="colour")

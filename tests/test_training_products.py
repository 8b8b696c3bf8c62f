"""A recogniser that is really trained, on a small drawn shop: seconds with a tiny backbone."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog.demo.goods import assortment
from catalog.demo.goods.package import studio
from db.home import Home
from db.store import Store
from encoder import products
from encoder.products import ProductHead, asked_side, evidence, judge, query_views
from errors import CatalogError, ModelError, SettingsError
from tagger.offers import Place
from tagger.record import Candidate, Recogniser, Record
from tests.catalog_samples import load, save_picture, write_csv
from tests.shop_samples import DAY, GOODS, SEED, drawn_shop, photos, recognising, tiny
from training.photographed import photographed, product_mask
from training.products_calibrate import Queries, calibrate, left_out
from training.products_head import product_head
from training.products_pairs import kinds_of, product_pairs
from training.recipe import shipped

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drawn_shop()


@pytest.fixture(scope="module")
def home(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop's catalog with its recogniser and its links."""
    return recognising(tmp_path_factory.mktemp("home") / "home")


# -- views ------------------------------------------------------------------------------------


def test_a_product_on_plain_ground_is_cut_out_and_put_elsewhere() -> None:
    picture = np.asarray(studio(assortment(1, 2)[0]).resize((96, 96)))
    mask = product_mask(picture)
    assert mask is not None
    assert 0.1 < mask.mean() / 255 < 0.6
    view = photographed(picture, np.random.default_rng(0))
    assert view.shape == picture.shape
    corners = view[[0, 0, -1, -1], [0, -1, 0, -1]].astype(int)
    assert (np.abs(corners - 255).max(axis=1) > 20).any()
    assert np.array_equal(view, photographed(picture, np.random.default_rng(0)))


def test_a_photograph_keeps_its_ground() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert product_mask(noise) is None
    assert product_mask(np.full((64, 64, 3), 255, np.uint8)) is None
    assert photographed(noise, np.random.default_rng(0)).shape == noise.shape


def test_a_query_is_seen_whole_and_nearer() -> None:
    assert asked_side(40) == 50
    picture = np.zeros((50, 50, 3), np.uint8)
    picture[5:45, 5:45] = 200
    picture[10:40, 10:40] = 240
    whole, middle, near = query_views(picture)
    assert whole.shape == middle.shape == near.shape == (40, 40, 3)
    assert 0.5 < (whole > 150).mean() < 0.7
    assert np.array_equal(middle, picture[5:45, 5:45]), "as sharp as it is in the picture"
    assert (near > 230).all()


# -- probabilities ----------------------------------------------------------------------------


def clusters(
    spread: float = 0.5, seed: int = 0
) -> tuple[Queries, ProductHead, dict[str, ProductHead]]:
    """Twelve products as clouds of points, and heads without some of them."""
    dice = np.random.default_rng(seed)
    means = dice.normal(0, 2, (12, 16)).astype(np.float32)
    labels = np.repeat(np.arange(12), 12)
    points = (means[labels] + dice.normal(0, spread, (144, 16))).astype(np.float32)
    head = product_head(np.zeros(0, np.float32), np.zeros(0, np.float32), means, np.arange(12), 12)
    return Queries(points[:, None], labels), head, {}


def test_a_product_of_many_pictures_is_not_asked_for_more_often() -> None:
    plain = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    labels = np.repeat([0, 1, 2], [32, 2, 16])
    head = product_head(np.eye(4, 3, dtype=np.float32), np.ones(3, np.float32), plain, labels, 3)
    assert head.bias[1] - head.bias[0] == pytest.approx(np.log(16) / 2)
    even = product_head(np.eye(4, 3, dtype=np.float32), np.ones(3, np.float32), plain[:48],
                        np.repeat([0, 1, 2], 16), 3)  # fmt: skip
    assert even.bias.tolist() == [1, 1, 1]
    none = np.zeros(0, np.float32)
    assert product_head(none, none, plain, labels, 3).bias.size == 0, "the nearest has no numbers"


def test_unknown_products_are_refused_at_the_share_asked_for() -> None:
    queries, head, _ = clusters()

    def without(some: np.ndarray) -> ProductHead:
        return replace(head, centres=np.delete(head.centres, some, axis=0))

    trials = left_out(12, without, queries, 0)
    found = calibrate(head, trials, queries, shipped(refuse=0.9))
    assert found.metrics["val.unknown_refused"] >= 0.9
    assert found.metrics["val.top1"] > 0.95
    assert found.metrics["val.recognised"] > 0.8
    assert found.metrics["val.ece"] < 0.15
    strict = calibrate(head, trials, queries, shipped(refuse=0.99))
    assert strict.threshold >= found.threshold
    assert strict.metrics["val.recognised"] <= found.metrics["val.recognised"]


def test_the_threshold_is_no_higher_than_is_asked_where_that_would_cost_what_is_known() -> None:
    queries, head, _ = clusters(spread=2.5)  # known and unknown lie among each other

    def without(some: np.ndarray) -> ProductHead:
        return replace(head, centres=np.delete(head.centres, some, axis=0))

    found = calibrate(head, left_out(12, without, queries, 0), queries, shipped(refuse=0.8))
    assert found.metrics["val.unknown_refused"] == pytest.approx(0.8, abs=0.02)


def test_each_product_is_kept_from_one_head() -> None:
    queries, head, _ = clusters()
    asked: list[int] = []

    def without(some: np.ndarray) -> ProductHead:
        asked.extend(some.tolist())
        return replace(head, centres=np.delete(head.centres, some, axis=0))

    trials = left_out(12, without, queries, 0)
    assert sorted(asked) == list(range(12))
    for trial in trials:
        known = trial.queries.labels >= 0
        said = trial.head.cosines(trial.queries.features[known, 0]).argmax(axis=1)
        assert (said == trial.queries.labels[known]).mean() > 0.9


def test_probabilities_are_of_being_known_and_fall_with_rank() -> None:
    queries, head, _ = clusters()
    logits, cosines = head.logits(queries.features[:, 0]), head.cosines(queries.features[:, 0])
    file = products.ProductFile(
        column="p", products=[str(n) for n in range(12)], image_size=8, temperature=1.0,
        weights=[0.1, 0.0, 1.0, 1.0, 0.5, -1.0], threshold=0.3, metrics={},
    )  # fmt: skip
    for verdict in judge(file, logits, cosines):
        assert 0 < verdict.probabilities.sum() <= 1
        assert (np.diff(verdict.probabilities) <= 0).all()
        assert verdict.known == (verdict.probabilities[0] >= 0.3)
    assert evidence(logits[:, :1], cosines[:, :1], 1.0).shape == (144, 5)
    assert np.isfinite(evidence(logits * 1e4, cosines, 1.0)).all()


def test_the_likeliest_kind_is_that_whose_products_add_up_to_most() -> None:
    said = (Candidate("milk", 0.4), Candidate("apple juice", 0.3), Candidate("pear juice", 0.2))
    kinds = {"milk": "dairy", "apple juice": "juice", "pear juice": "juice"}
    assert Record("a.jpg", product="milk", candidates=said).likeliest(kinds) == "juice"
    assert Record("a.jpg", product="milk", candidates=said[:2]).likeliest(kinds) == "dairy"
    assert Record("a.jpg", error="is empty").likeliest(kinds) == ""


# -- the recogniser ---------------------------------------------------------------------------


@pytest.mark.slow
def test_photographs_are_recognised_and_joined_with_what_runs_and_where(
    shop: Path, home: Path
) -> None:
    recogniser = Recogniser.open(home, tiny())
    known = [(image, product) for image, product in photos(shop) if product]
    place = Place(37.5665, 126.9780)
    records = recogniser.recognise_all([i for i, _ in known], place, None, DAY)
    first = np.mean([r.product == p for r, (_, p) in zip(records, known, strict=True)])
    assert first > 0.5, "chance is 1 in 6"
    sure = [record for record in records if record.known]
    assert sure
    for record in sure:
        assert record.attributes["brand"] == record.product.split()[0]
        assert "split" not in record.attributes
        assert len(record.items) == 5
        assert (record.day, record.timezone) == ("2026-11-20", "UTC (UTC+00:00)")
        for promotion in record.promotions:
            assert str(promotion.starts) <= record.day <= str(promotion.ends)
            assert promotion.store is not None
            assert promotion.brand in promotion.store.data["brands"]
    for record in records:
        if not record.known:
            assert (record.items, record.attributes, record.promotions) == ((), {}, ())
        assert [c.probability for c in record.candidates] == sorted(
            (c.probability for c in record.candidates), reverse=True
        )


@pytest.mark.slow
def test_one_image_is_a_batch_of_one(shop: Path, home: Path) -> None:
    recogniser = Recogniser.open(home, tiny())
    some = [image for image, _ in photos(shop)[:3]]
    together = recogniser.recognise_all(some, on=DAY)
    for image, record in zip(some, together, strict=True):
        alone = recogniser.recognise(image.read_bytes(), on=DAY, name=str(image))
        assert alone.product == record.product
        assert alone.probability == pytest.approx(record.probability, abs=1e-4)


@pytest.mark.slow
def test_a_damaged_or_missing_recogniser_is_one_line(home: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"recognises no products: .*training\.product"):
        products.load(tmp_path)
    head = home / "recogniser" / "head.npz"
    whole = head.read_bytes()
    try:
        head.write_bytes(whole[:-1] + b"x")
        with pytest.raises(ModelError, match="is damaged"):
            Recogniser.open(home, tiny())
    finally:
        head.write_bytes(whole)


@pytest.mark.slow
@pytest.mark.long
def test_refusal_of_a_tuned_backbone_is_learnt_from_one_that_never_saw_some_products(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.products_job import learn_products
    from training.products_tune import Tuner

    tuned_on: list[tuple[int, int]] = []
    whole = Tuner.tune

    def tune(self: Tuner, some: Any, labels: Any, kinds: Any, kept: Any) -> Any:
        tuned_on.append((len(some), len(kinds)))
        assert len(some) == len(labels)
        return whole(self, some, labels, kinds, kept)

    monkeypatch.setattr(Tuner, "tune", tune)
    load(shop / "catalog.csv", tmp_path)
    settings = tiny(finetune="true", finetune_epochs=1, finetune_batch=8)
    with Store.open(tmp_path) as store:
        file = learn_products(Home(tmp_path), store, settings, settings.training)
    assert tuned_on == [(60, 6), (50, 5)], "ten pictures of each product, one product is kept out"
    assert file.metrics["val.unknown_refused"] >= settings.training.refuse
    assert file.metrics["queries"] == 18
    assert not list((tmp_path / "cache" / "training").glob("*.npz")), (
        "nothing is left to go on with"
    )
    assert Recogniser.open(tmp_path, settings).products == file.products


@pytest.mark.slow
def test_one_picture_per_product_is_enough_for_the_nearest(shop: Path, tmp_path: Path) -> None:
    from training.products_job import learn_products

    with (shop / "catalog.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["id"].endswith("-00")]
    table = tmp_path / "one.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        names = ["id", "image", "caption", "product"]
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    folder = tmp_path / "home"
    load(table, folder, images=shop)
    with Store.open(folder) as store:
        file_ = learn_products(Home(folder), store, tiny(), tiny().training)
    assert file_.metrics["kind"] == "nearest"
    assert len(file_.products) == GOODS, "the split costs no product its only picture"
    recogniser = Recogniser.open(folder, tiny())
    own = recogniser.recognise_all([shop / row["image"] for row in rows])
    assert [record.product for record in own] == [row["product"] for row in rows]


@pytest.mark.slow
@pytest.mark.long
def test_a_tuned_backbone_tells_products_apart(shop: Path, tmp_path: Path) -> None:
    # By its output alone, and from random weights: colours and layers half-way up do not help it.
    from training.products_job import learn_products

    folder = tmp_path / "home"
    load(shop / "catalog.csv", folder)
    settings = tiny(finetune="true", finetune_epochs=8)
    with Store.open(folder) as store:
        file = learn_products(Home(folder), store, settings, settings.training)
    assert file.metrics["val.top1"] > 2 / GOODS


def test_what_cannot_be_learnt_is_told(tmp_path: Path) -> None:
    from training.products_job import learn_products

    save_picture(tmp_path / "a.png")
    save_picture(tmp_path / "b.png")
    table = [["image", "caption", "shelf"], ["a.png", "a", "left"], ["b.png", "b", "left"]]
    load(write_csv(tmp_path / "two.csv", table), tmp_path / "home")
    with Store.open(tmp_path / "home") as store:
        for name, error, line in (
            ("", SettingsError, "training.product is not set"),
            ("sort", CatalogError, "names 0 products"),
            ("shelf", CatalogError, "names 1 products"),
        ):
            settings = tiny(product=repr(name))
            with pytest.raises(error, match=line):
                learn_products(Home(tmp_path / "home"), store, settings, settings.training)
        settings = tiny(product="id", product_kind="sort")
        with pytest.raises(CatalogError, match="'sort' is in no item"):
            learn_products(Home(tmp_path / "home"), store, settings, settings.training)


def test_a_product_is_of_the_kind_that_most_of_its_items_name(tmp_path: Path) -> None:
    table = [["id", "image", "caption", "product", "shelf"]]
    for number, (product, shelf) in enumerate(
        [("milk", "dairy"), ("milk", "Dairy"), ("milk", "dairy"), ("cream", "dairy"),
         ("tea", "7"), ("salt", ""), ("rice", "")]
    ):  # fmt: skip
        save_picture(tmp_path / f"{number}.png")
        table.append([str(number), f"{number}.png", product, product, shelf])
    load(write_csv(tmp_path / "shop.csv", table), tmp_path / "home")
    with Store.open(tmp_path / "home") as store:
        pairs = product_pairs(store, "product")
    names = ["cream", "milk", "rice", "salt", "tea"]
    cream, milk, rice, salt, tea = kinds_of(pairs, names, "shelf").tolist()
    assert cream == milk
    assert len({milk, rice, salt, tea}) == 4, "where none is named, each is of its own"
    assert sorted({cream, milk, rice, salt, tea}) == [0, 1, 2, 3], "numbers without a gap"
    assert kinds_of(pairs, names, "").tolist() == [0, 1, 2, 3, 4]


# -- the command ------------------------------------------------------------------------------


def pairdex(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), "--home", str(home), *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_the_command_prints_records_and_answers_for_each_file(
    shop: Path, home: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    image = str(shop / "images" / "g0001-00.jpg")
    place = ("--near", "37.5665,126.9780", "--within", "50km", "--on", "2026-11-20")
    done = pairdex(home, "tag", image, str(bad), "--record", "--json", *place)
    assert done.returncode == 5, done.stderr
    first, second = json.loads(done.stdout)["images"]
    assert first["product"] == assortment(1, SEED)[0].name
    assert second["error"]
    assert not second["known"]
    done = pairdex(home, "tag", image, "--record", *place)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()].count("product") == 1
    for wrong in (("--on", "soon"), ("--near", "x"), ("--within", "2km")):
        done = pairdex(home, "tag", image, "--record", *wrong)
        assert done.returncode == 2
        assert done.stderr.startswith("error: --")
        assert done.stderr.count("\n") == 1

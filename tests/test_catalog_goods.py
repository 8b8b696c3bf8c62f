"""The demo shop: the same seed draws the same one, with all that a shop has."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from catalog.demo.goods import assortment, draw_goods
from tests.shop_samples import DAY, GOODS, SEED, drawn_shop


@pytest.mark.long
def test_the_same_seed_draws_the_same_shop_and_another_another(tmp_path: Path) -> None:
    def drawn(name: str, seed: int) -> dict[str, bytes]:
        draw_goods(tmp_path / name, items=1, seed=seed, day=DAY)
        files = sorted(p for p in (tmp_path / name).rglob("*") if p.is_file())
        return {str(p.relative_to(tmp_path / name)): p.read_bytes() for p in files}

    assert drawn("a", 5) == drawn("b", 5)
    assert drawn("a", 5) != drawn("c", 6)


def test_the_shop_has_promotions_past_running_and_to_come_and_strangers_of_its_brands() -> None:
    shop = drawn_shop()
    with (shop / "promotions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    today = DAY.isoformat()
    assert {(r["starts"] > today) - (r["ends"] < today) for r in rows} >= {0}
    assert any(not row["product"] for row in rows)
    with (shop / "unseen" / "photos.csv").open(encoding="utf-8") as file:
        shown = {row["product"] for row in csv.DictReader(file)}
    assert shown == {good.name for good in assortment(GOODS, SEED)} | {""}


def test_goods_are_all_of_different_names() -> None:
    goods = assortment(80, 1)
    assert len({good.name for good in goods}) == 80
    assert goods[:40] == assortment(40, 1)

"""Which product a picture shows, in a real browser: the record with promotions and stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from db.home import Home
from db.store import Store
from indexer.job import build_index
from service.app import create_app
from tagger.offers import Place
from tagger.record import Recogniser, Record
from tests.fakes import FakeEncoder
from tests.page_samples import grave, looking, running
from tests.shop_samples import DAY, drawn_shop, photos, recognising, tiny
from tests.test_service_page_item import give

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The shop with its recogniser, and an index of its goods."""
    home, encoder = Home(recognising(tmp_path_factory.mktemp("record") / "home")), FakeEncoder()
    with Store.open(home.path) as store:
        build_index(home, store, encoder, tiny())
    return home


@pytest.fixture(scope="module")
def site(home: Home) -> Iterator[str]:
    with running(create_app(home.path, tiny(), lambda *_: FakeEncoder())) as base:
        yield base


def asked(page: Page, file: Path) -> None:
    page.goto("/?view=tag")
    give(page, file)
    page.get_by_role("button", name="Which product?").click()
    form = page.get_by_role("form", name="Which product?")
    form.get_by_label("Near").fill("37.5665,126.9780")
    form.get_by_label("Within").fill("50km")
    form.get_by_label("On", exact=True).fill(DAY.isoformat())
    form.get_by_role("button", name="Look again").click()


@pytest.fixture(scope="module")
def known(home: Home) -> tuple[Path, Record]:
    """A photograph that is recognised, of a product with an offer in a store near by."""
    files = [file for file, product in photos(drawn_shop()) if product]
    found = Recogniser.open(home.path, tiny()).recognise_all(
        files, Place(37.5665, 126.978), 50_000, DAY
    )
    return next(
        (file, one)
        for file, one in zip(files, found, strict=True)
        if one.known and any(offer.store for offer in one.promotions)
    )


def test_a_product_is_told_with_what_runs_and_where(page: Page, known: tuple[Path, Record]) -> None:
    file, record = known
    asked(page, file)
    form = page.get_by_role("form", name="Which product?")
    expect(form.get_by_role("heading", level=3).first).to_have_text(record.name or record.product)
    expect(form).to_contain_text(f"Promotions on {DAY.isoformat()}")
    for offer in record.promotions:
        expect(form).to_contain_text(offer.text)
        if offer.store:
            expect(form).to_contain_text(offer.store.name)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("phone", [False, True])
def test_axe_finds_nothing_serious_in_a_record(
    browser: Browser, site: str, known: tuple[Path, Record], scheme: str, phone: bool
) -> None:
    size = {"width": 360, "height": 740} if phone else {"width": 1280, "height": 800}
    with looking(browser, site, color_scheme=scheme, viewport=size, has_touch=phone) as page:
        asked(page, known[0])
        form = page.get_by_role("form", name="Which product?")
        expect(form).to_contain_text(f"Promotions on {DAY.isoformat()}")
        assert not grave(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        form.get_by_label("Near").fill("the next corner")
        form.get_by_role("button", name="Look again").click()
        expect(form.locator(".message.bad")).to_be_visible()
        assert not grave(page), "a place that is none"


def test_a_place_that_is_none_is_said(page: Page) -> None:
    asked(page, photos(drawn_shop())[0][0])
    form = page.get_by_role("form", name="Which product?")
    form.get_by_label("Near").fill("the next corner")
    form.get_by_role("button", name="Look again").click()
    expect(form.locator(".message.bad")).to_contain_text("the next corner")

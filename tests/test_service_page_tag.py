"""Tagging in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.fakes import draw
from tests.test_service_page_item import CARDS, DIALOG, give

ENTRY = "#tagged > article"


def test_a_picture_gets_tags_captions_and_neighbours(page: Page, tmp_path: Path) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/?view=tag")
    give(page, draw(tmp_path, "new", "green", shade=5))
    entry = page.locator(ENTRY)
    expect(entry).to_have_count(1)
    expect(entry.get_by_role("heading", name="new.png")).to_be_visible()
    tags = entry.get_by_role("list", name="Tags")
    expect(tags.get_by_role("listitem").first).to_contain_text("green")
    expect(tags.locator(".figure").first).to_have_text(re.compile(r"\d+ %"))
    expect(entry.locator(".wide")).to_have_count(1)  # three items say the same
    expect(entry.locator(".wide")).to_contain_text("초록 네모")
    expect(entry.locator(".strip img").first).to_be_visible()
    expect(page.locator("#said")).to_contain_text("green")
    entry.get_by_role("button", name="Copy hashtags").click()
    expect(page.locator(".toast")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()").startswith("#Green")
    entry.locator(".strip a").first.click()
    expect(page.locator(DIALOG)).to_contain_text("a green square")


def test_several_are_chosen_and_one_that_is_broken_says_so(page: Page, tmp_path: Path) -> None:
    page.goto("/?view=tag")
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    with page.expect_file_chooser() as chosen:
        page.get_by_role("button", name="Choose images").click()
    chosen.value.set_files([draw(tmp_path, "a", "red"), broken, draw(tmp_path, "b", "blue")])
    expect(page.locator(ENTRY)).to_have_count(3)
    expect(page.locator(ENTRY).nth(1).locator(".message.bad")).to_contain_text("broken.png")
    expect(page.locator(ENTRY).nth(2)).to_contain_text("파랑 네모")
    # What was tagged is still there after another view was looked at.
    page.keyboard.press("1")
    expect(page.locator(CARDS).first).to_be_visible()
    page.go_back()
    expect(page.locator(ENTRY)).to_have_count(3)
    page.locator(ENTRY).nth(2).get_by_role("button", name="Search by it").click()
    expect(page.locator(CARDS).first.locator(".caption")).to_have_text("a blue square")


def test_a_home_without_a_recogniser_offers_no_products(page: Page, tmp_path: Path) -> None:
    page.goto("/?view=tag")
    give(page, draw(tmp_path, "new", "red"))
    expect(page.locator(ENTRY).get_by_role("button", name="Add to the catalog")).to_be_visible()
    expect(page.get_by_role("button", name="Which product?")).to_have_count(0)

"""One item in a real browser, and searching by pictures."""

from __future__ import annotations

import base64
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.fakes import draw

CARDS = ".grid > .card:not(.ghost)"
DIALOG = "dialog.item"

# What a browser does when files are dropped on it or pasted.
GIVE = """([kind, name, data]) => {
  const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type: "image/png" }));
  if (kind === "paste") dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, cancelable: true }));
  else for (const one of ["dragenter", "dragover", "drop"])
    document.body.dispatchEvent(new DragEvent(one, { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""  # noqa: E501


def give(page: Page, file: Path, kind: str = "drop") -> None:
    page.evaluate(GIVE, [kind, file.name, base64.b64encode(file.read_bytes()).decode()])


def test_an_item_opens_over_the_results_and_the_address_leads_to_it(page: Page) -> None:
    page.goto("/?q=red")
    first = page.locator(CARDS).first
    key = first.get_attribute("data-id")
    first.locator(".open").click()
    dialog = page.locator(DIALOG)
    expect(dialog.get_by_role("heading", level=2)).to_have_text(f"Sq{key}")
    expect(dialog).to_contain_text("a red square")
    expect(dialog.get_by_text("빨강 네모")).to_have_attribute("lang", "ko")
    expect(dialog).to_contain_text("Found by")
    assert dialog.locator(".large img").evaluate("async img => (await img.decode(), img.width)") > 0
    assert f"item={key}" in page.url
    page.reload()
    expect(page.locator(DIALOG).get_by_text("Why this")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(DIALOG)).to_have_count(0)
    assert page.url.endswith("/?q=red")


def test_arrow_keys_lead_to_the_next_item_and_back_closes(page: Page) -> None:
    page.goto("/?q=red")
    keys = [page.locator(CARDS).nth(n).get_attribute("data-id") for n in (0, 1)]
    page.locator(CARDS).first.locator(".open").click()
    expect(page.locator(DIALOG).get_by_role("button", name="Previous result")).to_have_attribute(
        "aria-disabled", "true"
    )
    page.keyboard.press("ArrowRight")
    expect(page.locator(DIALOG).get_by_role("heading", level=2)).to_have_text(f"Sq{keys[1]}")
    page.go_back()
    expect(page.locator(DIALOG)).to_have_count(0)
    expect(page.locator(CARDS)).to_have_count(24)


def test_similar_items_a_tag_and_the_id_lead_on(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/?q=red&item=03")
    dialog = page.locator(DIALOG)
    dialog.get_by_role("button", name="Copy id").click()
    expect(page.locator(".toast")).to_have_text("Copied: 03")
    assert page.evaluate("navigator.clipboard.readText()") == "03"
    expect(dialog.locator(".strip img").first).to_be_visible()
    dialog.get_by_role("button", name="Search similar").click()
    expect(page.locator(".given")).to_contain_text("like 03")
    expect(page.locator(CARDS).first).to_be_visible()
    assert "like=03" in page.url
    page.goto("/?item=03")
    page.locator(DIALOG).get_by_role("link", name="square").click()
    expect(page.locator("#filters-toggle")).to_have_text("Filters (1)")


def test_an_item_that_is_not_there_is_said(page: Page) -> None:
    page.goto("/?item=nope")
    expect(page.locator(f"{DIALOG} .message.bad")).to_contain_text("no item 'nope'")


def test_a_dropped_picture_is_searched_by_also_with_words(page: Page, tmp_path: Path) -> None:
    page.goto("/")
    give(page, draw(tmp_path, "new", "green", shade=7))
    expect(page.locator(".given")).to_contain_text("new.png")
    first = page.locator(CARDS).first
    expect(first.locator(".caption")).to_have_text("a green square")
    page.fill("#query", "blue")
    page.press("#query", "Enter")
    page.wait_for_url(re.compile("q=blue&image=|image=.*q=blue|q=blue.*image="))
    expect(page.locator(".given")).to_contain_text("new.png")
    page.get_by_role("button", name="Remove new.png").click()
    expect(first.locator(".caption")).to_have_text("a blue square")
    page.go_back()
    expect(page.locator(".given")).to_contain_text("new.png")
    page.reload()
    expect(page.locator("#notices")).to_contain_text("no longer here")


def test_a_pasted_picture_is_searched_by(page: Page, tmp_path: Path) -> None:
    page.goto("/?q=red")
    give(page, draw(tmp_path, "new", "red"), "paste")
    expect(page.locator(".given")).to_contain_text("new.png")
    expect(page.locator("#summary")).to_contain_text("results")


def test_what_is_no_picture_is_refused_in_words(page: Page, tmp_path: Path) -> None:
    page.goto("/")
    file = tmp_path / "broken.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    give(page, file)
    expect(page.locator("#notices .message.bad")).to_contain_text("broken.png")

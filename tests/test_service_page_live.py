"""What changes while the page is looked at: builds, new generations, items, judgements, answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from settings import Settings
from tests.fakes import draw, record
from tests.page_samples import Site, looking
from tests.page_samples import site as serving
from tests.service_builders import Gated
from tests.test_service_page_item import CARDS, DIALOG, give
from tests.waiting import until


@pytest.fixture
def live(tmp_path: Path, settings: Settings) -> Iterator[Site]:
    with serving(tmp_path, settings, Gated) as found:
        try:
            yield found
        finally:
            found.gate.go.set()  # whatever became of the test: its thread must end


@pytest.fixture
def page(browser: Browser, live: Site) -> Iterator[Page]:
    with looking(browser, live.base) as found:
        yield found


def test_a_build_shows_its_progress_and_what_became_of_it(
    page: Page, live: Site, tmp_path: Path
) -> None:
    live.store.apply_import([record(draw(tmp_path, "new", "red"), "red")], [])
    page.goto("/?view=index")
    facts = page.locator(".facts")
    expect(facts).to_contain_text("000001")
    expect(facts).to_contain_text("40 of 41")
    live.gate.go.clear()
    page.get_by_role("button", name="Build the index").click()
    bar = page.get_by_role("progressbar", name="Progress of the build")
    expect(bar).to_have_js_property("value", 1)
    expect(page.locator("#job")).to_contain_text("1 / 4")
    expect(page.locator("#building")).to_be_visible()
    expect(page.get_by_role("button", name="Build the index")).to_be_disabled()
    # Whoever comes while it runs sees it too.
    page.reload()
    expect(bar).to_have_js_property("value", 1)
    live.gate.go.set()
    expect(page.locator("tbody tr").first).to_contain_text("000002live")
    expect(bar).to_have_count(0)
    expect(page.get_by_role("button", name="Build the index")).to_be_enabled()


def test_a_build_that_fails_says_why(page: Page, live: Site) -> None:
    page.goto("/?view=index")
    live.gate.refusal = "the model is damaged"
    page.get_by_role("button", name="Build the index").click()
    expect(page.locator("#job .message.bad")).to_contain_text("the model is damaged")
    expect(page.locator("#job .message.bad")).to_contain_text("train anew")
    expect(page.locator("#index-state .message.bad").first).to_contain_text("the model is damaged")


def test_a_tagged_picture_becomes_an_item_while_others_search(
    browser: Browser, page: Page, live: Site, tmp_path: Path
) -> None:
    with looking(browser, live.base) as other:
        other.goto("/?q=green")
        expect(other.locator(CARDS).first).to_be_visible()
        page.goto("/?view=tag")
        give(page, draw(tmp_path, "new", "green", shade=3))
        page.get_by_role("button", name="Add to the catalog").click()
        form = page.get_by_role("form", name="Add to the catalog")
        expect(form.get_by_label("Tags")).to_have_value(re.compile("green"))
        form.get_by_label("Name").fill("Fresh")
        form.get_by_label("Caption").fill("a green newcomer")
        live.gate.go.clear()
        form.get_by_role("button", name="Add", exact=True).click()
        expect(form).to_contain_text(re.compile("Waiting|embedded"))
        # Meanwhile searches are answered by the generation that is there.
        other.fill("#query", "newcomer green")
        other.press("#query", "Enter")
        expect(other.locator("#summary")).to_contain_text("000001")
        live.gate.go.set()
        expect(form).to_contain_text("can be found")
        form.get_by_role("link", name="Show the item").click()
        expect(page.locator(DIALOG)).to_contain_text("a green newcomer")
        # Who has searched before is told, and finds it without asking anew.
        expect(other.locator(".toast")).to_contain_text("A new index is live")
        other.get_by_role("button", name="Refresh").click()
        expect(other.locator(CARDS).first).to_contain_text("Fresh")
        expect(other.locator("#summary")).to_contain_text("000002")


def test_results_are_judged_and_the_search_heeds_it(page: Page, live: Site) -> None:
    page.goto("/?q=square")
    cards = page.locator(CARDS)
    first, second = (cards.nth(n).get_attribute("data-id") or "" for n in (0, 1))
    cards.first.locator(".open").click()
    page.locator(DIALOG).get_by_role("button", name="Good").click()
    expect(page.locator(DIALOG).get_by_role("button", name="Good")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.keyboard.press("Escape")
    expect(page.locator(DIALOG)).to_have_count(0)  # and the focus is back
    cards.nth(1).locator(".open").focus()
    page.keyboard.press("b")
    expect(cards.nth(1)).to_have_class(re.compile("bad"))
    page.get_by_role("button", name="Search with it").click()
    expect(page.locator("#notices")).to_contain_text("1 good, 1 bad")
    assert f"good={first}" in page.url
    assert f"bad={second}" in page.url
    kept = {(one.item, one.good) for one in live.store.judgements.all()}
    assert kept == {(first, True), (second, False)}


def test_questions_are_answered_by_keys_and_taken_back(page: Page, live: Site) -> None:
    page.goto("/?view=review")
    question = page.locator(".question")
    expect(question).to_be_visible()
    seen = [question.inner_text()]
    for key in "yns":
        page.keyboard.press(key)
        expect(question).not_to_have_text(seen[-1])
        seen.append(question.inner_text())
    expect(page.locator("#view-review")).to_contain_text("3 answered")
    page.keyboard.press("u")
    expect(page.locator("#view-review")).to_contain_text("2 answered")
    expect(question).to_have_text(seen[2])
    with page.expect_response("**/v1/review") as kept:
        page.get_by_role("button", name="No").click()
    assert kept.value.ok
    expect(page.locator("#view-review")).to_contain_text("3 answered")
    stored = live.store.questions
    until(lambda: sorted(str(one.answer) for one in stored.answered()) == ["no", "no", "yes"])

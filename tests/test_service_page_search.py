"""Searching in a real browser."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, Route, expect

from tests.page_samples import settled

QUERY = "#query"
CARDS = ".grid > .card:not(.ghost)"


def ask(page: Page, text: str) -> None:
    page.fill(QUERY, text)
    page.press(QUERY, "Enter")
    settled(page)
    expect(page.locator("#summary")).to_contain_text("result")


def state(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_a_search_shows_results_with_scores_and_what_they_mean(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#summary")).to_contain_text("Newest in the catalog")
    expect(page.locator(CARDS)).to_have_count(24)
    ask(page, "red")
    first = page.locator(CARDS).first
    expect(first.locator(".said")).to_have_text(re.compile("certain|likely|possible"))
    expect(first.locator(".score .figure")).to_have_text(re.compile(r"\d+ %"))
    assert first.locator("img").evaluate("async img => (await img.decode(), img.naturalWidth)") > 0
    assert state(page) == {"q": ["red"]}
    page.get_by_role("button", name="What do scores mean?").click()
    expect(page.get_by_role("dialog")).to_contain_text("A score is a probability")


def test_the_address_is_the_search_and_back_and_forward_work(page: Page) -> None:
    page.goto("/?q=red")
    expect(page.locator(QUERY)).to_have_value("red")
    red = page.locator(CARDS).first.get_attribute("data-id")  # waits for one
    ask(page, "blue")
    expect(page.locator(CARDS).first).not_to_have_attribute("data-id", red or "")
    page.go_back()
    expect(page.locator(QUERY)).to_have_value("red")
    expect(page.locator(CARDS).first).to_have_attribute("data-id", red or "")
    page.go_forward()
    expect(page.locator(QUERY)).to_have_value("blue")


def test_more_results_come_without_repeating_any(page: Page) -> None:
    page.goto("/?q=red&apart=1")
    page.locator("#more").click()
    expect(page.locator(CARDS)).to_have_count(40)
    ids = [card.get_attribute("data-id") for card in page.locator(CARDS).all()]
    assert len(set(ids)) == 40
    expect(page.locator("#more")).to_have_count(0)
    assert page.evaluate("document.activeElement.closest('.card').dataset.id") == ids[24]


def test_chips_and_ranges_write_the_filter_and_take_it_away(page: Page) -> None:
    page.goto("/?q=red")
    page.get_by_role("button", name=re.compile("^left")).click()
    expect(page.locator("#filters-toggle")).to_have_text("Filters (1)")
    assert state(page)["where"] == ["shelf = left"]
    page.get_by_role("button", name=re.compile("^top")).click()
    expect(page.get_by_role("button", name=re.compile("^top"))).to_have_attribute(
        "aria-pressed", "true"
    )
    assert state(page)["where"] == ["shelf in (left, top)"]
    page.get_by_label("edge: to").fill("5")
    page.get_by_label("edge: to").press("Tab")
    page.get_by_label("seen: from").fill("2024-03")
    page.get_by_label("seen: from").press("Enter")
    page.wait_for_url(re.compile("seen"))
    assert state(page)["where"] == ["shelf in (left, top) and edge <= 5 and seen >= 2024-03"]
    # 2 to 10 by size, without shelf "right" (every fourth from 1), seen from March on
    expect(page.locator(CARDS)).to_have_count(7)
    page.get_by_role("button", name="Remove edge <= 5").click()
    expect(page.locator("#filters-toggle")).to_have_text("Filters (2)")
    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator("#filters-toggle")).to_have_text("Filters")
    assert state(page) == {"q": ["red"]}


def test_a_filter_may_be_written_by_hand_and_its_errors_point_at_the_place(page: Page) -> None:
    page.goto("/?q=red&where=shelf%20%3D%20left")
    page.get_by_text("Filter as text").click()
    where = page.get_by_role("combobox", name="Filter as text")
    expect(where).to_have_value("shelf = left")
    where.fill("shelf = left and hegde < 2")
    where.press("Enter")
    problem = page.locator("#notices .message.bad")
    expect(problem).to_contain_text("Filter: no field hegde")
    expect(problem.locator("mark")).to_have_text("hegde")
    expect(where).to_have_attribute("aria-invalid", "true")
    where.fill("(shelf = left or edge > 15) and tag = red")
    where.press("Enter")
    expect(page.locator("#summary")).to_contain_text("results")
    # What chips cannot show stays as it was written beside what they add.
    page.get_by_role("button", name=re.compile("^square")).click()
    page.wait_for_url(re.compile("square"))
    assert state(page)["where"] == ["(shelf = left or edge > 15) and tag = red and tag = square"]


def test_an_error_of_the_query_points_at_the_character(page: Page) -> None:
    page.goto("/")
    page.fill(QUERY, 'red "squ')
    page.press(QUERY, "Enter")
    problem = page.locator("#notices .message.bad")
    expect(problem.locator("mark")).to_have_text('"')
    expect(page.locator("#warned")).not_to_be_empty()


def test_nothing_matches_is_said_with_what_is_nearest(page: Page) -> None:
    page.goto("/?q=xkqv%20bzzrt")
    expect(page.locator("#notices")).to_contain_text("Nothing matches. These are the nearest.")
    expect(page.locator("#notices")).to_contain_text("knows: xkqv, bzzrt")
    expect(page.locator(CARDS).first.locator(".said")).to_have_text("unlikely")
    page.goto("/?q=sqare%20red")
    expect(page.locator("#notices")).to_contain_text("Answered for “square red”")
    page.locator("#asis").click()
    expect(page.locator("#asis")).to_have_count(0)
    page.locator("#suggestion").click()
    expect(page.locator(QUERY)).to_have_value("square red")


def test_words_and_tags_are_completed(page: Page) -> None:
    page.goto("/")
    page.click(QUERY)
    page.keyboard.type("blue -2:gre")
    option = page.get_by_role("option", name=re.compile("green"))
    expect(option.first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.locator(QUERY)).to_have_attribute("aria-activedescendant", re.compile("option"))
    page.keyboard.press("Enter")
    expect(page.locator(QUERY)).to_have_value("blue -2:green ")
    expect(page.get_by_role("listbox")).to_be_hidden()


def test_the_query_language_is_explained_and_can_be_tried(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="How to write a query").click()
    page.get_by_role("button", name="2:fire lizard").click()
    expect(page.locator(QUERY)).to_have_value("2:fire lizard")
    expect(page.locator(QUERY)).to_be_focused()


def test_least_score_variety_and_variants_can_be_set(page: Page) -> None:
    page.goto("/?q=red")
    page.locator("#controls").click()
    page.get_by_label("Least score").fill("0.95")
    page.get_by_label("Show copies and variants one by one").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#controls")).to_have_class(re.compile("set"))
    assert (state(page)["min"], state(page)["apart"]) == (["0.95"], ["1"])
    settled(page)
    scores = page.locator(f"{CARDS} .score").evaluate_all(
        "all => all.map(one => Number(one.style.getPropertyValue('--part')))"
    )
    assert scores
    assert all(score >= 0.95 for score in scores)


class Slow:
    """Searches for `text` wait until they are let go."""

    def __init__(self, page: Page, text: str) -> None:
        self._held: list[Route] = []
        self._page, self._text = page, text
        page.route("**/v1/search", self._hold)

    def _hold(self, route: Route) -> None:
        if (route.request.post_data_json or {}).get("text") == self._text:
            self._held.append(route)
        else:
            route.continue_()

    def let_go(self) -> None:
        while self._held:
            self._held.pop().continue_()


def test_results_of_the_search_before_are_marked_until_the_answer_is_there(page: Page) -> None:
    page.goto("/?q=red")
    settled(page)
    before = page.locator(CARDS).first.get_attribute("data-id") or ""
    slow = Slow(page, "blue")
    page.evaluate(
        """() => {
          const grid = document.querySelector(".grid"), seen = (window.unmarked = []);
          const look = () => {
            const card = grid.querySelector(".card:not(.ghost)");
            const asked = new URLSearchParams(location.search).get("q");
            if (asked === "blue" && card && !grid.closest("[aria-busy='true']"))
              seen.push(card.dataset.id);
            requestAnimationFrame(look);
          };
          look();
        }"""
    )
    page.fill(QUERY, "blue")
    page.press(QUERY, "Enter")
    expect(page.locator(".results")).to_have_attribute("aria-busy", "true")
    # An answer that takes its time: nothing of the one before stays.
    expect(page.locator(".grid > .ghost")).to_have_count(8)
    expect(page.locator(CARDS)).to_have_count(0)
    expect(page.locator("#summary")).to_be_empty()
    slow.let_go()
    settled(page)
    expect(page.locator(CARDS).first).not_to_have_attribute("data-id", before)
    assert before not in page.evaluate("unmarked")


def test_going_back_while_an_answer_is_on_its_way_shows_what_was_there(page: Page) -> None:
    page.clock.install()
    page.goto("/?q=red")
    settled(page)
    before = page.locator(CARDS).first.get_attribute("data-id") or ""
    slow = Slow(page, "blue")
    # Both at once, as a quick hand does: the sign of waiting has not come yet.
    page.evaluate(
        """() => {
          document.querySelector("#query").value = "blue";
          document.querySelector("form.box").requestSubmit();
          history.back();
        }"""
    )
    expect(page.locator(QUERY)).to_have_value("red")
    page.clock.fast_forward(1000)  # the sign would be due
    slow.let_go()
    settled(page)
    expect(page.locator(".grid > .ghost")).to_have_count(0)
    expect(page.locator(CARDS).first).to_have_attribute("data-id", before)
    assert state(page) == {"q": ["red"]}

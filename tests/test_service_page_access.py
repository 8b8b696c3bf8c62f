"""The page for everyone: by keyboard, read out, on a phone, in Korean, with a slow service."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from settings import load_settings
from tests.fakes import draw
from tests.page_samples import closed, grave, looking, settled
from tests.test_service_page_item import give

CARDS = ".grid > .card:not(.ghost)"
# Addresses of every view, and what shows that it is there.
VIEWS = {
    "start": ("/", CARDS),
    "search": ("/?q=red&where=shelf%20%3D%20left%20and%20edge%20<%209", CARDS),
    "nothing": ("/?q=xkqv", CARDS),
    "problem": ("/?q=red&where=hegde%20<%201", ".message.bad"),
    "item": ("/?q=red&item=03", "dialog.item .why"),
    "tag": ("/?view=tag", ".zone"),
    "review": ("/?view=review", "#view-review h1"),
    "index": ("/?view=index", ".facts"),
}


# What opens each dialog, on a page of results.
DIALOGS = {
    "scores": "What do scores mean?",
    "controls": "#controls",
    "language": "How to write a query",
    "keys": "#help",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("phone", [False, True])
def test_axe_finds_nothing_serious_in_any_view(
    browser: Browser, site: str, scheme: str, phone: bool
) -> None:
    size = {"width": 360, "height": 740} if phone else {"width": 1280, "height": 800}
    with looking(browser, site, color_scheme=scheme, viewport=size, has_touch=phone) as page:
        for name, (address, there) in VIEWS.items():
            page.goto(address)
            expect(page.locator(there).first).to_be_visible()
            if "view=" not in address:
                settled(page)
            assert not grave(page), name
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_any_dialog(browser: Browser, site: str, scheme: str) -> None:
    with looking(browser, site, color_scheme=scheme) as page:
        page.goto("/?q=red")
        expect(page.locator(CARDS).first).to_be_visible()
        for name, opener in DIALOGS.items():
            if opener.startswith("#"):
                page.locator(opener).click()
            else:
                page.get_by_role("button", name=opener).click()
            expect(page.get_by_role("dialog")).to_be_visible()
            assert not grave(page), name
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_tagged_pictures(
    browser: Browser, site: str, scheme: str, tmp_path: Path
) -> None:
    with looking(browser, site, color_scheme=scheme) as page:
        page.goto("/?view=tag")
        give(page, draw(tmp_path, "new", "green", shade=5))
        expect(page.locator("#tagged .strip img").first).to_be_visible()
        assert not grave(page)
        page.get_by_role("button", name="Add to the catalog").click()
        expect(page.get_by_role("form", name="Add to the catalog")).to_be_visible()
        assert not grave(page), "the form"


def test_everything_is_done_by_keyboard_alone(page: Page) -> None:
    page.goto("/")
    expect(page.locator(CARDS).first).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("red")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("results")
    # From the box to the first result: one tab stop for the whole grid.
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.card .open')"):
            break
    cards = page.locator(CARDS)
    expect(cards.nth(0).locator(".open")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(cards.nth(1).locator(".open")).to_be_focused()
    outline = cards.nth(1).locator(".open").evaluate("one => getComputedStyle(one).outlineWidth")
    assert outline == "3px"
    page.keyboard.press("ArrowDown")
    below = page.evaluate(
        "[...document.querySelectorAll('.card')].indexOf(document.activeElement.parentElement)"
    )
    assert below > 1
    page.keyboard.press("Enter")
    expect(page.locator("dialog.item")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog.item")).to_have_count(0)
    expect(cards.nth(below).locator(".open")).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("walk through results")
    page.get_by_label("Single keys are on").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    expect(page.locator("#view-search")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Keyboard").click()
    page.get_by_label("Single keys are on").check()
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    expect(page.get_by_role("heading", name="Tag")).to_be_visible()


def test_a_phone_gets_targets_for_fingers_and_its_filters_folded(
    browser: Browser, site: str
) -> None:
    wishes = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    with looking(browser, site, **wishes) as page:
        page.goto("/?q=red")
        expect(page.locator(CARDS).first).to_be_visible()
        expect(page.locator("#filters")).to_be_hidden()
        page.locator("#filters-toggle").tap()
        expect(page.locator("#filters")).to_be_visible()
        small = page.locator("button:visible, nav a:visible, summary:visible").evaluate_all(
            """all => all.map((one) => [one.textContent, one.getBoundingClientRect()])
              .filter(([, box]) => box.width < 44 || box.height < 44).map(([text]) => text)"""
        )
        assert small == ["What do scores mean?"]  # a link within a sentence
        page.get_by_role("link", name="Index").tap()
        expect(page.locator("#view-index")).to_be_visible()


def test_korean_is_spoken_to_whoever_asks_for_it(browser: Browser, site: str) -> None:
    with looking(browser, site, locale="ko-KR") as page:
        page.goto("/?q=빨강")
        expect(page.get_by_role("button", name="검색", exact=True)).to_be_visible()
        expect(page.locator("#summary")).to_contain_text("결과")
        assert page.evaluate("document.documentElement.lang") == "ko"
        page.get_by_role("button", name="English").click()
        expect(page.locator("#summary")).to_contain_text("results")
        page.reload()
        expect(page.locator("#summary")).to_contain_text("results")


def test_colours_follow_the_system_until_they_are_chosen(browser: Browser, site: str) -> None:
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    with looking(browser, site, color_scheme="dark") as page:
        page.goto("/?view=tag")
        dark = page.evaluate(ground)
        page.get_by_role("button", name="Colours: as the system").click()
        expect(page.get_by_role("button", name="Colours: light")).to_be_visible()
        light = page.evaluate(ground)
        page.reload()
        assert page.evaluate(ground) == light != dark


def test_a_busy_service_is_asked_again_by_itself(page: Page) -> None:
    asked = []

    def busy(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) > 1:
            route.continue_()
        else:
            problem = '{"type": "urn:pairdex:busy", "title": "The service is busy", "status": 503}'
            route.fulfill(status=503, headers={"Retry-After": "9"}, body=problem)

    page.route("**/v1/search", busy)
    page.clock.install()  # the seconds pass when the test says so
    page.goto("/?q=red")
    expect(page.locator("#notice")).to_contain_text("asking again in 9 s")
    page.clock.fast_forward(9100)
    expect(page.locator(CARDS).first).to_be_visible()
    expect(page.locator("#notice")).to_be_empty()


def test_a_service_that_is_away_is_said_and_can_be_tried_again(page: Page) -> None:
    page.goto("/")
    expect(page.locator(CARDS).first).to_be_visible()
    page.context.set_offline(True)
    page.fill("#query", "red")
    page.press("#query", "Enter")
    expect(page.locator("#notices")).to_contain_text("cannot be reached")
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#summary")).to_contain_text(re.compile(r"\d+ results"))


def test_nothing_moves_when_pictures_arrive(page: Page) -> None:
    page.add_init_script(
        """window.moved = 0; new PerformanceObserver((list) => {
          for (const one of list.getEntries()) if (!one.hadRecentInput) moved += one.value;
        }).observe({ type: "layout-shift", buffered: true });"""
    )
    page.goto("/?q=red")
    expect(page.locator(CARDS)).to_have_count(24)
    page.locator(CARDS).last.scroll_into_view_if_needed()
    expect(page.locator(CARDS).last.locator("img")).to_have_js_property("complete", True)
    assert page.evaluate("moved") < 0.05


def test_a_key_opens_the_page_where_one_is_needed(browser: Browser, tmp_path: Path) -> None:
    settings = load_settings(environment={}, flags=["service.require_keys=true"])
    with closed(tmp_path, settings) as (base, key), looking(browser, base) as page:
        page.goto("/?q=red")
        dialog = page.get_by_role("dialog", name="Sign in")
        dialog.get_by_label("API key").fill("pdx_wrong_key")
        dialog.get_by_role("button", name="Sign in").click()
        expect(dialog.locator(".message.bad")).to_be_visible()
        assert not grave(page)
        dialog.get_by_label("API key").fill(key)
        dialog.get_by_role("button", name="Sign in").click()
        expect(page.locator(CARDS).first).to_be_visible()
        page.reload()
        expect(page.locator(CARDS).first).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(dialog).to_be_visible()
        assert page.evaluate("fetch('/v1/fields').then((answer) => answer.status)") == 401

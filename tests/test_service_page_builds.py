"""A build as the page tells it, in whatever order the click's answer and the service's words come.

Each test holds back one of the three ways on which the page learns of a job: the stream of events,
the answer to the click, the state that it asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import APIResponse, Browser, Locator, Page, Route, expect

from settings import load_settings
from tests.fakes import draw, record
from tests.page_samples import Site, looking, site
from tests.service_builders import Gated
from tests.waiting import until

STREAM, BUILD, INDEX = "**/v1/index/events", "**/v1/index/build", "**/v1/index"
REFUSAL = "#job .message.bad"
FAILURES = "#index-state .message.bad"
# What the browser has been sent before this is done with before it.
TURN = "() => fetch('/healthz').then((answer) => answer.text())"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("live"), load_settings(environment={}), Gated) as found:
        yield found


@pytest.fixture
def page(browser: Browser, live: Site) -> Iterator[Page]:
    """A page that is not yet loaded; the service is idle before and after."""
    try:
        with looking(browser, live.base) as found:
            yield found
    finally:
        live.gate.go.set()
        live.gate.refusal = ""
        until(lambda: live.worker.job is None)


def button(page: Page) -> Locator:
    return page.get_by_role("button", name="Build the index")


def bar(page: Page) -> Locator:
    return page.get_by_role("progressbar", name="Progress of the build")


def hold(page: Page, address: str) -> Callable[[], None]:
    """Requests to that address wait until what is returned is called."""
    held: list[Route] = []
    page.route(address, lambda route: held.append(route))

    def release() -> None:
        for route in held:
            route.continue_()
        page.unroute(address)

    return release


class HeldAnswers:
    """Requests are answered by the service at once, and the answers wait until they are let go."""

    def __init__(self, page: Page, address: str) -> None:
        self._page, self._address = page, address
        self._held: list[tuple[Route, APIResponse]] = []
        page.route(address, lambda route: self._held.append((route, route.fetch())))

    def there(self) -> None:
        while not self._held:
            self._page.evaluate(TURN)

    def let_go(self) -> None:
        for route, answer in self._held:
            route.fulfill(response=answer)
        self._page.unroute(self._address)
        self._page.evaluate(TURN)


def test_a_build_that_began_before_the_page_listens_is_seen(page: Page, live: Site) -> None:
    listen = hold(page, STREAM)
    page.goto("/?view=index")
    live.gate.go.clear()
    button(page).click()
    until(lambda: live.worker.job and live.worker.job.stage == "embed")
    listen()
    expect(bar(page)).to_have_js_property("value", 1)
    expect(page.locator("#job")).to_contain_text("1 / 4")
    expect(button(page)).to_be_disabled()


def test_a_build_that_failed_before_the_page_listens_says_why(page: Page, live: Site) -> None:
    listen = hold(page, STREAM)
    page.goto("/?view=index")
    before = len(live.worker.failures)
    live.gate.refusal = "the model is damaged"
    button(page).click()
    until(lambda: len(live.worker.failures) > before)
    expect(bar(page)).to_have_count(1)
    listen()
    expect(page.locator(REFUSAL)).to_contain_text("the model is damaged")
    expect(button(page)).to_be_enabled()
    expect(page.locator("#building")).to_be_hidden()


def test_a_build_that_ended_before_the_page_listens_is_over(page: Page, live: Site) -> None:
    listen = hold(page, STREAM)
    page.goto("/?view=index")
    jobs = live.builder.jobs
    button(page).click()
    until(lambda: live.builder.jobs > jobs and live.worker.job is None)
    expect(bar(page)).to_have_count(1)
    listen()
    expect(bar(page)).to_have_count(0)
    expect(button(page)).to_be_enabled()


@pytest.mark.parametrize("refusal", ["", "the model is damaged"])
def test_the_answer_to_the_click_may_come_after_the_end_of_its_job(
    page: Page, live: Site, refusal: str
) -> None:
    with page.expect_response(STREAM):
        page.goto("/?view=index")
    live.gate.refusal = refusal
    answers = HeldAnswers(page, BUILD)
    button(page).click()
    answers.there()
    # Told, and heard: the end of the job is what lets it be pressed again.
    expect(button(page)).to_be_enabled()
    answers.let_go()
    expect(page.locator(REFUSAL)).to_have_count(1 if refusal else 0)
    assert bar(page).count() == 0
    expect(button(page)).to_be_enabled()


def test_an_older_state_of_the_index_does_not_bring_a_job_back(page: Page, live: Site) -> None:
    with page.expect_response(STREAM):
        page.goto("/?view=index")
    live.gate.go.clear()
    button(page).click()
    expect(bar(page)).to_have_js_property("value", 1)
    page.get_by_role("link", name="Tag", exact=True).click()
    answers = HeldAnswers(page, INDEX)
    page.get_by_role("link", name="Index", exact=True).click()
    answers.there()
    live.gate.go.set()
    expect(bar(page)).to_have_count(0)
    answers.let_go()
    assert bar(page).count() == 0
    expect(button(page)).to_be_enabled()


def test_what_happened_while_nobody_looked_is_told_to_who_comes_back(
    page: Page, live: Site, tmp_path: Path
) -> None:
    live.store.apply_import([record(draw(tmp_path, "new", "red"), "red")], [])
    hidden = """(hidden) => {
      Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    with page.expect_response(STREAM):
        page.goto("/?view=index")
    live.gate.go.clear()
    button(page).click()
    expect(bar(page)).to_have_js_property("value", 1)
    page.evaluate(hidden, True)
    live.gate.go.set()
    until(lambda: live.worker.job is None)
    expect(bar(page)).to_have_count(1)
    page.evaluate(hidden, False)
    expect(bar(page)).to_have_count(0)
    expect(page.locator(".toast")).to_contain_text("A new index is live")


def test_the_next_build_may_be_asked_for_as_soon_as_one_has_ended(page: Page, live: Site) -> None:
    with page.expect_response(STREAM):
        page.goto("/?view=index")
    before = live.builder.jobs
    for _ in range(3):
        with page.expect_response(BUILD) as answer:
            button(page).click()  # waits until it can be pressed
        assert answer.value.status == 202
    until(lambda: live.builder.jobs == before + 3)

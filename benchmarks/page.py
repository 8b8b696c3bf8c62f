"""How quick the page is in a real browser, over the service as it is started.

python -m benchmarks.page HOME [--visits 15] [--pictures docs]

A first visit has nothing in the browser's cache, a later one all of it. A search is timed from
Enter to the frame in which its results stand, each for words that were not asked before; pictures
come after. `--pictures` also keeps pictures of the page in a folder.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page

from benchmarks import browser as browsers
from benchmarks.results import keep

PAIRDEX = [sys.executable, str(Path(__file__).resolve().parent.parent / "cli.py")]
COLOURS = "red blue green yellow pink teal black white".split()
BODIES = "lizard dragon cat turtle bird fish".split()
FIRST = ".grid > .card:not(.ghost) img"
PAINTS = """() => {
  const paint = performance.getEntriesByName("first-contentful-paint")[0].startTime;
  const results = performance.getEntriesByName("results")[0].startTime;
  const files = performance.getEntriesByType("resource").filter((one) => /static/.test(one.name));
  const sent = files.reduce((sum, one) => sum + one.transferSize, 0);
  return [paint, results, files.length, sent / 1000];
}"""
SEARCH = """(text) => new Promise((done) => {
  const input = document.querySelector("#query"), start = performance.now();
  const seen = new PerformanceObserver((list) => {
    if (!list.getEntriesByName("results").length) return;
    seen.disconnect();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
  });
  seen.observe({ type: "mark" });
  input.value = text;
  input.form.requestSubmit();
})"""
# Those further down wait until somebody scrolls to them.
IN_SIGHT = """[...document.images].every(
  (one) => one.complete || one.getBoundingClientRect().top > innerHeight)"""
# Name, address, what shows that it is there, and what the browser is.
PICTURES: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("page-search", "/?q=fire-type%20lizard&where=height%20<%3D%202", ".card img", {}),
    ("page-item", "/?q=fire-type%20lizard&item=c000723", ".why", {"color_scheme": "dark"}),
    ("page-tag", "/?view=tag", ".zone", {"locale": "ko-KR"}),
    (
        "page-phone", "/?q=a%20blue%20fish", ".card img",
        {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2, "is_mobile": True},
    ),
)  # fmt: skip


@contextmanager
def served(home: Path) -> Iterator[str]:
    """The address of `pairdex serve`, once it is ready."""
    command = [*PAIRDEX, "--home", str(home), "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        line = service.stdout.readline()
        if " ready" not in line:
            service.kill()
            raise SystemExit(f"the service does not start: {line}")
        yield line.split()[0]
        service.terminate()


def visits(browser: Browser, base: str, count: int) -> tuple[list[list[float]], list[list[float]]]:
    """Paint, results, files and kB of first and of later visits."""
    first: list[list[float]] = []
    later: list[list[float]] = []
    for _ in range(count):
        context = browser.new_context(base_url=base)
        page = context.new_page()
        for kept in (first, later):
            page.goto("/?q=lizard")
            page.wait_for_function("performance.getEntriesByName('results').length")
            kept.append(page.evaluate(PAINTS))
        context.close()
    return first, later


def searches(page: Page) -> list[float]:
    page.goto("/")
    page.wait_for_selector(FIRST)
    page.evaluate(SEARCH, "purple")  # loads the network for texts, if none was asked yet
    return [page.evaluate(SEARCH, f"{colour} {body}") for colour in COLOURS for body in BODIES]


def pictures(browser: Browser, base: str, home: Path, folder: Path) -> None:
    first = browser.new_page(base_url=base)
    searches(first)  # what is loaded once is loaded then
    first.close()
    for name, address, there, wishes in PICTURES:
        asked: dict[str, Any] = {
            "viewport": {"width": 1280, "height": 840},
            "locale": "en-GB",
        } | wishes
        context = browser.new_context(base_url=base, **asked)
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector(there)
        if "tag" in address:
            unseen = next((home.parent / "unseen" / "images").iterdir())
            page.set_input_files("#tag-file", unseen)
            page.wait_for_selector("#tagged .strip img")
            page.locator("#tagged").evaluate("one => scrollTo(0, one.offsetTop - 76)")
        page.wait_for_load_state("load")
        page.wait_for_function(IN_SIGHT)
        page.screenshot(path=folder / f"{name}.jpg", type="jpeg", quality=72)
        context.close()


def line(name: str, values: Sequence[float], unit: str = "ms") -> str:
    low, high = min(values), max(values)
    return f"{median(values):8.1f} {unit}  ({low:.1f} to {high:.1f})  {name}"


def main() -> None:
    parser = argparse.ArgumentParser(description="The page in a real browser.")
    parser.add_argument("home", nargs="?", default="demo/home", type=Path)
    parser.add_argument("--visits", type=int, default=15)
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args()
    executable = browsers.path()
    if executable is None:
        raise SystemExit(browsers.MISSING)
    with served(options.home) as base, browsers.browsing(executable) as browser:
        if options.pictures:
            pictures(browser, base, options.home, options.pictures)
            return
        first, later = visits(browser, base, options.visits)
        asked = searches(browser.new_page(base_url=base))
    lines = [f"medians of {options.visits} visits and {len(asked)} searches"]
    for which, found in (("first visit", first), ("later visit", later)):
        columns = list(zip(*found, strict=True))
        lines.append(line(f"{which}: first paint", columns[0]))
        lines.append(line(f"{which}: results of the search in its address", columns[1]))
        lines.append(line(f"{which}: sent of {columns[2][0]:.0f} files", columns[3], "kB"))
    lines.append(line("Enter to results", asked))
    figures = {"first": first, "later": later, "searches": asked}
    keep("page", lines, {"columns": ["paint", "results", "files", "kB"], **figures})


if __name__ == "__main__":
    main()

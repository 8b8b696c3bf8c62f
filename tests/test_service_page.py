"""The files of the page: served by name, sent again when they change, nothing from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from db.home import Home
from db.store import Store
from service.routes_page import INDEX, PAGE
from settings import Settings
from tests.fakes import FakeEncoder
from tests.service_samples import serving

FILES = sorted(file for file in PAGE.rglob("*") if file.is_file())
MODULES = sorted(PAGE.glob("js/*.js"))


@pytest.fixture
def client(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> Iterator[TestClient]:
    with serving(home, settings, encoder) as client:
        yield client


def test_every_file_is_served_with_its_type(client: TestClient) -> None:
    types = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/sv"}
    for file in FILES:
        answer = client.get(f"/static/{file.relative_to(PAGE).as_posix()}")
        assert file.name == INDEX or answer.content == file.read_bytes()
        assert answer.headers["content-type"].startswith(types[file.suffix])


def test_the_page_names_its_files_by_what_they_hold(client: TestClient) -> None:
    named = re.findall(r'(?:href|src)="(/static/[^"#]+)', client.get("/").text)
    assert len(named) > len(MODULES)
    for address in named:
        answer = client.get(address)
        assert (answer.status_code, "immutable" in answer.headers["cache-control"]) == (200, True)
    other = client.get(re.sub(r"/static/\w+/", "/static/0123456789abcdef/", named[0]))
    assert other.status_code == 404


def test_a_file_is_sent_again_only_when_it_has_changed(client: TestClient) -> None:
    first = client.get("/static/js/main.js")
    assert first.headers["content-encoding"] == "gzip"
    again = client.get("/static/js/main.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    # A browser lets the headers of a 304 take the place of those it holds.
    page = client.get("/", headers={"If-None-Match": client.get("/").headers["etag"]})
    assert (page.status_code, "content-security-policy" in page.headers) == (304, False)
    plain = client.get("/static/js/main.js", headers={"Accept-Encoding": "identity"})
    assert (plain.content, "content-encoding" in plain.headers) == (first.content, False)


@pytest.mark.parametrize("name", ["", "nope.js", "../routes_page.py", "..%2froutes_page.py", "js"])
def test_no_address_reaches_any_other_file(client: TestClient, name: str) -> None:
    answer = client.get(f"/static/{name}")
    assert (answer.status_code, b"import" in answer.content) == (404, False)


def test_nothing_is_loaded_from_elsewhere_and_nothing_is_inline() -> None:
    namespace = "http://www.w3.org/2000/svg"
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        assert not re.findall(r"(?:https?:)?//[a-z][\w.-]*\.[a-z]{2,}", text.replace(namespace, ""))
        assert not re.search(r"\b(?:eval|innerHTML|outerHTML|insertAdjacentHTML)\b", text)
    page = (PAGE / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script>", page)


def test_every_name_of_a_text_exists_in_both_languages_and_is_used() -> None:
    texts = (PAGE / "js/texts.js").read_text(encoding="utf-8")
    names = set(re.findall(r'^  (?:"([^"]+)"|(\w+)): \[', texts, re.MULTILINE))
    known = {quoted or bare for quoted, bare in names}
    code = "".join(file.read_text() for file in MODULES if file.name != "texts.js")
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    used = set(re.findall(r'\bt\(\s*"([^"]+)"', code)) | set(
        re.findall(r'data-t\S*="([^"]+)"', html)
    )
    assert used - known == set()
    # What is put together from a stem and a value, such as `score.${word}`.
    stems = tuple(re.findall(r"`([\w.-]+\.)\$\{", code))
    named = set(re.findall(r'"([\w.-]+)"', code))
    assert {name for name in known if not name.startswith(stems)} - used - named == set()


def test_what_a_module_asks_of_another_is_there() -> None:
    exported = {
        file.name: set(
            re.findall(
                r"^export (?:async )?(?:const|let|function|class) (\w+)",
                file.read_text(),
                re.MULTILINE,
            )
        )
        for file in MODULES
    }
    for file in MODULES:
        for names, source in re.findall(r'import \{([^}]*)\} from "\./([\w.]+)"', file.read_text()):
            asked = {name.split(" as ")[0].strip() for name in names.split(",") if name.strip()}
            assert asked <= exported[source], f"{file.name} asks of {source}"
            body = re.sub(r"^import .*?;$", "", file.read_text(), flags=re.MULTILINE | re.DOTALL)
            for name in names.split(","):
                local = name.split(" as ")[-1].strip()
                assert not local or re.search(rf"\b{local}\b", body), f"{file.name}: {local} unused"

"""Requests made up from the OpenAPI, right and wrong ones, against the real process: no bug, no
answer that is not described, and none of another shape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.service_process import Served, real_home, served

pytestmark = pytest.mark.slow
EXAMPLES = 8  # of each operation and kind
# A stream without an end, and jobs of many seconds each: tests of their own.
LEFT_OUT = {("GET", "/v1/index/events"), ("POST", "/v1/index/build")}
CHECKS: list[CheckFunction] = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("schema")
    with served(real_home(folder), folder / "log") as server:
        yield server
        assert [line for line in server.lines() if line["level"] == "error"] == []


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_request_finds_a_bug_or_an_answer_that_is_not_described(
    server: Served, mode: GenerationMode
) -> None:
    schema = schemathesis.openapi.from_url(f"{server.address}/openapi.json")
    tried, wrong = 0, []
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if (operation.method.upper(), operation.path) in LEFT_OUT:
            continue
        name = f"{operation.method.upper()} {operation.path}"
        failures: list[BaseException] = []
        tried += _try(operation, mode, failures)
        wrong += [f"{name}: {failure}" for failure in failures]
    assert wrong == []
    assert tried >= 100
    assert httpx2.get(f"{server.address}/readyz").status_code == 200


def _try(operation: Any, mode: GenerationMode, failures: list[BaseException]) -> int:
    """How many requests were sent; what was wrong with an answer is added to the failures."""
    tried = 0

    @hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def sends(case: Any) -> None:
        nonlocal tried
        tried += 1
        case.call_and_validate(checks=CHECKS, timeout=60)

    try:
        sends()
    except hypothesis.errors.Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # there is nothing that could be wrong with it
    except FailureGroup as group:
        failures += group.exceptions
    return tried

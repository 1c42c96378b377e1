"""The OpenAPI document says what the server does: schemathesis makes requests from it."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import utils

from dynamicrag.serve import Settings

from .conftest import Site

pytestmark = pytest.mark.slow
schemathesis = pytest.importorskip("schemathesis")

from schemathesis import checks as general  # noqa: E402
from schemathesis.specs.openapi import checks as openapi  # noqa: E402

CHECKS = [
    general.not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_schema_conformance,
    openapi.negative_data_rejection,
]
EXAMPLES = 10
"""Requests per endpoint, valid and invalid ones."""
PATHS = ["/v1/chat/completions", "/v1/models", "/v1/models/{model}", "/v1/feedback",
         "/v1/decisions/{query_id}", "/metrics", "/healthz"]  # fmt: skip


def more(many):
    """Return whether there is another element, as hypothesis-jsonschema 0.23 asks Hypothesis."""
    if not hasattr(many, "steps"):
        many.__enter__()
        many.steps = iter(many)
    return next(many.steps, many) is not many


NAMED = ["/v1/feedback", "/v1/decisions/{query_id}"]
"""Endpoints that need the id of a query."""


@pytest.fixture(scope="module")
def operations(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("data")
        patch.setenv("DYNAMICRAG_DATA", str(folder))
        if not hasattr(utils.many, "more"):  # later versions of Hypothesis lack it
            patch.setattr(utils.many, "more", more, raising=False)
        site = Site(folder)
        app = site.app(Settings(body_bytes=100_000))
        document = schemathesis.openapi.from_asgi("/openapi.json", app)
        found = [result.ok() for result in document.get_all_operations()]
        yield {operation.path: operation for operation in found}
        site.rag.close()


def test_the_document_has_every_endpoint(operations):
    assert sorted(operations) == sorted(PATHS)


@pytest.mark.parametrize("path", PATHS)
def test_requests_from_the_document(operations, path):
    operation = operations[path]
    modes = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes))

    @given(cases)
    @settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    def run(case):
        if case.meta.generation.mode is schemathesis.GenerationMode.POSITIVE:
            make_sensible(case)
        response = case.call(headers={"host": "127.0.0.1"})
        case.validate_response(response, checks=CHECKS)
        statuses.add(response.status_code)

    statuses = set()
    run()
    assert 200 in statuses or path in NAMED
    if operation.body:
        assert 400 in statuses


def make_sensible(case):
    """Name a model that there is, and end conversations by a question, so that requests are answered."""
    if case.operation.path == "/v1/chat/completions":
        case.body["model"] = "policy"
        case.body["messages"].append({"role": "user", "content": "When did the bridge open?"})
        case.body.pop("dynamicrag", None)
    elif "model" in case.path_parameters:
        case.path_parameters["model"] = "policy"

"""Failures have OpenAI's form and status, and tell nothing about the inside."""

import pytest

from dynamicrag import errors
from dynamicrag.serve.errors import refusal_of

from .conftest import asked
from .test_chat import PATH

SECRET = "http://10.0.0.1/v1 sk-secret /home/anna/docs"


def unavailable(kind, wait):
    error = kind(SECRET)
    error.retry_after = wait
    return error


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.BudgetExceeded(SECRET), 429, "insufficient_quota"),
        (errors.TotalExceeded(SECRET), 429, "insufficient_quota"),
        (errors.BudgetError(SECRET), 503, None),
        (errors.RunsError(SECRET), 503, None),
        (errors.ModelUnavailable(SECRET), 503, None),
        (unavailable(errors.ProviderError, 7.0), 503, None),
        (errors.ProviderError(SECRET), 502, "upstream_error"),
        (errors.CorpusError(SECRET), 500, None),
        (errors.VerifierError(SECRET), 500, None),
        (errors.ObjectError(SECRET), 500, None),
        (KeyError(SECRET), 500, None),
    ],
)
def test_a_failure_has_a_status_and_no_details(error, status, code):
    refusal = refusal_of(error)
    assert (refusal.status, refusal.code) == (status, code)
    assert not set(SECRET.split()) & set(str(refusal.body()).split())
    if getattr(error, "retry_after", None):
        assert refusal.headers["retry-after"] == "7"


async def test_a_mistake_of_ours_is_a_500_in_the_same_form(site, monkeypatch):
    app = site.app()
    monkeypatch.setattr(app.state.service, "created", "soon")
    response = await site.of(app).get("/v1/models")
    assert (response.status_code, response.json()["error"]["type"]) == (500, "server_error")


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/v1/nothing", 404), ("GET", PATH, 405), ("PUT", "/healthz", 405)]
)
async def test_a_wrong_address_is_said(site, method, path, status):
    response = await site.client().request(method, path)
    assert response.status_code == status
    assert path in response.json()["error"]["message"]


async def test_the_words_of_a_provider_stay_here(site):
    site.script = lambda kind, prompt: "BREAK"
    response = await site.client().post(PATH, json=asked())
    assert response.status_code >= 500
    assert "the line broke" not in response.text

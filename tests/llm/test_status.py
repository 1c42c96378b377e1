"""The HTTP status of a failed call, and what follows from it, for clients that keep it elsewhere."""

from http import HTTPStatus

import httpx
import pytest

from dynamicrag.llm.failures import is_outage, provider_error
from dynamicrag.llm.status import status_of


class OfGoogle(Exception):
    """An error with the status in ``code``."""

    def __init__(self, code):
        super().__init__("it was refused")
        self.code = code


def of_httpx(status, **headers):
    request = httpx.Request("POST", "http://h/v1")
    response = httpx.Response(status, headers=headers, request=request)
    return httpx.HTTPStatusError("it was refused", request=request, response=response)


def raised_from(cause):
    error = RuntimeError("the integration's own words")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (of_httpx(429), 429),
        (OfGoogle(400), 400),
        (OfGoogle(HTTPStatus.SERVICE_UNAVAILABLE), 503),
        (raised_from(OfGoogle(400)), 400),
        (raised_from(raised_from(of_httpx(422))), 422),
        (OfGoogle("rate_limit_exceeded"), None),
        (OfGoogle(True), None),
        (SystemExit(2), None),
        (ValueError("429"), None),
    ],
)
def test_it_is_found(error, status):
    assert status_of(error) == status


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_refusal_is_no_answer_and_says_when_to_ask_again(wrapped):
    error = of_httpx(429, **{"Retry-After": "7"})
    error = raised_from(error) if wrapped else error
    failure = provider_error("m", "mistralai:m", error)
    assert (failure.refused, failure.retry_after) == (True, 7.0)
    assert is_outage(failure, error)


def test_a_faulty_request_is_no_outage():
    error = raised_from(OfGoogle(400))
    assert not is_outage(provider_error("m", "google_genai:m", error), error)

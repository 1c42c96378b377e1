"""Spans by OpenTelemetry's API, without an SDK and with one; the graph's spans are tested with the graph."""

import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry import trace

from dynamicrag import traces

ROOT = Path(__file__).parents[1]


def test_without_a_query_nothing_is_done():
    assert traces.span("x", {}) is traces.stage("x")
    traces.note(lambda: pytest.fail("attributes are computed only if they are recorded"))
    traces.event("x", {})
    assert not traces.under_way()


def test_a_place_in_a_trace_is_carried_as_text():
    place = trace.SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=trace.TraceFlags(1))
    text = traces.carried(trace.NonRecordingSpan(place))
    assert text == f"00-{0xABC:032x}-{0xDEF:016x}-01"
    found = trace.get_current_span(traces.placed(text)).get_span_context()
    assert (found.trace_id, found.span_id, found.is_remote) == (0xABC, 0xDEF, True)


@pytest.mark.parametrize("text", ["", "x", "00-0-0-01", "00-zz-1-01", "a-b-c-d-e"])
def test_a_place_that_is_none(text):
    assert traces.placed(text) is None


def test_an_attribute_without_a_value_is_left_out():
    assert traces.given({"a": None, "b": 0, "c": ""}) == {"b": 0, "c": ""}


@pytest.mark.slow
def test_opentelemetry_is_imported_by_the_first_object():
    code = (
        "import sys, dynamicrag, dynamicrag.traces, dynamicrag.cost.ledger\n"
        "assert 'opentelemetry' not in sys.modules\n"
        "from dynamicrag.graph.roots import Roots; Roots()\n"
        "assert 'opentelemetry.trace' in sys.modules and 'opentelemetry.sdk' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

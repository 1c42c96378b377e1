"""What tools see of the graph: schemas and drawings; and the state's own reducer."""

import itertools
import json

from dynamicrag.graph.state import merge_decisions


def test_it_runs_without_a_context(make, ask):
    app = make().build_graph().compile()
    assert app.invoke(ask("When was the bridge of town03 opened?"), context=None)["rag"]["report"]


def test_its_schemas_can_be_written_as_json(make):
    app = make().build_graph().compile()
    given = app.get_input_jsonschema()
    assert set(given["properties"]) == {"messages"}
    assert app.get_context_jsonschema() is None
    json.dumps(given)


def test_its_output_schema_can_be_written_as_json(make):
    schema = make().build_graph().compile().get_output_jsonschema()
    assert set(schema["properties"]) == {"messages", "turn", "decisions", "report"}


def test_it_can_be_drawn(make):
    drawn = make().build_graph().compile().get_graph().draw_mermaid()
    for edge in (
        "retrieval -.-> generate",
        "verify -.-> retriever",
        "verify -.-> finish",
        "context --> generate",
    ):
        assert edge in drawn


def test_state_is_plain_json(make, ask):
    out = make().build_graph().compile().invoke(ask("When was the bridge of town03 opened?"))
    own = {key: out[key] for key in ("turn", "decisions", "report")}
    assert json.loads(json.dumps(own)) == own


def made(turn, *seqs):
    return [{"turn": turn, "seq": seq} for seq in seqs]


def test_merging_decisions_is_idempotent_and_forgets_older_turns():
    assert merge_decisions([], []) == []
    assert merge_decisions(made("a", 0, 1), made("a", 1, 2)) == made("a", 0, 1, 2)
    assert merge_decisions(made("a", 0, 1), made("b", 0)) == made("b", 0)
    assert merge_decisions(made("b", 0), made("a", 0, 1)) == made("b", 0)


def test_merging_decisions_does_not_depend_on_the_order():
    parts = [made("a", 2), made("a", 0), made("a", 1)]
    for one, two, three in itertools.permutations(parts):
        assert merge_decisions(merge_decisions(one, two), three) == made("a", 0, 1, 2)
        assert merge_decisions(one, merge_decisions(two, three)) == made("a", 0, 1, 2)

"""What tools see of the graph: schemas and drawings."""

import json

from dynamicrag import RagContext


def test_it_runs_without_a_context(make, ask):
    app = make().build_graph().compile()
    assert app.invoke(ask("When was the bridge of town03 opened?"), context=None)["rag"]["report"]


def test_its_schemas_can_be_written_as_json(make):
    app = make().build_graph().compile()
    given = app.get_input_jsonschema()
    assert set(given["properties"]) == {"messages"}
    json.dumps(given)


def test_its_context_has_the_options_of_a_call(make):
    schema = make().build_graph().compile().get_context_jsonschema()
    assert set(schema["properties"]) == {"rag"}
    assert set(schema["$defs"]["RagOptions"]["properties"]) == {
        "policy", "options", "closed", "budget", "weights", "tags", "user", "filter"
    }  # fmt: skip
    assert "required" not in schema


def test_a_context_of_the_caller_may_have_more_keys(make, ask):
    class Own(RagContext, total=False):
        tenant: str

    graph = make().build_graph(context_schema=Own).compile()
    assert set(graph.get_context_jsonschema()["properties"]) == {"rag", "tenant"}
    context = {"rag": {"options": {"generator": "large"}}, "tenant": "acme"}
    state = graph.invoke(ask("When was the bridge of town03 opened?"), context=context)
    assert state["rag"]["report"]["path"]["generator"] == "large"


def test_its_output_schema_can_be_written_as_json(make):
    schema = make().build_graph().compile().get_output_jsonschema()
    assert set(schema["properties"]) == {"messages", "rag"}


def test_it_can_be_drawn(make):
    stages = {
        "retrieval": {"options": ["none", "single"], "router": "prior"},
        "verification": {"options": ["accept", "abstain"], "router": "thresholds"},
    }
    drawn = make(stages=stages, outside="abstain").build_graph().compile().get_graph().draw_mermaid()
    for edge in (
        "retrieval -.-> generate",
        "retriever -.-> finish",
        "verify --> finish",
        "context --> generate",
    ):
        assert edge in drawn


def test_only_stages_that_the_policy_may_pass_by_need_a_choice(make):
    plain = make(stages={"retrieval": {"options": ["single"]}}).build_graph().compile().get_graph()
    assert not any(edge.conditional for edge in plain.edges)
    stages = {"retrieval": {"options": ["none", "single"], "router": "prior"}}
    passing = make(stages=stages).build_graph().compile().get_graph()
    assert {edge.source for edge in passing.edges if edge.conditional} == {"retrieval"}


def test_state_is_plain_json(make, ask):
    out = make().build_graph().compile().invoke(ask("When was the bridge of town03 opened?"))
    assert json.loads(json.dumps(out["rag"])) == out["rag"]
    about = out["messages"][-1].response_metadata
    assert json.loads(json.dumps(about)) == about

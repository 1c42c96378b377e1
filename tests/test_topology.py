"""The stages as rows: order, nodes, and what passes them by."""

import pytest

from dynamicrag.errors import PolicyError
from dynamicrag.topology import TOPOLOGY, Stage, Topology


def rows():
    return Topology((Stage("first"), Stage("second", passed_by={"first": ("none",)}), Stage("last")))


def test_the_shipped_rows_stand_in_the_order_of_a_query():
    names = ["retrieval", "rewrite", "retriever", "rerank", "context", "prompt", "generator", "verification"]
    assert list(TOPOLOGY) == names
    assert TOPOLOGY.drafting == tuple(names[:-1])
    assert TOPOLOGY.ahead == ("retrieval", "rewrite", "retriever")
    assert TOPOLOGY.gates == {"retrieval"}


def test_without_retrieval_a_path_passes_by_all_that_needs_documents():
    assert TOPOLOGY.passed({"retrieval": "none"}) == {"rewrite", "retriever", "rerank", "context"}
    assert TOPOLOGY.passed({"retrieval": "single"}) == frozenset()
    assert TOPOLOGY["context"].gate({"retrieval": "none"}) == "retrieval"


def test_a_row_is_added_behind_another_and_its_node_is_its_own():
    topology = rows()
    topology.add(Stage("guard"), after="first")
    assert list(topology) == ["first", "guard", "second", "last"]
    assert topology["guard"].node == "guard"
    topology.add(Stage("guard"), after="first")  # a module that is loaded again adds nothing
    assert list(topology) == ["first", "guard", "second", "last"]


@pytest.mark.parametrize(
    ("row", "after", "said"),
    [
        (Stage("first", evidence=("x",)), "second", "there is a stage of this name already"),
        (Stage("guard"), "last", "after='last' is not a stage; valid: first, second"),
        (Stage("guard"), "nowhere", "after='nowhere' is not a stage; valid: first, second"),
        (
            Stage("guard", passed_by={"second": ("a",)}),
            "first",
            "names 'second', which is not an earlier stage",
        ),
    ],
)
def test_a_row_that_fits_nowhere_is_refused(row, after, said):
    topology = rows()
    with pytest.raises(PolicyError, match=said):
        topology.add(row, after)
    assert list(topology) == ["first", "second", "last"]


@pytest.mark.parametrize(
    ("row", "after", "said"),
    [
        (
            Stage("x", node="generate"),
            "rerank",
            "node 'generate' belongs to prompt, generator.*remove 'node'",
        ),
        (Stage("x", node="retriever"), "rerank", "node 'retriever' belongs to retriever, and"),
        (Stage("x", node="verify"), "generator", "node 'verify' belongs to verification, and"),
        (Stage("x"), "prompt", "'prompt' and 'generator' are decided in one node.*node='generate'"),
    ],
)
def test_a_node_decides_neighbours_alone(row, after, said):
    topology = Topology(TOPOLOGY[name] for name in TOPOLOGY)
    with pytest.raises(PolicyError, match=said):
        topology.add(row, after)
    assert list(topology) == list(TOPOLOGY)


@pytest.mark.parametrize(
    ("node", "after"), [("generate", "context"), ("generate", "prompt"), ("", "context")]
)
def test_a_row_may_share_the_node_of_a_neighbour(node, after):
    topology = Topology(TOPOLOGY[name] for name in TOPOLOGY)
    topology.add(Stage("x", node=node), after)
    assert topology["x"].node == (node or "x")

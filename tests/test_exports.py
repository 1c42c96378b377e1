"""What the package offers by name, and what its code never does."""

import ast

import pytest

import dynamicrag
from dynamicrag import testing
from dynamicrag.cost.dimension_table import Dimensions
from dynamicrag.registry import Registry
from tests.parsed import MODULES, nodes

EXPORTS = [
    "Answer",
    "Asks",
    "BudgetExceeded",
    "ChatModel",
    "Choice",
    "Coefficient",
    "CorpusError",
    "Cost",
    "DIMENSIONS",
    "Decision",
    "Dependencies",
    "DimensionRow",
    "DynamicRAG",
    "DynamicRAGError",
    "DynamicRAGMiddleware",
    "Embedder",
    "Estimate",
    "Evidence",
    "Explanation",
    "FEATURES",
    "Features",
    "InputError",
    "ModelError",
    "ModelUnavailable",
    "ModelVerifier",
    "Option",
    "PREDICTORS",
    "PROMPTS",
    "Passage",
    "Plan",
    "Policy",
    "PolicyError",
    "Predictor",
    "PromptStrategy",
    "ProviderError",
    "Query",
    "RETRIEVERS",
    "ROUTERS",
    "RagChannel",
    "RagContext",
    "RagState",
    "RetrievalContext",
    "Retrieved",
    "Retriever",
    "RoutedChatModel",
    "Router",
    "Run",
    "Seen",
    "Signal",
    "Stage",
    "StageBase",
    "StageContext",
    "TurnState",
    "Usage",
    "VERIFIERS",
    "Verifier",
    "VerifierError",
    "add_stage",
    "load_policy",
]


def test_the_exports_are_these():
    assert sorted(dynamicrag.__all__) == EXPORTS == sorted(EXPORTS)
    assert dir(dynamicrag) == EXPORTS


@pytest.mark.parametrize("name", [name for name in EXPORTS if name != "RagChannel"])
def test_every_export_resolves_to_what_bears_its_name(name):
    found = getattr(dynamicrag, name)
    assert isinstance(found, Registry | Dimensions) if name.isupper() else found.__name__ == name


@pytest.mark.parametrize("name", EXPORTS)
def test_every_export_is_described(name):
    assert f"``{name}``" in dynamicrag.__doc__


@pytest.mark.parametrize("name", testing.__all__)
def test_every_stand_in_is_described(name):
    assert getattr(testing, name).__name__ == name
    assert f"``{name}``" in testing.__doc__


def test_the_channel_is_a_type_with_its_reducer():
    from dynamicrag.graph.channel import Channel, merge

    assert (dynamicrag.RagChannel.__origin__, *dynamicrag.RagChannel.__metadata__) == (Channel, merge)


def test_other_names_do_not():
    with pytest.raises(AttributeError, match="no attribute 'Dynamic'"):
        _ = dynamicrag.Dynamic


def test_every_module_has_a_docstring():
    assert not [str(path) for path in MODULES if not ast.get_docstring(nodes(path)[0])]


def test_no_module_unpickles_or_evaluates():
    """Ruff flags the calls; what it cannot see is that an exemption of it stays the only one."""
    for path, node in [(module, each) for module in MODULES for each in nodes(module)]:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name.split(".")[0] for alias in node.names} | {getattr(node, "module", None)}
            assert not names & {"pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}, path
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("yaml.load", "yaml.load_all"):
            assert ast.unparse(node.args[1]) == "_Loader", path
            assert "class _Loader(yaml.SafeLoader)" in path.read_text("utf-8"), path

"""What the package offers by name, and what its code never does."""

import re

import pytest

import dynamicrag
from dynamicrag import testing
from dynamicrag.cost.dimension_table import Dimensions
from dynamicrag.registry import Registry
from tests.parsed import MODULES, imports_in

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


def test_every_module_begins_with_a_docstring():
    begins = re.compile(r'(?:#.*\n)*"""')
    assert not [str(path) for path in MODULES if not begins.match(path.read_text("utf-8"))]


@pytest.mark.slow
def test_no_module_unpickles_or_evaluates():
    """Ruff flags the calls; what it cannot see is that an exemption of it stays the only one."""
    for path in MODULES:
        for node in imports_in(path):
            names = {alias.name.split(".")[0] for alias in node.names} | {getattr(node, "module", None)}
            assert not names & {"pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}, path
        text = path.read_text("utf-8")
        if "yaml.load(" in text or "yaml.load_all(" in text:
            assert not re.findall(r"yaml\.load(?:_all)?\((?!\w+, _Loader\))", text), path
            assert "class _Loader(yaml.SafeLoader)" in text, path

"""The prior's view of a policy: the level of a user's documents counts where they are read."""

from dataclasses import replace

import pytest

from dynamicrag.cost.rates import Profile
from dynamicrag.cost.vector import Cost
from dynamicrag.features.lexical import lexical
from dynamicrag.priors.knowledge import shipped
from dynamicrag.priors.stages import shipped_stages
from dynamicrag.routers.base import StageContext
from dynamicrag.routers.outlook import Outlook
from dynamicrag.types import Option, Query

TEXT = "Who owned the mill?"
PROFILES = {"small": replace(Profile(), ability=0.0), "large": replace(Profile(), ability=2.0)}
NAMES = {"retrieval": ["none", "single", "reuse"], "generator": list(PROFILES)}
PLAN = {
    "retrieval": Option("single"),
    "context": Option("short", {"chunks": 4}),
    "generator": Option("small"),
}


def rated(level, stage, **plan):
    """Return the logits of a stage's options, with a level."""
    stages = replace(shipped_stages(), level=level)
    outlook = Outlook(shipped(), stages, PROFILES, "", helper="large")
    options = [Option(name) for name in NAMES[stage]]
    planned = {name: option for name, option in {**PLAN, **plan}.items() if name != stage}
    count = len(options)
    context = StageContext(
        stage,
        Query("q", TEXT),
        options,
        [True] * count,
        [Cost()] * count,
        {},
        lexical(TEXT),
        {},
        plan=planned,
    )
    return outlook.rate(context, None).logit


def test_models_that_read_the_documents_are_raised_by_the_level():
    assert rated(0.7, "generator") - rated(0.0, "generator") == pytest.approx([0.7, 0.7])


def test_an_answer_without_the_documents_has_no_level():
    nothing = Option("nothing", {"chunks": 0})
    assert rated(0.7, "generator", context=nothing) == pytest.approx(rated(0.0, "generator", context=nothing))
    unread = Option("none")
    assert rated(0.7, "generator", retrieval=unread) == pytest.approx(
        rated(0.0, "generator", retrieval=unread)
    )


def test_strategies_that_read_the_documents_are_raised_by_the_level():
    assert rated(0.7, "retrieval") - rated(0.0, "retrieval") == pytest.approx([0.0, 0.7, 0.7])

"""The profiles of a policy's models."""

import pytest

from dynamicrag.cost.ability import logit
from dynamicrag.policy.assembly import assemble
from dynamicrag.policy.file import load_policy


def pipeline(**models):
    return assemble(
        load_policy(
            {
                "version": 1,
                "corpora": {"docs": {"path": "."}},
                "models": models,
                "host": {"meter": "none"},
                "stages": {"generator": {"options": [*models], "router": "random"}},
            }
        )
    )


def test_a_policy_gives_the_ability_of_its_models():
    made = pipeline(
        small={"model": "openai:secret", "ability": 0.7},
        large={"model": "openai:gpt-4o", "ability": 0.95},
        other={"model": "openai:gpt-4o-mini"},
        unknown={"model": "openai:hidden"},
    ).profiles
    assert made["small"].ability == pytest.approx(logit(0.7))
    assert made["large"].ability == pytest.approx(logit(0.95)), "not the listed one"
    assert made["other"].ability == pytest.approx(logit(0.82))
    assert made["unknown"].ability is None


def test_a_remote_model_has_the_context_of_its_profile_unless_the_policy_gives_one():
    models = pipeline(
        own={"model": "anthropic:claude-haiku-5-5", "params": {"context": 5000}},
        listed={"model": "anthropic:claude-haiku-5-5"},
        here={
            "model": "anthropic:claude-haiku-5-5",
            "params": {"base_url": "http://127.0.0.1:9"},
        },
        unlisted={"model": "openai:gpt-4o"},
    ).models
    assert models["own"].context == 5000
    assert models["listed"].context == 1_000_000
    assert models["here"].context is None, "a server on this host may have less"
    assert models["unlisted"].context is None

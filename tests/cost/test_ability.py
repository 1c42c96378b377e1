"""Abilities: published accuracies, estimates for other models, and what a user gives."""

import math
from dataclasses import replace

import pytest
import yaml

from dynamicrag.cost.ability import ASSUMED, check_abilities, logit, with_accuracy
from dynamicrag.cost.profiles import Profile, load_profiles, shipped
from dynamicrag.errors import PolicyError

PROFILES = load_profiles()
ABILITIES = PROFILES.abilities


@pytest.fixture
def changed(tmp_path):
    """Return a function that loads the shipped file with one value of a section replaced."""

    def load(section, name, value):
        data = yaml.safe_load(shipped("profiles.yaml").read_text("utf-8"))
        data[section][name] = value
        path = tmp_path / "profiles.yaml"
        path.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")
        return load_profiles(path)

    return load


def test_the_scale_is_the_logit_of_the_accuracy_on_mmlu():
    profile = PROFILES.of("openai:gpt-4o", "remote")
    assert profile.ability == pytest.approx(math.log(0.887 / 0.113))
    assert profile.ability_source == "0.887 on MMLU (OpenAI (openai/simple-evals), 2024-08)"
    assert ASSUMED not in profile.assumed


def test_a_harder_benchmark_is_shifted():
    found = ABILITIES.of("anthropic:claude-haiku-4-5")
    assert found.theta == pytest.approx(logit(0.830) + 0.54)
    assert "MMMLU" in found.source


@pytest.mark.parametrize("provider", ["openai", "azure_openai", "openrouter"])
def test_a_model_has_the_same_ability_at_every_provider(provider):
    assert ABILITIES.of(f"{provider}:gpt-4o-mini-2024-07-18") == ABILITIES.of("openai:gpt-4o-mini")


def test_a_short_name_of_ollama_is_the_model_it_loads():
    assert ABILITIES.of("ollama:llama3.2") == ABILITIES.of("x:llama-3.2-3b")
    assert ABILITIES.of("ollama:deepseek-r1").theta < ABILITIES.of("deepseek:deepseek-r1").theta


def test_the_ability_of_an_unlisted_model_grows_with_its_size_within_the_listed_ones():
    sizes = ["20m", "135m", "500m", "2b", "7b", "40b", "300b", "5000b"]
    thetas = [ABILITIES.of(f"x:acme-{size}").theta for size in sizes]
    assert thetas == sorted(thetas)
    assert thetas[0] == thetas[1], "smaller than all listed ones"
    assert thetas[-1] == ABILITIES.of("x:acme-405b").theta
    assert all(0.25 < 1 / (1 + math.exp(-theta)) < 0.95 for theta in thetas)


def test_an_estimate_is_among_the_assumptions():
    profile = PROFILES.of("local:qwen2.5-coder-1.5b-instruct", "in_process")
    assert profile.assumed == f"{ASSUMED}that of listed models of its size, '1.5b' in its name"


def test_an_unlisted_model_is_no_weaker_than_its_predecessor():
    assert ABILITIES.of("anthropic:claude-opus-9").theta == ABILITIES.of("anthropic:claude-opus-4-6").theta
    assert "claude-opus-4-6" in ABILITIES.of("anthropic:claude-opus-9").source
    assert ABILITIES.of("anthropic:claude-opus-3") is None, "its successors do not tell its ability"


def test_without_another_basis_the_size_class_counts():
    luna = PROFILES.of("openai:gpt-6-luna-2026-10-01", "remote")
    assert luna.ability == ABILITIES.classes["medium"]
    assert luna.ability_source == "median of size class 'medium'"
    assert [*ABILITIES.classes] == [each.name for each in PROFILES.classes]
    assert [*ABILITIES.classes.values()] == sorted(ABILITIES.classes.values())


def test_nothing_is_known_about_a_model_of_unknown_name_and_size():
    assert PROFILES.of("x:secret", "remote").ability is None


def test_a_given_accuracy_replaces_an_estimate():
    guess = PROFILES.of("x:acme-7b", "remote")
    given = with_accuracy(guess, 0.9)
    assert given.ability == pytest.approx(logit(0.9))
    assert given.ability_source == "given by the user"
    assert ASSUMED in guess.assumed
    assert ASSUMED not in given.assumed
    assert with_accuracy(guess, None) == guess


def test_a_decision_by_ability_needs_all_its_models():
    known, secret = PROFILES.of("openai:gpt-4o", "remote"), PROFILES.of("x:secret", "remote")
    abilities = {"small": secret.ability, "large": known.ability}
    check_abilities(abilities, ["large"], "p.yaml: stages.generator")
    with pytest.raises(PolicyError, match=r"generator: .*'small' is unknown.*models\.small\.ability .*0\.82"):
        check_abilities(abilities, ["large", "small"], "p.yaml: stages.generator")


@pytest.mark.parametrize("value", [0, -1, 1e6, "long", True])
def test_an_impossible_context_is_refused(value):
    with pytest.raises(ValueError, match="context must be a number of tokens"):
        replace(Profile(), context=value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "high", True])
def test_an_impossible_ability_is_refused(value):
    with pytest.raises(ValueError, match="ability"):
        replace(Profile(), ability=value)


@pytest.mark.parametrize(
    ("section", "name", "value", "message"),
    [
        (
            "abilities",
            "x",
            {"score": 88.7, "benchmark": "MMLU", "source": "s", "date": "2026"},
            r"score: an accuracy between 0 and 1 .* got 88\.7",
        ),
        ("abilities", "x", {"score": 0.8, "benchmark": "MMLUU", "source": "s", "date": "2026"}, "'MMLUU'"),
        ("abilities", "x", {"score": 0.8}, "lacks benchmark, source, date"),
        ("abilities", "x", 0.8, "must be a mapping"),
        ("abilities", "gpt4o", {"score": 0.8, "benchmark": "MMLU", "source": "s", "date": "2026"}, "twice"),
        (
            "abilities",
            "x",
            {"score": 0.8, "benchmark": "MMLU", "source": "s", "date": "2026", "also": "y"},
            "also: must be a list",
        ),
        ("benchmarks", "MMMLU", {"shift": "much", "source": "s"}, "shift: must be a number"),
        ("benchmarks", "MMMLU", {"shift": float("nan"), "source": "s"}, "shift: must be a number"),
        ("benchmarks", "MMMLU", {"shift": 0.1}, "lacks source"),
    ],
)
def test_a_mistake_in_the_file_has_its_place(changed, section, name, value, message):
    with pytest.raises(PolicyError, match=rf"{section}\.{name}.*{message}"):
        changed(section, name, value)


def test_few_listed_models_give_no_line(tmp_path):
    data = yaml.safe_load(shipped("profiles.yaml").read_text("utf-8"))
    data["abilities"] = {"x-7b": data["abilities"]["gpt-4o"]}
    path = tmp_path / "profiles.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")
    abilities = load_profiles(path).abilities
    assert abilities.line is None
    assert abilities.of("x:other-7b") is None
    assert abilities.of("x:other-7b", "small") is not None


def test_an_old_model_has_its_own_accuracy_and_does_not_count_for_others(tmp_path):
    data = yaml.safe_load(shipped("profiles.yaml").read_text("utf-8"))
    path = tmp_path / "profiles.yaml"
    row = {"score": 0.3, "benchmark": "MMLU", "source": "s", "date": "2023-01", "line": False}
    data["abilities"]["old-70b"] = row
    path.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")
    found = load_profiles(path).abilities
    assert found.of("x:old-70b").theta == pytest.approx(logit(0.3))
    assert found.of("x:other-70b") == ABILITIES.of("x:other-70b")
    data["abilities"]["old-70b"] = {**row, "line": "no"}
    path.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")
    with pytest.raises(PolicyError, match=r"old-70b\.line: must be true or false"):
        load_profiles(path)

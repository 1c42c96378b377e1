"""``init`` writes a valid policy for every provider in every style."""

import json

import pytest
import yaml

from dynamicrag.cli.starter import PROVIDERS, STYLES, WEIGHTS, starter
from dynamicrag.cost.profiles import shipped
from dynamicrag.errors import PolicyError
from dynamicrag.policy.file import PRESETS

KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY", "GEMINI_API_KEY")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_each_provider_and_style_is_a_valid_policy_without_a_key(there, run, monkeypatch, provider, style):
    for key in KEYS:
        monkeypatch.delenv(key, raising=False)
    code, out, err = run("init", "mine.yaml", "--provider", provider, "--style", style)
    assert (code, err) == (0, "")
    assert f"style {style}, models of {provider}" in out
    code, out, err = run("validate", "mine.yaml", "--json", "-")
    assert (code, err) == (0, "")
    facts = json.loads(out)
    assert 2 <= len(facts["models"]) <= 3
    for model in facts["models"]:
        assert model["ability"] is not None
        assert model["price"]["input"] is not None
        assert model["price"]["warning"] == ""
    assert not any("weights" in note for note in facts["notes"]), "quality counts"
    abilities = [model["ability"] for model in facts["models"]]
    assert abilities == sorted(abilities), "weakest first"
    prices = [model["price"]["input"] for model in facts["models"]]
    assert prices == sorted(prices), "cheapest first"


@pytest.mark.parametrize("provider", PROVIDERS[1:])
def test_the_policy_is_the_preset_with_other_models(provider):
    preset = yaml.safe_load(shipped("balanced.yaml").read_text("utf-8"))
    made = yaml.safe_load(starter(provider, "balanced"))
    names = [*made["models"]]
    assert names in (["small", "large"], ["small", "medium", "large"])
    assert made["helper"] == "small"
    assert made["stages"]["generator"]["options"] == names
    assert made["objective"]["weights"] != preset["objective"]["weights"]
    for each in (preset, made):
        del each["models"], each["helper"], each["objective"], each["stages"]["generator"]["options"]
    assert made == preset


@pytest.mark.parametrize("provider", PROVIDERS[1:])
def test_the_comments_are_those_of_the_provider(provider):
    text = starter(provider, "quality")
    assert text.startswith("# Quality: ")
    assert "Evidence" not in text, "it was measured with other models"
    assert "local:" not in text
    assert "# Models of " in text
    assert "# quality (0 to 1) that one unit is worth" in text


def test_local_models_are_those_of_the_preset_and_the_default(there, run):
    assert starter("local", "frugal") == shipped("frugal.yaml").read_text("utf-8")
    assert run("init", "mine.yaml")[0] == 0
    assert (there / "mine.yaml").read_text("utf-8") == shipped("balanced.yaml").read_text("utf-8")
    assert run("init", "mine.yaml", "--style", "quality", "--force")[0] == 0
    assert (there / "mine.yaml").read_text("utf-8") == shipped("quality.yaml").read_text("utf-8")


@pytest.mark.parametrize("provider", PROVIDERS[1:])
def test_styles_are_presets_and_spend_less_quality_from_one_to_the_next(provider):
    assert {*STYLES} <= {*PRESETS}
    weights = [yaml.safe_load(WEIGHTS[provider][style]) for style in STYLES]
    for dimension in ("usd", "joules"):
        amounts = [float(each[dimension]) for each in weights]
        assert amounts == sorted(amounts, reverse=True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--provider", "opnai"), "--provider: unknown provider 'opnai'; did you mean 'openai'"),
        (("--style", "cheap"), "--style: unknown style 'cheap'"),
        (("--preset", "balanced", "--provider", "openai"), "leave out --provider and --style"),
        (("--preset", "balanced", "--style", "frugal"), "leave out --provider and --style"),
    ],
)
def test_a_mistake_says_what_is_valid_and_writes_nothing(there, run, arguments, says):
    code, _, err = run("init", "mine.yaml", *arguments)
    assert code == 1
    assert says in err
    assert not (there / "mine.yaml").exists()


def test_a_preset_that_lost_a_part_is_noticed(monkeypatch, tmp_path):
    (tmp_path / "quality.yaml").write_text("# Quality.\nversion: 1\n")
    (tmp_path / "openai.yaml").write_text("models: {}\nhelper: small\n")
    monkeypatch.setattr("dynamicrag.cli.starter.shipped", lambda name: tmp_path / name.split("/")[-1])
    with pytest.raises(AssertionError, match="weights"):
        starter("openai", "quality")
    with pytest.raises(PolicyError, match="unknown style"):
        starter("openai", "")

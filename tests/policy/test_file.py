import re

import pytest
import yaml

from dynamicrag.errors import DynamicRAGError, PolicyError
from dynamicrag.policy.assembly import assemble
from dynamicrag.policy.file import PRESETS, load_policy

SMALL = """
version: 1
corpora: {docs: {path: docs}}
models: {small: {model: "local:smollm2-135m-instruct"}}
host: {meter: none}
stages:
  context: {options: {short: {chunks: 2}, long: {chunks: 4}}, router: prior}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# A\n\nThe bridge was opened by Ada.")
    return tmp_path


def write(folder, text):
    path = folder / "policy.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_valid_for_any_corpus(name, folder):
    policy = load_policy(name, corpus=folder / "docs")
    assert policy.name == name
    assert policy.corpora["docs"].path == [str(folder / "docs")]


def test_paths_in_a_policy_are_relative_to_it(folder, monkeypatch):
    monkeypatch.chdir("/")
    policy = load_policy(write(folder, SMALL))
    assert assembled(policy).corpora["docs"].paths == (folder / "docs",)


def assembled(policy):
    try:
        return assemble(policy)
    except DynamicRAGError as error:
        if "not on this machine" in str(error):
            pytest.skip("SmolLM2 is not downloaded")
        raise


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stagse": {}}, r"policy\.yaml: top level: unknown key 'stagse'; did you mean 'stages'"),
        ({"version": 2}, r"version"),
        ({"models": {}}, r"models"),
        ({"models": {"a": {"modle": "x:y"}}}, r"models\.a(\.model)?: (unknown key 'modle'|is missing)"),
        ({"objective": {"budget": {"per_query": {"jouls": 1}}}}, r"per_query.*did you mean 'joules'"),
        (
            {"objective": {"budget": {"per_query": {"joules": -1}}}},
            r"per_query\.joules: .*greater than or equal",
        ),
        ({"stages": {"retriver": {}}}, r"stages: unknown key 'retriver'; did you mean 'retriever'"),
        ({"stages": {"verification": {"escalate": {"unsrue": "generator"}}}}, r"did you mean 'unsure'"),
        ({"name": "x"}, r"unknown key 'name'"),
    ],
)
def test_a_mistake_in_the_schema_is_named(folder, change, message):
    path = write(folder, yaml.safe_dump({**yaml.safe_load(SMALL), **change}))
    with pytest.raises(PolicyError, match=message):
        load_policy(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stages": {"generator": {"router": "knm"}}}, r"stages\.generator\.router: unknown router 'knm'"),
        ({"stages": {"generator": {"options": ["smal"]}}}, r"unknown option 'smal'; did you mean 'small'"),
        (
            {"stages": {"retrieval": {"options": ["sometimes"]}}},
            r"retrieval\.options: unknown option 'sometimes'",
        ),
        ({"stages": {"retrieval": {"options": ["none", "single"]}}}, r"retrieval\.router: is missing"),
        (
            {"stages": {"retriever": {"options": {"x": {"bm52": {}}}}}},
            r"unknown retriever 'bm52'; did you mean 'bm25'",
        ),
        ({"stages": {"retriever": {"options": {"x": {"bm25": {"corpus": "dcos"}}}}}}, r"did you mean 'docs'"),
        (
            {"stages": {"retriever": {"options": {"x": "bm25"}, "parts": {"x": "bm25"}}}},
            r"retriever\.parts\.x: is also an option",
        ),
        (
            {"stages": {"retriever": {"options": {"x": "bm25"}, "parts": {"y": "bm52"}}}},
            r"retriever\.parts\.y: unknown retriever 'bm52'",
        ),
        ({"stages": {"context": {"options": {"x": {"chunk": 3}}}}}, r"context\.options\.x: expected"),
        (
            {"stages": {"context": {"options": {"x": {"chunks": -1}}}}},
            r"context\.options\.x\.chunks: .* 0 to 1,000",
        ),
        ({"stages": {"prompt": {"options": ["cto"]}}}, r"unknown prompt strategy 'cto'; did you mean 'cot'"),
        ({"stages": {"verification": {"options": ["accpet"]}}}, r"did you mean 'accept'"),
        ({"stages": {"verification": {"options": ["accept"], "verifiers": ["x"]}}}, r"unknown verifier 'x'"),
        (
            {"stages": {"verification": {"options": ["accept"], "escalate": {"unsure": "genrator"}}}},
            r"verification\.escalate\.unsure: unknown stage 'genrator'; did you mean 'generator'",
        ),
        ({"stages": {"context": {"options": {"x": {"chunks": 1}}, "router": "thresholds"}}}, r"verification"),
        ({"helper": "samll"}, r"helper: unknown model 'samll'; did you mean 'small'"),
        ({"host": {"country": "XXX"}}, r"host\.country: unknown"),
        ({"host": {"meter": "rapl"}}, r"host\.meter: unknown meter 'rapl'"),
        ({"corpora": {"docs": {"path": "dosc"}}}, r"corpora\.docs\.path: dosc does not exist; .*--corpus"),
        ({"models": {"a": {"model": "local:smollm"}}}, r"smollm2-135m-instruct"),
        ({"models": {"a": {"model": "smollm"}}}, r"expected 'provider:model'"),
        (
            {"models": {"a": {"model": "openai:x", "profile": {"prize": {}}}}},
            r"models\.a\.profile: unknown key",
        ),
        (
            {"models": {"a": {"model": "openai:x", "profile": {"usd": {"input": -1}}}}},
            r"profile\.usd\.input must be",
        ),
    ],
)
def test_a_name_that_fits_nothing_is_named(folder, change, message):
    path = write(folder, yaml.safe_dump({**yaml.safe_load(SMALL), **change}))
    with pytest.raises(DynamicRAGError, match=message):
        assembled(load_policy(path))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: 1\nversion: 1\n", "line 2: .*key 'version' twice"),
        ("version: [1\n", "not valid YAML"),
        ("- 1\n", "expected a mapping"),
        ("a: !!python/object/apply:os.system [ls]\n", "not valid YAML"),
    ],
)
def test_bad_yaml_is_refused(folder, text, message):
    with pytest.raises(PolicyError, match=message):
        load_policy(write(folder, text))


def test_an_unknown_preset_lists_the_presets():
    with pytest.raises(PolicyError, match="unknown preset 'balancd'; did you mean 'balanced'"):
        load_policy("balancd")


@pytest.mark.parametrize("given", [5, [], b"frugal", ("frugal",)])
def test_what_names_no_policy_is_refused(given):
    with pytest.raises(PolicyError, match=r"policy: expected a preset \(frugal, .*as a mapping, got "):
        load_policy(given)


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(PolicyError, match="no such policy file"):
        load_policy(tmp_path / "none.yaml")


CALIBRATED = """
calibrated:
  date: 2026-11-25
  rows: 120
  joules: {mean: 52.1, low: 44.0, high: 60.9}
  abstained: 0.05
  shares: {generator: {small: 0.25, large: 0.75}}
"""


def test_what_a_policy_was_calibrated_to(folder):
    policy = load_policy(write(folder, SMALL + CALIBRATED))
    assert policy.calibrated.date.isoformat() == "2026-11-25T00:00:00+00:00"
    assert policy.calibrated.joules.high == 60.9
    assert policy.calibrated.shares["generator"]["large"] == 0.75
    assert load_policy(write(folder, SMALL)).calibrated is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rows: 120", "rows: 0", r"calibrated\.rows: .*greater than 0"),
        ("  rows: 120\n", "", r"calibrated\.rows: is missing"),
        ("date: 2026-11-25", "date: soon", r"calibrated\.date"),
        ("joules:", "jouls:", r"calibrated: unknown key 'jouls'; did you mean 'joules'"),
        ("mean: 52.1", "men: 1, mean: 52.1", r"calibrated\.joules: unknown key 'men'; did you mean 'mean'"),
        ("low: 44.0", "low: 54.0", r"calibrated\.joules: .*not in order: 54.0, 52.1, 60.9"),
        ("high: 60.9", "high: .nan", r"calibrated\.joules"),
        ("abstained: 0.05", "abstained: 5", r"calibrated\.abstained: .*less than or equal to 1"),
        ("{generator:", "{generater:", r"calibrated\.shares: .*did you mean 'generator'"),
        ("large: 0.75", "large: 0.95", r"calibrated\.shares: .*generator add up to 1\.200"),
    ],
)
def test_a_calibration_that_cannot_be(folder, old, new, message):
    assert old in CALIBRATED
    with pytest.raises(PolicyError, match=message):
        load_policy(write(folder, SMALL + CALIBRATED.replace(old, new)))


def test_a_mapping_is_named_by_its_content():
    one = {
        "version": 1,
        "models": {"a": {"model": "openai:gpt-4o"}},
        "stages": {"generator": {"options": ["a"]}},
    }
    two = {
        "version": 1,
        "stages": {"generator": {"options": ["a"]}},
        "models": {"a": {"model": "openai:gpt-4o"}},
    }
    other = {**one, "outside": "abstain"}
    names = [load_policy(policy).name for policy in (one, two, other)]
    assert names[0] == names[1] != names[2]
    assert re.fullmatch(r"policy-[0-9a-f]{6}", names[0])


@pytest.mark.parametrize("name", ["frugal", "balanced", "quality", "support"])
def test_presets_offer_the_passages_of_the_turn_before(name):
    options = load_policy(name).stages["retrieval"].specs
    assert {"reuse", "extend"} <= {*options}

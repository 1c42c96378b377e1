"""The JSON Schema of a policy says what the policy file says."""

import copy
import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from dynamicrag.errors import PolicyError
from dynamicrag.policy.assembly import assemble
from dynamicrag.policy.file import PRESETS, load_policy
from dynamicrag.policy.policy import Policy
from dynamicrag.policy.schema import policy_schema
from tests.cli.conftest import run  # noqa: F401 - a fixture

ROOT = Path(__file__).parents[2]
SCHEMA = policy_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def mistakes(policy):
    return [error.message for error in VALIDATOR.iter_errors(policy)]


def written():
    for name in PRESETS:
        yield pytest.param((ROOT / "policies" / f"{name}.yaml").read_text(), id=name)


@pytest.mark.parametrize("text", written())
def test_every_policy_that_we_ship_fits(text):
    assert mistakes(yaml.safe_load(text)) == []


def test_it_is_a_schema_and_plain_json():
    Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


def test_every_key_of_a_policy_is_in_it_and_none_that_a_file_may_not_have():
    kept = {name for name, field in Policy.model_fields.items() if not field.exclude}
    assert set(SCHEMA["properties"]) == kept


PLAIN = {"version": 1, "models": {"m": {"model": "openai:m"}}, "corpora": {"docs": {"path": "docs"}}}


def change(place, value):
    policy = copy.deepcopy(PLAIN)
    at = policy
    for key in place[:-1]:
        at = at.setdefault(key, {})
    at[place[-1]] = value
    return policy


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("modles",), {}),
        (("version",), 2),
        (("corpora", "docs", "chunk"), {"size": 3}),
        (("corpora", "docs", "embeding"), "x"),
        (("corpora", "docs", "nearness"), {"similar": 0.5}),
        (("models", "m", "runs"), "here"),
        (("objective", "budget", "per_query"), {"jouls": 1}),
        (("outside",), "maybe"),
        (("plugins",), [3]),
    ],
)
def test_what_a_policy_refuses_the_schema_refuses(place, value):
    policy = change(place, value)
    assert mistakes(policy)
    with pytest.raises(PolicyError):
        load_policy(policy, trust=False)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("plugins",), "my.module"),
        (("stages", "generator", "router"), "a_plugins_router"),
        (("stages", "generator", "router"), {"knn": {"k": 3}}),
        (("stages", "generator", "router"), {"fixed": {"option": "m"}}),
        (
            ("stages",),
            {"prompt": {"options": {"direct": {"style": "full"}, "cot": None, "b": {"direct": None}}}},
        ),
        (("stages",), {"prompt": {"options": {"direct": {"cot": {"max_tokens": 9}}, "mine": "direct"}}}),
        (("stages",), {"retriever": {"options": {"words": "bm25", "kb": None}}}),
        (("corpora", "docs", "path"), ["a", "b"]),
        (("corpora", "docs", "embedding"), {"openai:x": {"dimensions": 256}}),
    ],
)
def test_what_a_policy_takes_the_schema_takes(place, value):
    policy = change(place, value)
    assert mistakes(policy) == []
    load_policy(policy, trust=False)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("stages",), {"prompt": {"options": {"direct": {"stile": "full"}}}}),
        (("stages",), {"prompt": {"options": {"short": {"direct": {"style": "ful"}}}}}),
        (("stages",), {"retriever": {"options": {"words": {"bm25": {"k3": 1}}}}}),
        (("stages",), {"retriever": {"options": {"both": {"rrf": {}}}}}),
        (("stages", "generator"), {"options": ["m"], "router": {"fixed": {"optoin": "m"}}}),
        (("stages", "verification"), {"options": ["accept"], "verifiers": [{"agreement": {"sample": 6}}]}),
    ],
)
def test_what_assembly_refuses_of_parameters_the_schema_refuses(place, value, tmp_path):
    policy = change(place, value)
    assert mistakes(policy)
    with pytest.raises(PolicyError, match=r"stages\.\w+\."):
        assemble(load_policy({**policy, "host": {"meter": "none"}, "runs": {"keep": 0}}, tmp_path))


def test_names_are_offered():
    routers = SCHEMA["$defs"]["StageSection"]["properties"]["router"]["anyOf"][0]["enum"]
    assert {"fixed", "llm", "knn", "prior"} <= set(routers)
    assert "openai:gpt-4o-mini" in SCHEMA["$defs"]["ModelSection"]["properties"]["model"]["examples"]


def test_the_command_prints_it(run):  # noqa: F811
    code, out, _ = run("validate", "--schema")
    assert code == 0
    assert json.loads(out) == SCHEMA


def test_the_command_wants_a_policy_or_the_schema(run):  # noqa: F811
    code, _, err = run("validate")
    assert code == 2
    assert "give a preset or a YAML file, or --schema" in err

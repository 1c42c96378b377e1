"""What ``validate`` tells of a policy that is valid, or may be."""

import json

import pytest

from tests.cli.conftest import POLICY


def test_validate_says_that_plugins_were_not_imported(there, run):
    (there / "mine.py").write_text("raise SystemExit('this was run')")
    (there / "p.yaml").write_text(POLICY + "\nplugins: [mine]\n")
    code, out, err = run("validate", "p.yaml")
    assert code == 0, err
    assert "plugin mine was not imported, which would run it; --trust does" in out
    (there / "p.yaml").write_text(POLICY.replace("router: prior", "router: mine") + "\nplugins: [mine]\n")
    code, _, err = run("validate", "p.yaml")
    assert code == 1
    assert "unknown router 'mine'" in err
    assert "It may come from a plugin (mine)" in err


def test_validate_says_that_cosines_were_not_measured(there, run):
    policy = POLICY.replace("path: docs/", "path: docs/, embedding: 'intfloat/e5'").replace("bm25", "chroma")
    (there / "p.yaml").write_text(policy)
    code, out, err = run("validate", "p.yaml")
    assert code == 0, err
    said = " ".join(out.split())
    assert "corpus docs: what the cosines of intfloat/e5 mean was not measured" in said
    assert "corpora.docs.nearness" in said
    measured = "'intfloat/e5', nearness: {similar: 0.9, strange: 0.8}"
    (there / "p.yaml").write_text(policy.replace("'intfloat/e5'", measured))
    assert "was not measured" not in run("validate", "p.yaml")[1]


def test_validate_names_what_an_embedding_lacks(there, run):
    (there / "p.yaml").write_text(POLICY.replace("path: docs/", "path: docs/, embedding: 'cohere:embed-v4'"))
    code, out, err = run("validate", "p.yaml")
    assert code == 0, err
    assert "corpus docs: embedding: its package is not installed; pip install langchain-cohere" in out


def test_validate_shows_how_able_models_are(there, run):
    models = "small: {model: 'fake:acme-7b'}, listed: {model: 'fake:gpt-4o'}, large: {model: 'fake:oracle'}"
    models += ", given: {model: 'fake:other', ability: 0.91}"
    text = POLICY.replace('small: {model: "fake:parrot"}, large: {model: "fake:oracle"}', models)
    (there / "p.yaml").write_text(text)
    _, out, err = run("validate", "p.yaml", "--json", "-")
    assert err == ""
    found = {model["name"]: model for model in json.loads(out)["models"]}
    assert found["listed"]["ability"] == 0.887
    assert "simple-evals" in found["listed"]["ability_source"]
    assert not found["listed"]["estimated"]
    assert found["small"]["estimated"]
    assert found["large"]["ability"] is None
    assert (found["given"]["ability"], found["given"]["ability_source"]) == (0.91, "given by the user")
    _, out, _ = run("validate", "p.yaml")
    rows = {line.split()[0]: line.split() for line in out.splitlines() if "fake:" in line}
    assert "0.89" in rows["listed"]
    assert f"~{found['small']['ability']:.2f}" in rows["small"]
    assert "?" in rows["large"]


@pytest.mark.parametrize(("weights", "said"), [("{usd: 1000}", True), ("{usd: 5}", False), ("{}", False)])
def test_validate_says_if_cost_alone_decides(there, run, weights, said):
    text = POLICY.replace("fake:parrot", "openai:gpt-4o-mini").replace("fake:oracle", "openai:gpt-4o")
    (there / "p.yaml").write_text(f"{text}\nobjective: {{weights: {weights}}}\n")
    code, out, err = run("validate", "p.yaml")
    assert (code, err) == (0, "")
    assert ("cost alone decides; divide the weights by" in " ".join(out.split())) is said

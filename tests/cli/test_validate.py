"""What ``validate`` tells of a policy that is valid, or may be."""

from tests.cli.conftest import POLICY


def test_validate_says_that_plugins_were_not_imported(there, run):
    (there / "mine.py").write_text("raise SystemExit('this was run')")
    (there / "p.yaml").write_text(POLICY + "\nplugins: [mine]\n")
    code, out, err = run("validate", "p.yaml")
    assert code == 0, err
    assert "plugin mine was not imported, which would run it; --trust does" in out
    (there / "p.yaml").write_text(POLICY.replace("router: heuristic", "router: mine") + "\nplugins: [mine]\n")
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

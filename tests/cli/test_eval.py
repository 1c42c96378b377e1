"""``dynamicrag eval`` as people run it."""

import json
import sys

import pytest

from dynamicrag.lab.outcomes.file import write_table
from tests.lab.routing.tables import learnable

FAST = ("--routers", "linear,kmeans", "--features", "lexical", "--bootstrap", "50")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DYNAMICRAG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "100")
    write_table(learnable(), tmp_path / "train.jsonl")
    write_table(learnable(30, start=200), tmp_path / "test.jsonl.gz")
    lines = [
        {"label": int(i % 3 == 0), "question": f"{'short' if i % 3 else 'long ' * 9} {i}"} for i in range(60)
    ]
    (tmp_path / "labels.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return tmp_path


@pytest.mark.slow
def test_the_table(here, run):
    code, out, _ = run("eval", "--train", "train.jsonl", *FAST, "--json", "out.json", "--at", "5")
    assert code == 0
    for words in ("120 queries, 2 options", "linear", "oracle_cheapest", "APGR", "only right", "Quality at"):
        assert words in out
    assert max(map(len, out.splitlines())) <= 100
    found = json.loads((here / "out.json").read_text())
    assert found["routers"]["linear"]["quality_at"]["5"] > 0.5


def test_another_table_as_json(here, run):
    code, out, _ = run("eval", "--train", "train.jsonl", "--test", "test.jsonl.gz", *FAST, "--json", "-")
    assert code == 0
    assert json.loads(out)["data"]["queries"] == 30


def test_pictures(here, run):
    pytest.importorskip("matplotlib")
    code, _, _ = run("eval", "--train", "train.jsonl", *FAST, "--plot", "made/plots")
    assert code == 0
    assert (here / "made/plots/eval.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (here / "made/plots/eval.html").read_text()
    assert len(list((here / "made/plots").iterdir())) == 2


def test_without_matplotlib(here, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, _, err = run("eval", "--train", "train.jsonl", *FAST, "--plot", "plots")
    assert code == 1
    assert "pip install 'dynamicrag[lab]'" in err


def test_labels(here, run):
    code, out, _ = run("eval", "--train", "labels.jsonl", "--labels", "direct,skeleton", *FAST)
    assert code == 0
    assert "balanced" in out
    assert "skeleton" in out


def test_specs(here, run):
    spec = "{knn: {k: 3}}"
    code, out, _ = run(
        "eval", "--train", "train.jsonl", "--routers", spec, "--features", "lexical", "--json", "-"
    )
    assert code == 0
    assert list(json.loads(out)["routers"]) == ["knn(k=3)"]


@pytest.mark.slow
def test_without_the_embedding_model_it_does_without(here, run):
    code, out, err = run(
        "eval", "--train", "train.jsonl", "--routers", "linear", "--bootstrap", "0", "--json", "-"
    )
    assert code == 0, err
    found = json.loads(out)
    assert found["features"]["families"] == ["lexical", "tfidf"]
    assert any("dynamicrag models pull all-minilm-l6-v2" in note for note in found["notes"])


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--routers", "knm"], "unknown predictor 'knm'; did you mean 'knn'"),
        (["--routers", "random"], "at least one is needed"),
        (["--routers", "{knn: "], "is no YAML"),
        (["--features", "lexicl"], "unknown features 'lexicl'; did you mean 'lexical'"),
        (["--features", "response"], "known only after"),
        (["--features", "retrieval"], "has no retrieval signals"),
        (["--features", "embedding"], "dynamicrag models pull"),
        (["--cost", "usdd"], "did you mean 'usd'"),
        (["--option-cost", "small"], "expected OPTION=NUMBER"),
        (["--option-cost", "small=nan"], "expected a number of 0 or more"),
        (["--options", "smal"], "did you mean 'small'"),
        (["--labels", "one"], "two different names"),
        (["--at", "x"], "--at: expected a number"),
        (["--test", "missing.jsonl"], "cannot be read"),
        (["--json", "no/x.json"], "there is no folder no"),
        (["--plot", "train.jsonl"], "cannot be made"),
    ],
)
def test_mistakes(here, run, more, says):
    code, _, err = run("eval", "--train", "train.jsonl", *more)
    assert code == 1
    assert says in err
    assert "internal error" not in err

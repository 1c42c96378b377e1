"""The whole command on tiny data: it learns every part, names a missing source, and says what it keeps."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from dynamicrag.errors import InputError
from dynamicrag.lab.priors.food import Places
from dynamicrag.lab.priors.learn import learn
from dynamicrag.lab.priors.sources import GENERAL, PROMPTING, QUESTION_SETS, STRATEGY_BY_QUESTION, SUMS
from dynamicrag.lab.priors.tables import Tables
from dynamicrag.priors.stages import shipped_stages
from dynamicrag.testing import FakeEmbedder
from tests.lab.priors.synthetic import embed, write, write_strategies

QUESTIONS = 12
PATH = {"retrieval": "single", "retriever": "linked", "context": "short", "verification": "accept"}


def lines(path: Path, rows: list[dict]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join(json.dumps(row) for row in rows) + "\n"
    path.write_bytes(gzip.compress(text.encode(), mtime=0) if path.suffix == ".gz" else text.encode())
    return path


def question(name: str, n: int) -> str:
    return f"Who owned the mill number {n} of {name}, and when was the owner born?"


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Return a folder with made-up tables, question sets, a project and a recording."""
    root = tmp_path_factory.mktemp("data")
    write(root, rows=60)
    write_strategies(root, rows=20)
    (root / STRATEGY_BY_QUESTION.file).write_bytes(
        gzip.compress(
            "\n".join(
                json.dumps({
                    "query_id": f"h{n}", "query": question("Ord", n) if n % 2 else "Who is it?",
                    "group": "hotpotqa" if n % 2 else "squad", "outcomes": {"none": {"quality": 0.5}},
                })
                for n in range(20)
            ).encode()
        )
    )  # fmt: skip
    sums = "Ada has 3 pears and 4 plums and eats two of all of them, how many are left?"
    lines(
        root / PROMPTING.file,
        [{"query_id": "s", "query": sums, "outcomes": {"cot": {"quality": 1}, "direct": {"quality": 0}}}],
    )
    for source in (GENERAL, SUMS):
        asked = [
            {"query_id": f"g{n}", "query": question(source.file, n), "outcomes": {"a": {"quality": 1}}}
            for n in range(70)
        ]
        lines(root / source.file, asked)
    recorded = []
    for name in QUESTION_SETS:
        passages = [
            {
                "id": f"{name}{n}",
                "title": f"{kind} {n} of {name}",
                "text": f"The {kind} number {n} of {name}.",
            }
            for n in range(QUESTIONS)
            for kind in ("mill", "owner")
        ]
        for number, each in enumerate(passages):
            each["id"] = f"{name}-{number}"
        lines(root / f"{name}_corpus.jsonl.gz", passages)
        asked = [
            {
                "query_id": f"{name}-q{n}",
                "question": question(name, n),
                "answers": [f"number {n}"],
                "gold": [f"{name}-{2 * n}", f"{name}-{2 * n + 1}"],
            }
            for n in range(QUESTIONS)
        ]
        lines(root / f"{name}_questions.jsonl.gz", asked)
        recorded += asked
    sample = {"query_id": "q01", "question": "Where is the bridge of Ord?", "gold": ["bridge.md"]}
    lines(root / "examples" / "questions.jsonl", [sample])
    other = {"id": "p01", "question": "How does one cross the river there?", "document": "bridge.md"}
    lines(root / "tests" / "answers" / "paraphrases.jsonl", [other])
    (root / "examples" / "corpus").mkdir()
    (root / "examples" / "corpus" / "bridge.md").write_text(
        "# Bridge\n\nThe bridge of Ord crosses the river."
    )
    rng = np.random.default_rng(0)
    rows = []
    for each in recorded:
        outcomes = {}
        for model in ("medium", "large"):
            for prompt in ("direct", "compare"):
                right = float(rng.random() < (0.9 if prompt == "direct" else 0.4))
                path = {**PATH, "prompt": prompt, "generator": model}
                outcomes[f"{model}/{prompt}"] = {
                    "quality": right, "f1": right, "path": path,
                    "signals": {"first_margin": 0.2 + 0.6 * right, "groundedness": 0.5},
                }  # fmt: skip
        rows.append({"query_id": each["query_id"], "query": each["question"], "outcomes": outcomes})
    lines(root / "recording.jsonl.gz", rows)
    return root


def learnt(data: Path, indexes: Path, *recordings: str, project: str = ".", steps: list[str] | None = None):
    said = [] if steps is None else steps
    places = Places(data, data / project, [data / name for name in recordings], indexes)
    return learn(Tables(data, embed, "toy", said.append), places, FakeEmbedder())


@pytest.fixture(scope="module")
def made(data, tmp_path_factory):
    return learnt(data, tmp_path_factory.mktemp("indexes"), "recording.jsonl.gz")


@pytest.mark.slow
def test_every_part_is_learnt(made):
    shipped = shipped_stages()
    for name in ("retriever", "context", "prompt"):
        assert made.stages.shifts[name] != shipped.shifts[name]
    assert made.stages.verification.weights["token_margin"].slope > 1
    assert made.stages.shifts["prompt"].plain < -1
    assert made.recordings == "recordings of 96 answers to 24 questions"
    assert made.knowledge.embedder == "toy"


@pytest.mark.slow
def test_the_same_data_give_the_same_files(data, made, tmp_path):
    again = learnt(data, tmp_path / "indexes", "recording.jsonl.gz")
    for name, part in (("stages.json", "stages"), ("prior.npz", "knowledge")):
        one, two = (
            getattr(each, part).save(tmp_path / f"{n}-{name}") for n, each in enumerate((made, again))
        )
        assert one.read_bytes() == two.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    "recordings", [pytest.param((), marks=pytest.mark.slow), ("recording.jsonl.gz", "lost.jsonl.gz")]
)
def test_without_a_recording_its_parts_stay_and_it_is_said(data, tmp_path, recordings):
    steps = []
    found = learnt(data, tmp_path, *recordings, steps=steps)
    shipped = shipped_stages()
    assert found.stages.verification == shipped.verification
    assert found.stages.shifts["prompt"] == shipped.shifts["prompt"]
    assert found.stages.shifts["context"].held == shipped.shifts["context"].held
    assert found.stages.shifts["context"] != shipped.shifts["context"]
    said = [step for step in steps if "stay as shipped" in step]
    assert len(said) == 1
    assert ("lost.jsonl.gz missing" if recordings else "none given") in said[0]
    assert "no recordings" in found.recordings


@pytest.mark.parametrize("lost", ["hotpotqa_questions.jsonl.gz", "2wikimultihopqa_corpus.jsonl.gz"])
def test_a_missing_question_set_is_named_with_its_origin(data, tmp_path, lost):
    (kept := data / lost).rename(tmp_path / lost)
    try:
        with pytest.raises(InputError, match=rf"{lost}: .*missing.*s-nlp/AdaRAGUE \(MIT\)"):
            learnt(data, tmp_path / "indexes")
    finally:
        (tmp_path / lost).rename(kept)


def test_outside_a_checkout_the_command_says_so(data, tmp_path):
    with pytest.raises(InputError, match=r"questions.jsonl.*run the command from a checkout"):
        learnt(data, tmp_path, project="elsewhere")


@pytest.mark.slow
def test_progress_is_reported(data, tmp_path):
    steps = []
    learnt(data, tmp_path, "recording.jsonl.gz", steps=steps)
    for part in ("search hotpotqa: 12 questions", "read strategy_x", "fit the context", "from recordings"):
        assert any(part in step for step in steps), part

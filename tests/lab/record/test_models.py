import os
import subprocess
import sys
from pathlib import Path

import pytest

from dynamicrag.lab.outcomes.file import read_table
from dynamicrag.llm.pull import path_of

ROOT = Path(__file__).parents[3]
CORPUS = ROOT / "examples" / "corpus"
# one thread: two wait for one another where another process has a core
POLICY = """
version: 1
corpora: {docs: {path: docs/}}
models: {small: {model: "local:smollm2-135m-instruct", params: {threads: 1}}}
stages:
  retrieval: {options: [none, single], router: prior}
  context: {options: {short: {chunks: 1}}}
  prompt: {options: {direct: {style: brief}}}
"""


@pytest.mark.models
def test_two_questions_on_two_paths(tmp_path, monkeypatch):
    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path))
    if path_of("smollm2-135m-instruct") is None:
        pytest.skip("smollm2-135m-instruct is not on this machine")
    (tmp_path / "p.yaml").write_text(POLICY)
    lines = (ROOT / "examples" / "questions.jsonl").read_text().splitlines()
    (tmp_path / "q.jsonl").write_text("\n".join(lines[2:4]))
    command = [sys.executable, "-m", "dynamicrag.cli", "record", "-p", "p.yaml", "-q", "q.jsonl",
               "--out", "t.jsonl", "-c", str(CORPUS), "--vary", "retrieval"]  # fmt: skip
    subprocess.run(command, cwd=tmp_path, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    table = read_table(tmp_path / "t.jsonl")
    assert table.options == ("none", "single")
    for row in table.rows:
        cached = {name: outcome.facts["cached_tokens"] for name, outcome in row.outcomes.items()}
        assert cached["single"] > 10 * cached["none"] > 0
        # no order among joules: beside other busy processes llama.cpp's threads burn many times their due
        assert all(outcome.facts["joules"] > 0 for outcome in row.outcomes.values())
        assert row.outcomes["single"].kinds["joules"] in ("modelled", "measured")
    first, second = (row.outcomes["single"].facts["cached_tokens"] for row in table.rows)
    assert first == second

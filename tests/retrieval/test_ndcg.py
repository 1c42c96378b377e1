"""nDCG@10 of the retrievers on question sets with known passages, where these and the model are at hand.

The data is not part of the project: ``DYNAMICRAG_BENCH_DATA`` names its folder (by default
``../shared/data``). Embedding it takes minutes, so the test runs only where
``DYNAMICRAG_BENCH_INDEXES`` names a folder to keep the indexes in. With ``-s`` the figures are shown.
"""

import gzip
import json
import math
import os
from pathlib import Path

import pytest

from dynamicrag.llm.pull import pull
from dynamicrag.retrieval import RETRIEVERS, Corpus, LocalEmbedder, RetrievalContext

DATA = Path(os.environ.get("DYNAMICRAG_BENCH_DATA", Path(__file__).parents[3] / "shared" / "data")) / "qa"
PLAIN_BM25 = {"hotpotqa": 0.751, "2wikimultihopqa": 0.737, "cranfield": 0.339}
OPTIONS = {
    "lexical": "bm25",
    "dense": "chroma",
    "hybrid": {"rrf": {"of": ["lexical", "dense"]}},
    "linked": {"linked": {"of": "hybrid"}},
}


def ndcg(ranking: list[str], gold: set[str]) -> float:
    gain = sum(1 / math.log2(rank + 2) for rank, name in enumerate(ranking[:10]) if name in gold)
    return gain / sum(1 / math.log2(rank + 2) for rank in range(min(10, len(gold))))


async def measure(corpus: Corpus, options: dict, questions: Path) -> dict[str, float]:
    built = {name: RETRIEVERS.build(spec, name) for name, spec in options.items()}
    for name, option in built.items():
        option.bind(RetrievalContext({"docs": corpus}, "docs", built, name))
    sums = dict.fromkeys(built, 0.0)
    with gzip.open(questions, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    for row in rows:
        for name, option in built.items():
            found = await option.retrieve(row["question"], 30)
            parents = list(dict.fromkeys(passage["document"] for passage in found.passages))
            sums[name] += ndcg(parents, set(row["gold"]))
    return {name: total / len(rows) for name, total in sums.items()}


@pytest.mark.models
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", PLAIN_BM25)
async def test_retrievers_beat_plain_bm25(name):
    if not (DATA / f"{name}_corpus.jsonl.gz").exists():
        pytest.skip(f"no benchmark data in {DATA}; DYNAMICRAG_BENCH_DATA names its folder")
    if "DYNAMICRAG_BENCH_INDEXES" not in os.environ:
        pytest.skip(
            "DYNAMICRAG_BENCH_INDEXES does not name a folder for the indexes; embedding takes minutes"
        )
    corpus = Corpus(
        name,
        [DATA / f"{name}_corpus.jsonl.gz"],
        embedder=LocalEmbedder(lambda: pull("all-minilm-l6-v2")),
        root=Path(os.environ["DYNAMICRAG_BENCH_INDEXES"]),
    )
    found = await measure(corpus, OPTIONS, DATA / f"{name}_questions.jsonl.gz")
    print(name, {option: round(value, 3) for option, value in found.items()})  # noqa: T201
    assert found["lexical"] > PLAIN_BM25[name] + 0.015
    assert found["hybrid"] > PLAIN_BM25[name]
    assert found["linked"] > found["hybrid"] - 0.01

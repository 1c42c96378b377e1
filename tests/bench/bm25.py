"""BM25 at 100,000 documents, against rank-bm25."""

from random import Random

from dynamicrag.retrieval.lexical import Bm25sIndex
from dynamicrag.retrieval.lexical_reference import RankBm25Index
from dynamicrag.retrieval.store import Chunk
from tests.bench.measure import Measure, ratio

DOCUMENTS = 100_000
QUERIES = 5


def measures() -> list[Measure]:
    """Return the measures of this module."""
    random = Random(0)
    vocabulary = [f"w{int(random.paretovariate(0.6)) % 50_000}" for _ in range(400_000)]
    chunks = [
        Chunk(id=f"d{i}#0", title="", text=" ".join(random.sample(vocabulary, 40))) for i in range(DOCUMENTS)
    ]
    fast, slow = Bm25sIndex.build(chunks, k1=0.9, b=0.4), RankBm25Index.build(chunks, k1=0.9, b=0.4)
    queries = [" ".join(random.sample(vocabulary, 6)) for _ in range(QUERIES)]
    value, ours, theirs = ratio(
        lambda: [fast.search(query, 10) for query in queries],
        lambda: [slow.search(query, 10) for query in queries],
        rounds=5,
    )
    note = f"{ours / QUERIES * 1e3:.2f} ms against {theirs / QUERIES * 1e3:.0f} ms a query"
    return [Measure("bm25 at 100k documents / rank-bm25", value, 0.01, note)]

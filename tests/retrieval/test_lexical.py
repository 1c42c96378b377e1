import random
import time
from itertools import pairwise

import pytest

from dynamicrag.retrieval.index_terms import analyse
from dynamicrag.retrieval.lexical import Bm25sIndex
from dynamicrag.retrieval.lexical_reference import RankBm25Index
from dynamicrag.retrieval.store import Chunk


def random_chunks(seed: int) -> list[Chunk]:
    """Few words, many repeats: ties, terms in most chunks, empty and equal chunks."""
    draw = random.Random(seed)
    words = [f"w{n}" for n in range(draw.choice([3, 12, 60]))]
    return [
        Chunk(f"d#{n}", draw.choice(["", *words]), " ".join(draw.choices(words, k=draw.randrange(12))))
        for n in range(draw.randrange(1, 40))
    ]


@pytest.mark.parametrize("seed", range(60))
def test_both_implementations_rank_alike(seed):
    chunks = random_chunks(seed)
    draw = random.Random(-seed)
    k1, b = draw.choice([(0.9, 0.4), (1.5, 0.75), (0.01, 0.0), (2.0, 1.0)])
    fast, reference = (kind.build(chunks, k1=k1, b=b) for kind in (Bm25sIndex, RankBm25Index))
    for _ in range(10):
        query = " ".join(draw.choices([f"w{n}" for n in range(70)], k=draw.randrange(5)))
        k = draw.randrange(1, 50)
        one, two = fast.search(query, k), reference.search(query, k)
        assert [name for name, _ in one] == [name for name, _ in two]
        assert [score for _, score in one] == pytest.approx([score for _, score in two], abs=1e-9)
        assert all(x[1] >= y[1] - 1e-9 for x, y in pairwise(one))


def test_a_term_in_every_chunk_still_counts():
    chunks = [Chunk("a#0", "", "cat"), Chunk("b#0", "", "cat cat"), Chunk("c#0", "", "cat dog")]
    for kind in (Bm25sIndex, RankBm25Index):
        found = kind.build(chunks, k1=0.9, b=0.4).search("cat", 5)
        assert [name for name, _ in found] == ["b#0", "a#0", "c#0"]
        assert all(score > 0 for _, score in found)


def test_ties_keep_the_order_of_chunks():
    chunks = [Chunk(f"{n}#0", "", "same words here") for n in range(50)]
    found = Bm25sIndex.build(chunks, k1=0.9, b=0.4).search("words", 7)
    assert [name for name, _ in found] == [f"{n}#0" for n in range(7)]


@pytest.mark.parametrize("kind", [Bm25sIndex, RankBm25Index])
@pytest.mark.parametrize("chunks", [[], [Chunk("a#0", "", "!!!")]])
def test_a_corpus_without_words(kind, chunks):
    index = kind.build(chunks, k1=0.9, b=0.4)
    assert index.search("anything", 3) == []


def test_save_and_load(tmp_path):
    index = Bm25sIndex.build(random_chunks(1), k1=0.9, b=0.4)
    index.save(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".npy", ".json"}
    assert Bm25sIndex.load(tmp_path).search("w1 w2", 10) == index.search("w1 w2", 10)
    (tmp_path / "ids.json").write_text("[]")
    with pytest.raises(ValueError, match="do not belong together"):
        Bm25sIndex.load(tmp_path)


def test_terms():
    assert analyse("The Cities' buses, and WHO wrote 'Ulysses' in gas-lit Paris?") == [
        "city", "buse", "wrote", "ulysse", "gas", "lit", "gaslit", "pari",
    ]  # fmt: skip
    assert analyse("Über Straßen: 日本 naïve") == ["uber", "strassen", "日本", "日", "本", "naive"]


def test_coverage():
    chunks = [Chunk(f"{n}#0", "Bridge", f"opened in {n}") for n in range(20)]
    index = Bm25sIndex.build([*chunks, Chunk("z#0", "", "zebra")], k1=0.9, b=0.4)
    inside, outside, half = (
        index.coverage(q) for q in ("opened a bridge?", "quantum gravity", "bridge gravity")
    )
    assert inside == {"coverage": 1.0, "idf_coverage": 1.0, "unseen_terms": 0.0}
    assert outside == {"coverage": 0.0, "idf_coverage": 0.0, "unseen_terms": 2.0}
    assert half["coverage"] == 0.5
    assert 0 < half["idf_coverage"] < 0.1  # "bridge" is everywhere, "gravity" would be rare
    assert index.coverage("who is it?") == {"coverage": 0.0, "idf_coverage": 0.0, "unseen_terms": 0.0}
    start = time.process_time()
    for _ in range(200):
        index.coverage("Who opened the Humber bridge, and what does a zebra think of gravity?")
    assert time.process_time() - start < 0.4

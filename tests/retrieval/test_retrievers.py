import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from dynamicrag.call_options import NO_FILTER
from dynamicrag.errors import PolicyError
from dynamicrag.records import Passage
from dynamicrag.retrieval import RETRIEVERS, RetrievalContext, Retrieved, Retriever
from dynamicrag.types import Usage

WHERE = "stages.retriever.options"
QUERY = "Who photographs town 15 from the southern bank?"


def bind(corpora, **specs):
    options = {name: RETRIEVERS.build(spec, f"{WHERE}.{name}") for name, spec in specs.items()}
    for name, option in options.items():
        option.bind(RetrievalContext(corpora, next(iter(corpora), ""), options, f"{WHERE}.{name}"))
    return options


class Canned(Retriever):
    def __init__(self, *names: str, pause: float = 0.0, confidence: float = 1.0) -> None:
        self._confidence = confidence
        self._passages = [Passage(id=n, document=n, title=n, text=n, score=1.0) for n in names]
        self._pause = pause

    def bind(self, context):
        pass

    async def retrieve(self, query, k, filter=NO_FILTER):  # noqa: A002
        await asyncio.sleep(self._pause)
        usage = Usage(calls=1, seconds=self._pause, cpu_seconds=0.5)
        return Retrieved(self._passages[:k], usage, self._confidence)


def test_what_there_is():
    assert set(RETRIEVERS) == {"bm25", "chroma", "rrf", "linked", "langchain", "llama_index"}


@pytest.mark.parametrize("spec", ["bm25", {"bm25": {"implementation": "rank-bm25"}}, "chroma"])
async def test_retrievers(ingested, spec):
    option = bind({"docs": ingested}, it=spec)["it"]
    assert option.sources == (ingested,)
    found = await option.retrieve(QUERY, 3)
    assert len(found.passages) == 3
    assert found.passages[0]["document"] == "sub/town15.md"
    assert "photograph" in found.passages[0]["text"]
    scores = [passage["score"] for passage in found.passages]
    assert scores == sorted(scores, reverse=True)
    assert found.usage.calls == 1
    assert found.usage.seconds > 0
    assert 0 < found.usage.cpu_seconds <= found.usage.seconds * 2 + 0.5
    assert (await option.retrieve(QUERY, 0)).passages == []
    assert len((await option.retrieve(QUERY, 10_000)).passages) <= len(ingested.everything())


async def test_both_implementations_agree(ingested):
    options = bind({"docs": ingested}, fast="bm25", slow={"bm25": {"implementation": "rank-bm25"}})
    fast, slow = [(await options[name].retrieve(QUERY, 20)).passages for name in ("fast", "slow")]
    assert [passage["id"] for passage in fast] == [passage["id"] for passage in slow]


async def test_reciprocal_rank_fusion():
    fused = RETRIEVERS["rrf"](of=["a", "b"], k=60)
    siblings = {"a": Canned("x", "y", "z"), "b": Canned("y", "w"), "fused": fused}
    fused.bind(RetrievalContext({}, "", siblings, WHERE))
    found = await fused.retrieve("q", 3)
    assert [passage["id"] for passage in found.passages] == ["y", "x", "w"]
    assert found.passages[0]["score"] == pytest.approx(1 / 62 + 1 / 61)
    assert found.passages[1]["score"] == pytest.approx(1 / 61)
    assert found.usage.cpu_seconds == 1.0
    assert found.usage.calls == 1


async def test_a_ranking_counts_by_its_confidence():
    fused = RETRIEVERS["rrf"](of=["a", "b"])
    siblings = {"a": Canned("x", "y", confidence=0.1), "b": Canned("z", "w", "y"), "fused": fused}
    fused.bind(RetrievalContext({}, "", siblings, WHERE))
    assert [p["id"] for p in (await fused.retrieve("q", 9)).passages] == ["y", "z", "w", "x"]


@pytest.mark.parametrize("implementation", ["bm25s", "rank-bm25"])
async def test_words_are_trusted_as_far_as_they_explain_the_question(ingested, implementation):
    option = bind({"docs": ingested}, it={"bm25": {"implementation": implementation}})["it"]
    assert (await option.retrieve(QUERY, 3)).confidence == 1.0
    strange = "Darf mein Hund kostenlos mit aufs Schiff nach town?"
    assert (await option.retrieve(strange, 3)).confidence == 0.0


async def test_passages_keep_their_similarity_through_fusion(ingested):
    rrf = {"rrf": {"of": ["lexical", "dense"]}}
    options = bind({"docs": ingested}, hybrid=rrf, lexical="bm25", dense="chroma")
    (nearest,) = (await options["dense"].retrieve(QUERY, 1)).passages
    found = {p["id"]: p for p in (await options["hybrid"].retrieve(QUERY, 5)).passages}
    assert found[nearest["id"]]["similarity"] == nearest["score"]


async def test_parts_run_at_the_same_time():
    fused = RETRIEVERS["rrf"](of=["a", "b"])
    siblings = {"a": Canned("x", pause=0.2), "b": Canned("y", pause=0.2)}
    fused.bind(RetrievalContext({}, "", siblings, WHERE))
    assert 0.2 <= (await fused.retrieve("q", 3)).usage.seconds < 0.35


async def test_hybrid_over_a_corpus(ingested):
    rrf = {"rrf": {"of": ["lexical", "dense"]}}
    options = bind(
        {"docs": ingested},
        hybrid=rrf,
        lexical="bm25",
        dense="chroma",
        nested={"rrf": {"of": ["hybrid", "dense"]}},
    )
    assert options["hybrid"].sources == (ingested,)
    for name in ("hybrid", "nested"):
        assert (await options[name].retrieve(QUERY, 2)).passages[0]["document"] == "sub/town15.md"


@pytest.mark.parametrize(
    ("specs", "message"),
    [
        ({"h": {"rrf": {"of": ["lexcal", "b"]}}, "lexical": "bm25", "b": "bm25"}, "did you mean 'lexical'"),
        ({"h": {"rrf": {"of": ["h", "b"]}}, "b": "bm25"}, "h leads back to itself"),
        (
            {"h": {"rrf": {"of": ["g", "b"]}}, "g": {"rrf": {"of": ["b", "h"]}}, "b": "bm25"},
            "g -> h leads back",
        ),
        ({"h": {"rrf": {"of": ["b"]}}, "b": "bm25"}, "two or more different options"),
        ({"h": {"rrf": {"of": ["b", "b"]}}, "b": "bm25"}, "two or more different options"),
        ({"h": {"rrf": {"of": ["b", "c"], "k": -1}}}, "valid: k 0 and more"),
        ({"h": {"linked": {"of": "lexcal"}}, "lexical": "bm25"}, "did you mean 'lexical'"),
        (
            {"h": {"linked": {"of": "g"}}, "g": {"rrf": {"of": ["b", "h"]}}, "b": "bm25"},
            "g -> h leads back",
        ),
        ({"h": {"linked": {"of": "b", "follow": 0}}, "b": "bm25"}, "valid: 1 and more"),
        ({"h": {"bm25": {"b": 1.5}}}, "b is 1.5; valid: 0 to 1"),
        ({"h": {"bm25": {"k1": 0}}}, "valid: more than 0"),
        (
            {"h": {"bm25": {"implementation": "lucene"}}},
            "implementation: Input should be 'bm25s' or 'rank-bm25'",
        ),
        ({"h": {"bm25": {"corpus": "dcos"}}}, "h.corpus: unknown corpus 'dcos'; did you mean 'docs'"),
        ({"h": {"chroma": {"corpus": "web"}}}, "unknown corpus 'web'; valid: docs"),
        ({"h": "faiss"}, "unknown retriever 'faiss'"),
    ],
)
def test_a_wrong_policy_is_refused(root, specs, message):
    with pytest.raises(PolicyError) as caught:
        bind({"docs": None}, **specs)
    assert message in str(caught.value)


async def test_twenty_at_once(ingested):
    options = bind(
        {"docs": ingested}, lexical="bm25", dense="chroma", hybrid={"rrf": {"of": ["lexical", "dense"]}}
    )
    alone = {name: (await option.retrieve(QUERY, 5)).passages for name, option in options.items()}
    names = [*options] * 20
    found = await asyncio.gather(*(options[name].retrieve(QUERY, 5) for name in names))
    assert all(alone[name] == result.passages for name, result in zip(names, found, strict=True))


def test_importing_is_cheap():
    heavy = "torch chromadb llama_index sentence_transformers bm25s rank_bm25 lxml pypdf langgraph"
    code = (
        "import sys; from dynamicrag.retrieval import RETRIEVERS; list(RETRIEVERS); "
        f"print([name for name in {heavy.split()} if name in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert out.stdout.strip() == "[]"

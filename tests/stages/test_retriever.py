"""What the stage ``retriever`` tells routers: how its options search, and which documents are nearest."""

import pytest

from dynamicrag.retrieval import RETRIEVERS, Corpus, RetrievalContext
from dynamicrag.retrieval.base import Retriever
from dynamicrag.routers.fixed import Fixed
from dynamicrag.stages.retriever import RetrieverStage
from dynamicrag.types import Option
from tests.retrieval.fakes import FakeEmbedder

SPECS = {
    "lexical": {"bm25": {"corpus": "food"}},
    "dense": {"chroma": {"corpus": "food"}},
    "hybrid": {"rrf": {"of": ["lexical", "dense"]}},
    "linked": {"linked": {"of": "hybrid"}},
    "law": {"chroma": {"corpus": "law"}},
}


class Mine(Retriever):
    def bind(self, context):
        pass

    async def retrieve(self, query, k, filter=()):  # noqa: A002
        raise NotImplementedError


@pytest.fixture
def corpora(tmp_path):
    made = {}
    for name, text in (("food", "Bread and soup for supper."), ("law", "The court heard the appeal.")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.md").write_text(text)
        made[name] = Corpus(name, [tmp_path / name], embedder=FakeEmbedder(), root=tmp_path / "indexes")
    return made


def bound(corpora, **more):
    built = {name: RETRIEVERS.build(spec, name) for name, spec in SPECS.items()} | more
    for name, option in built.items():
        option.bind(RetrievalContext(corpora, "food", built, name))
    return built


def stage(built, *names):
    options = [Option(name) for name in names]
    chosen = {name: built[name] for name in names}
    return RetrieverStage(options, Fixed(option=names[0]), retrievers=chosen, stages={})


def test_retrievers_say_how_they_search_and_compositions_join_their_parts(corpora):
    mine, follows = Mine(), RETRIEVERS.build({"linked": {"of": "mine"}}, "follows")
    mixed = RETRIEVERS.build({"rrf": {"of": ["lexical", "mine"]}}, "mixed")
    built = bound(corpora, mine=mine, follows=follows, mixed=mixed)
    assert {name: sorted(each.finds) for name, each in built.items()} == {
        "lexical": ["words"],
        "dense": ["meaning"],
        "hybrid": ["meaning", "words"],
        "linked": ["links", "meaning", "words"],
        "law": ["meaning"],
        "mine": [],
        "follows": [],
        "mixed": [],
    }


async def test_the_nearest_corpus_is_known_before_the_search(corpora):
    features = await stage(bound(corpora), "dense", "law").corpus_features("Which bread is for supper?", ())
    assert features["nearest_food"] > features["nearest_law"]
    assert features["literals"] == 0


async def test_topics_are_not_compared_for_one_corpus_without_vectors_or_with_a_filter(corpora):
    built = bound(corpora)
    for names in (("lexical", "dense"), ("lexical", "law")):
        found = await stage(built, *names).corpus_features("What does `bread` mean?", ())
        assert found == {"literals": 1.0}
    filtered = await stage(built, "dense", "law").corpus_features("Bread?", (("team", ("a",)),))
    assert filtered == {"literals": 0.0}
    assert await stage(built, "dense").corpus_features("Bread?", ()) == {}


async def test_the_evidence_says_whether_links_were_followed(corpora):
    made = stage(bound(corpora), "hybrid", "linked")
    turn = {"text": "Which bread?", "candidates": []}
    assert (await made.evidence({**turn, "path": {"retriever": "linked"}}))["links"] == 1.0
    assert "links" not in await made.evidence({**turn, "path": {"retriever": "hybrid"}})


def test_a_sample_of_a_corpus_follows_its_documents(corpora, tmp_path):
    corpus = corpora["food"]
    assert len(corpus.sample()) == 1
    (tmp_path / "food" / "b.md").write_text("Soup is served hot.")
    corpus.ingest()
    assert len(corpus.sample()) == 2

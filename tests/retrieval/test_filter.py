"""A filter on metadata: where metadata comes from, and that no retriever lets anything else through."""

import asyncio
import json
from typing import Any

import pytest

from dynamicrag.call_options import matches
from dynamicrag.records import Passage
from dynamicrag.retrieval import RETRIEVERS, RetrievalContext, Retrieved, Retriever
from dynamicrag.retrieval import selection as module
from dynamicrag.retrieval.filtering import permitted, permitted_turn, search
from dynamicrag.types import Usage

from .fakes import corpus
from .foreign import TENANTS

HERE = f"{__package__}.foreign"
ACME = {"tenant": ("acme",)}


@pytest.fixture
def shared(tmp_path):
    """A folder that two tenants share; who owns what is said in five ways."""
    folder = tmp_path / "shared"
    for sub in ("acme/contracts", "globex", "both"):
        (folder / sub).mkdir(parents=True)
    text = "The bridge of steel was opened by {owner} in 18{n}. Trains carry coal over it."
    for n, owner in enumerate(["acme", "globex"] * 6, 10):
        front = f"---\ntenant: {owner}\nlevel: {n}\nopen: {'true' if n % 3 else 'false'}\n---\n"
        (folder / f"front{n}.md").write_text(f"{front}# Front {n}\n\n{text.format(owner=owner, n=n)}\n")
    (folder / "acme/contracts/deep.txt").write_text("The bridge contract of acme, deep in folders.")
    (folder / "globex/plain.txt").write_text("The bridge contract of globex, in a folder of its own.")
    (folder / "both/list.md").write_text("---\ntenant: [acme, globex]\n---\n# Joint\n\nThe bridge of both.\n")
    (folder / "nobody.txt").write_text("The bridge of nobody, without a word of an owner.")
    rows = [
        {"id": "r1", "text": "The bridge row of acme.", "tenant": "acme", "year": 1890, "inner": {"a": 1}},
        {"id": "r2", "text": "The bridge row of globex.", "tenant": "globex", "year": 1891},
    ]
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


RULES = {"acme/*": {"tenant": "acme"}, "globex/*": {"tenant": "globex"}}
OWNED = {"acme/contracts/deep.txt", "both/list.md", "r1", *(f"front{n}.md" for n in range(10, 22, 2))}


@pytest.fixture
def made(shared, root):
    of = corpus(shared, root, metadata=RULES)
    yield of
    of.close()


def bound(of, kind):
    specs = {
        "bm25": {"bm25": {}},
        "reference": {"bm25": {"implementation": "rank-bm25"}},
        "chroma": {"chroma": {}},
        "rrf": {"rrf": {"of": ["bm25", "chroma"]}},
        "linked": {"linked": {"of": "rrf"}},
    }
    built = {name: RETRIEVERS.build(spec, name) for name, spec in specs.items()}
    for name, retriever in built.items():
        retriever.bind(RetrievalContext({"docs": of}, "docs", built, name))
    return built[kind]


def documents(found):
    return {passage["document"] for passage in found.passages}


def test_metadata_comes_from_the_file_its_place_and_the_policy(made):
    def let(**wanted):
        return made.select({name: (value,) for name, value in wanted.items()}).documents

    assert let(tenant="acme") == OWNED
    assert let(folder="acme") == let(folder="acme/contracts") == {"acme/contracts/deep.txt"}
    assert let(file="rows.jsonl") == {"r1", "r2"}
    assert let(document="r1") == let(year=1890) == let(year=1890.0) == {"r1"}
    assert let(year="1890") == let(inner="a") == let(folder=".") == let(nothing="x") == frozenset()
    assert let(open=False) == {f"front{n}.md" for n in (12, 15, 18, 21)}
    assert let(open=0) == frozenset()
    assert let(level=10, tenant="acme") == {"front10.md"}
    both = made.select({"tenant": ("acme", "globex")}).documents
    assert "nobody.txt" not in both
    assert len(both) == 12 + 5


def test_an_author_cannot_claim_another_tenant_or_place(shared, root):
    (shared / "globex/spy.md").write_text(
        "---\ntenant: acme\nfolder: acme\nfile: acme/x.md\ndocument: r1\n---\n# Spy\n\nThe bridge of a spy.\n"
    )
    of = corpus(shared, root, metadata=RULES)
    for wanted in (
        {"tenant": ("acme",)},
        {"folder": ("acme",)},
        {"file": ("acme/x.md",)},
        {"document": ("r1",)},
    ):
        assert "globex/spy.md" not in of.select(wanted).documents
    assert "globex/spy.md" in of.select({"tenant": ("globex",)}).documents
    of.close()


def test_a_folder_is_counted_from_the_corpus_folder_whatever_the_id(tmp_path, root):
    for path in ("one/b/page.md", "one/README.md", "two/b/README.md"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(f"# {path}\n\nThe bridge.\n")
    from dynamicrag.retrieval import Corpus

    from .fakes import FakeEmbedder

    of = Corpus("docs", [tmp_path / "one", tmp_path / "two/b"], embedder=FakeEmbedder(), root=root)
    assert of.select({"folder": ("b",)}).documents == {"b/page.md"}  # not b/README.md, as its id would say
    of.close()


@pytest.mark.parametrize("kind", ["bm25", "reference", "chroma", "rrf", "linked"])
@pytest.mark.parametrize("k", [1, 3, 50])
async def test_no_retriever_finds_what_the_filter_shuts_out(made, kind, k):
    retriever = bound(made, kind)
    for wanted, owned in ((ACME, OWNED), ({"document": ("r2",)}, {"r2"})):
        found = await retriever.retrieve("Who opened the bridge of globex? Front 11", k, wanted)
        assert len(found.passages) == min(k, len(owned)) or (kind in ("rrf", "linked") and found.passages)
        assert documents(found) <= owned
        assert (
            documents(await retriever.retrieve("Who opened the bridge?", k, {"tenant": ("nobody",)})) == set()
        )
    assert len(documents(await retriever.retrieve("the bridge", 50))) > len(OWNED)


@pytest.mark.parametrize("exact", [0, 1_000])
async def test_many_chunks_are_searched_as_exactly_as_few(made, monkeypatch, exact):
    few = await bound(made, "chroma").retrieve("the bridge of globex", 4, ACME)
    monkeypatch.setattr(module, "EXACT", exact)
    made._made.clear()
    again = await bound(made, "chroma").retrieve("the bridge of globex", 4, ACME)
    assert [(p["id"], round(p["score"], 5)) for p in again.passages] == [
        (p["id"], round(p["score"], 5)) for p in few.passages
    ]
    assert len(few.passages) == 4


def test_coverage_knows_nothing_of_what_is_shut_out(made):
    assert made.coverage("globex")["coverage"] == 1
    assert made.coverage("globex", ACME) == {"coverage": 0.0, "idf_coverage": 0.0, "unseen_terms": 1.0}
    assert made.coverage("acme bridge", ACME)["coverage"] == 1
    assert made.coverage("bridge", {"tenant": ("nobody",)})["coverage"] == 0


def test_a_document_that_changes_hands_changes_sides(made, shared):
    page = shared / "front10.md"
    assert "front10.md" in made.select(ACME).documents
    page.write_text(page.read_text().replace("tenant: acme", "tenant: globex"))
    assert made.ingest().changed == 1
    assert "front10.md" not in made.select(ACME).documents
    hits = made.lexical().search("steel 1810", 50, made.within(made.lexical(), ACME))
    assert not any(chunk.startswith("front10.md") for chunk, _ in hits)


class Leaky(Retriever):
    """A retriever of a user's own, which looks at no filter."""

    def __init__(self, of: Any, *passages: Passage) -> None:
        self.sources = (of,)
        self._passages = passages

    def bind(self, context: RetrievalContext) -> None: ...

    async def retrieve(self, query: str, k: int, filter: Any = ()) -> Retrieved:  # noqa: A002
        return Retrieved(list(self._passages), Usage())


async def test_what_ignores_the_filter_is_checked_all_the_same(made):
    def passage(document, **more):
        return Passage(id=document, document=document, title="", text="x", score=1.0, **more)

    mine, theirs = passage("r1", corpus="docs"), passage("r2", corpus="docs")
    tagged = passage("w1", metadata={"tenant": "acme"})
    liar = passage("r2", corpus="docs", metadata={"tenant": "acme"})
    all_ = [mine, theirs, passage("gone", corpus="docs"), tagged, passage("w2"), liar,
            passage("w3", metadata={"tenant": "globex"}), passage("r1", corpus="unknown")]  # fmt: skip
    assert (await search(Leaky(made, *all_), "q", 9, ACME)).passages == [mine, tagged]
    assert (await search(Leaky(made, *all_), "q", 9, {})).passages == all_
    assert await permitted(all_, ACME, [made]) == [mine, tagged]


async def test_a_turn_keeps_only_the_drafts_that_stand_on_what_the_filter_lets_through():
    def passage(tenant):
        return Passage(id=tenant, document=tenant, title="", text="x", score=1.0, metadata={"tenant": tenant})

    def stood_on(*passages, found=()):
        return {"draft": {"text": "y"}, "candidates": [*passages, *found], "passages": list(passages)}

    mine, theirs = passage("acme"), passage("globex")
    turn = {
        **stood_on(mine, found=[theirs]),
        "action": None,
        "foreseen": {"unanswerable": 1.0},
        "earlier": [stood_on(mine, found=[theirs]), stood_on(mine, theirs), stood_on()],
    }
    kept = await permitted_turn(turn, ACME, [])
    assert kept == {**turn, **stood_on(mine), "foreseen": {}, "earlier": [stood_on(mine), stood_on()]}
    gone = await permitted_turn({**turn, **stood_on(mine, theirs)}, ACME, [])
    assert (gone["draft"], gone["action"], gone["passages"]) == (None, "abstain", [mine])
    assert await permitted_turn(turn, {}, []) is turn


@pytest.mark.parametrize("kind", ["store", "filtered_store", "plain", "llama", "llama_filtered"])
async def test_foreign_retrievers_keep_to_it(kind):
    library = "llama_index" if kind.startswith("llama") else "langchain"
    option = RETRIEVERS.build({library: {"path": f"{HERE}:tenants", "args": {"kind": kind}}}, "web")
    option.bind(RetrievalContext({}, "", {}, "web"))
    every = await option.retrieve("bridges", 20)
    assert {each.get("metadata", {}).get("tenant") for each in every.passages} > {"acme"}
    found = await option.retrieve("bridges", 20, ACME)
    assert {passage["text"] for passage in found.passages} == {
        text
        for text, tenant, year in TENANTS
        if tenant == "acme" and ("filtered" not in kind or year == 1890)
    }
    assert all(passage["metadata"]["tenant"] == "acme" for passage in found.passages)
    narrow = {"tenant": ("acme", "globex"), "year": (1890,)}
    assert {passage["text"] for passage in (await option.retrieve("bridges", 20, narrow)).passages} == {
        text for text, tenant, year in TENANTS if tenant and year == 1890
    }
    assert len((await option.retrieve("bridges", 20)).passages) == len(every.passages)  # nothing has stuck


async def test_a_store_that_filters_itself_finds_as_many_as_it_is_asked_for():
    option = RETRIEVERS.build(
        {"langchain": {"path": f"{HERE}:tenants", "args": {"kind": "store", "k": 2}}}, "w"
    )
    option.bind(RetrievalContext({}, "", {}, "w"))
    for tenant in ("acme", "globex"):
        assert len((await option.retrieve("bridges", 2, {"tenant": (tenant,)})).passages) == 2


async def test_fifty_filters_at_once_do_not_mix(made):
    retriever = bound(made, "linked")

    async def one(n):
        tenant = ("acme", "globex")[n % 2]
        wanted = {"tenant": (tenant,), **({"level": (10 + n % 12,)} if n % 3 == 0 else {})}
        return wanted, await retriever.retrieve(f"Who opened the bridge of front {n}?", 4, wanted)

    for wanted, found in await asyncio.gather(*map(one, range(50))):
        assert documents(found) <= made.select(wanted).documents
        assert found.passages or not made.select(wanted).documents


@pytest.mark.parametrize(
    ("metadata", "wanted", "passes"),
    [
        ({"a": "x"}, {}, True),
        ({}, {"a": ("x",)}, False),
        ({"a": None}, {"a": ("x",)}, False),
        ({"a": "x"}, {"a": ("y", "x")}, True),
        ({"a": ["x", "z"]}, {"a": ("z",)}, True),
        ({"a": "xyz"}, {"a": ("y",)}, False),
        ({"a": 1}, {"a": (True,)}, False),
        ({"a": True}, {"a": (1,)}, False),
        ({"a": True}, {"a": (True,)}, True),
        ({"a": 7}, {"a": ("7",)}, False),
        ({"a": 7}, {"a": (7.0,)}, True),
        ({"a": "x", "b": "y"}, {"a": ("x",), "b": ("z",)}, False),
        ({"a": {"x": 1}}, {"a": ("x",)}, False),
    ],
)
def test_what_matches(metadata, wanted, passes):
    assert matches(metadata, wanted) is passes

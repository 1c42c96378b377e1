"""The second hop: documents that a question or a passage names."""

import pytest

from dynamicrag.retrieval.base import RETRIEVERS, RetrievalContext
from dynamicrag.retrieval.titles import TitleIndex

from .fakes import corpus

DOCUMENTS = {
    "film": ("Night Ferry", "Night Ferry is a film that was directed by Ada Brook in 1950."),
    "director": ("Ada Brook (director)", "She was born in the town of Ostby and died there."),
    "namesake": ("Ada Brook (rower)", "A rower of the town club."),
    "town": ("Ostby", "A port, known for its herring."),
    "other": ("Films of 1950", "A list of films, each with the year it was directed in."),
}


@pytest.fixture
def wiki(tmp_path):
    folder = tmp_path / "wiki"
    folder.mkdir()
    for name, (title, text) in DOCUMENTS.items():
        (folder / f"{name}.md").write_text(f"# {title}\n\n{text}\n")
    made = corpus(folder, tmp_path / "indexes")
    made.ingest()
    yield made
    made.close()


def linked(wiki, **params):
    siblings = {"lexical": RETRIEVERS["bm25"](), "linked": RETRIEVERS["linked"](of="lexical", **params)}
    for name, retriever in siblings.items():
        retriever.bind(RetrievalContext({"docs": wiki}, "docs", siblings, name))
    return siblings["linked"]


async def documents(retriever, question, k):
    return [passage["document"] for passage in (await retriever.retrieve(question, k)).passages]


async def test_what_the_best_passage_names_comes_next(wiki):
    retriever = linked(wiki)
    assert await documents(*retriever._parts, "Who made Night Ferry?", 3) == ["film.md"]
    assert await documents(retriever, "Who made Night Ferry?", 3) == ["film.md", "director.md", "namesake.md"]


async def test_of_all_that_is_named_what_is_like_the_question_comes_first(wiki):
    found = await documents(linked(wiki, follow=1), "Which rower is the club's in Night Ferry?", 3)
    assert found == ["film.md", "namesake.md", "director.md"]


async def test_no_passage_comes_twice_and_scores_do_not_rise(wiki):
    found = (await linked(wiki).retrieve("Night Ferry, Ada Brook and Ostby", 10)).passages
    assert len({passage["id"] for passage in found}) == len(found) == 4
    scores = [passage["score"] for passage in found]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("question", ["", "?!", "zzz", "the of and"])
async def test_nothing_to_follow(wiki, question):
    assert (await linked(wiki).retrieve(question, 4)).passages == []


async def test_no_more_than_are_wanted(wiki):
    assert len(await documents(linked(wiki, links=1), "Night Ferry", 10)) == 2
    assert len(await documents(linked(wiki), "Night Ferry", 1)) == 1


def test_mentions():
    titles = TitleIndex([
        ("a", "Mercury (planet)"), ("b", "New York"), ("c", "New York City"), ("d", "The"), ("e", "Bee"),
        *((f"i{n}", "Introduction") for n in range(9)), ("long", "a b c d e f g h i"), ("f", "..."),
    ])  # fmt: skip
    assert titles.mentioned("From new york city to New York, past Mercury.") == ["c", "b", "a"]
    assert titles.mentioned("mercury and the Bee, The Introduction; a b c d e f g h i") == []
    assert titles.mentioned("") == []


async def test_a_changed_corpus_is_read_anew(wiki, tmp_path):
    (tmp_path / "wiki" / "ostby-two.md").write_text("# Herring Fair\n\nHeld every year.\n")
    wiki.ingest()
    assert wiki.titles().mentioned("the herring fair") == ["ostby-two.md"]

"""When a retrieval in rounds ends, and what it brings back."""

from dynamicrag.stages.iterative import iterate, merge


def passage(name, corpus="docs"):
    return {"id": name, "document": name, "title": "", "text": name, "score": 1.0, "corpus": corpus}


class Library:
    """Finds what is listed for a query, and remembers what was asked."""

    def __init__(self, shelves, thoughts):
        self.shelves = shelves
        self.thoughts = list(thoughts)
        self.queries = []
        self.seen = []

    async def search(self, query):
        self.queries.append(query)
        return [passage(name) for name in self.shelves.get(query, ())]

    async def reason(self, question, passages, thoughts):
        self.seen.append(([p["id"] for p in passages], list(thoughts)))
        return self.thoughts.pop(0)

    async def ask(self, rounds=3):
        return [found["id"] for found in await iterate("bridge", self.search, self.reason, rounds)]


async def test_there_are_no_more_than_three_rounds():
    library = Library({"bridge": "a", "engineer": "b", "birthplace": "c", "river": "d"},
                      ["engineer", "birthplace", "river"])  # fmt: skip
    assert await library.ask() == ["a", "b", "c"]
    assert library.queries == ["bridge", "engineer", "birthplace"]


async def test_it_ends_when_nothing_new_is_found():
    library = Library({"bridge": "ab", "engineer": "ba", "river": "c"}, ["engineer", "river"])
    assert await library.ask() == ["a", "b"]
    assert library.queries == ["bridge", "engineer"]


async def test_it_ends_when_the_answer_is_said():
    library = Library({"bridge": "a"}, ["So the answer is Vessery"])
    assert await library.ask() == ["a"]
    assert library.queries == ["bridge"]


async def test_it_ends_when_a_thought_says_nothing_new():
    library = Library({"bridge": "a"}, ["the bridge"])
    await library.ask()
    assert library.queries == ["bridge"]


async def test_it_ends_at_once_where_nothing_is_found():
    library = Library({}, ["engineer"])
    assert await library.ask() == []
    assert library.seen == []


async def test_a_step_sees_all_that_was_found_and_thought():
    library = Library({"bridge": "a", "engineer": "b"}, ["engineer", "so the answer is b"])
    await library.ask()
    assert library.seen == [(["a"], []), (["a", "b"], ["engineer"])]


def test_ranks_are_interleaved_and_nothing_comes_twice():
    merged = merge([[passage("a"), passage("b"), passage("c")], [passage("x"), passage("a")]])
    assert [p["id"] for p in merged] == ["a", "x", "b", "c"]


def test_the_same_id_in_another_corpus_is_another_passage():
    assert len(merge([[passage("a", "one")], [passage("a", "two")]])) == 2

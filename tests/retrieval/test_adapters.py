import json

import pytest

from dynamicrag.errors import CorpusError, PolicyError
from dynamicrag.retrieval import RETRIEVERS, RetrievalContext

HERE = f"{__package__}.foreign"
WHERE = "stages.retriever.options.web"


def build(kind, path, args=None):
    option = RETRIEVERS.build({kind: {"path": path, **({"args": args} if args is not None else {})}}, WHERE)
    option.bind(RetrievalContext({}, "", {}, WHERE))
    return option


async def test_langchain():
    for option in (build("langchain", f"{HERE}:make_store", {"k": 3}), build("langchain", f"{HERE}:made")):
        found = await option.retrieve("bridges", 10)
        by_text = {passage["text"]: passage for passage in found.passages}
        assert len(by_text) == 3
        steel, stone = by_text["Steel bridges."], by_text["Stone bridges."]
        assert (steel["id"], steel["document"], steel["title"]) == ("s1", "steel.md", "Steel")
        assert stone["document"] == stone["id"]
        assert by_text["Rope bridges."]["score"] == 0.5
        assert found.usage.calls == 1
        assert option.sources == ()
        assert len((await option.retrieve("bridges", 2)).passages) == 2


async def test_ids_are_stable_and_scores_fall():
    found = [(await build("langchain", f"{HERE}:Plain").retrieve("q", 5)).passages for _ in range(2)]
    assert found[0] == found[1]
    assert [passage["score"] for passage in found[0]] == [1.0, 0.9]
    assert len(found[0][0]["id"]) == 16


async def test_llama_index():
    first, second = (await build("llama_index", f"{HERE}:Llama").retrieve("q", 5)).passages
    assert (first["text"], first["document"], first["score"]) == ("one", "one.md", 0.7)
    assert (second["document"], second["id"].partition("#")[0]) == ("n2", "n2")
    unscored = (await build("llama_index", f"{HERE}:Llama", {"scored": False}).retrieve("q", 5)).passages
    assert [passage["score"] for passage in unscored] == [1.0, 0.5]
    assert [passage["id"] for passage in unscored] == [first["id"], second["id"]]


async def test_chunks_that_share_an_id_stay_apart():
    found = (await build("langchain", f"{HERE}:OnePage").retrieve("q", 9)).passages
    assert [each["text"] for each in found] == ["one", "two", "one", "three", "four"]
    assert len({each["id"] for each in found[:2]} | {each["id"] for each in found[3:]}) == 4
    assert found[0]["id"] == found[2]["id"]  # the very same chunk
    assert {each["document"] for each in found} == {"page-1"}
    alone = (await build("langchain", f"{HERE}:OnePage", {"first": 1}).retrieve("q", 9)).passages
    assert alone[0]["id"] == found[0]["id"]  # whatever is found beside it
    named = (await build("langchain", f"{HERE}:OnePage", {"kind": "id"}).retrieve("q", 9)).passages
    assert len({each["id"] for each in named}) == 4


SCORES = [float("nan"), float("inf"), -float("inf"), None, "high", [], 10**400, True, "0.25", 0.5]


async def test_odd_scores_and_texts_are_cleaned():
    found = (await build("langchain", f"{HERE}:Odd", {"scores": SCORES}).retrieve("q", 20)).passages
    expected = [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6, 1 / 7, 1, 0.25, 0.5]
    assert [each["score"] for each in found] == expected
    assert {each["text"] for each in found} == {"half ? a pair"}
    assert {each["title"] for each in found} == {"A title"}
    json.dumps(found, allow_nan=False).encode()
    llama = (await build("llama_index", f"{HERE}:Llama", {"score": float("nan")}).retrieve("q", 5)).passages
    assert [each["score"] for each in llama] == [1.0, 0.5]


@pytest.mark.parametrize(
    ("kind", "found", "message"),
    [
        ("langchain", "None", "returned None; valid: a list of LangChain documents"),
        ("langchain", "'text'", "returned a str; valid"),
        ("langchain", "5", "returned a int; valid"),
        ("langchain", "['text']", "returned a str at rank 1; valid"),
        ("langchain", "{'a': 1}", "returned a dict; valid"),
        ("llama_index", "[TextNode(text='x')]", "returned a TextNode at rank 1; valid: a list of LlamaIndex"),
    ],
)
async def test_what_is_no_list_of_passages_is_refused(kind, found, message):
    name = "Gives" if kind == "langchain" else "LlamaGives"
    with pytest.raises(CorpusError) as caught:
        await build(kind, f"{HERE}:{name}", {"found": found}).retrieve("q", 3)
    assert message in str(caught.value) or "failed" in str(caught.value)


async def test_a_failing_retriever_is_named():
    option = build("langchain", f"{HERE}:Failing")
    with pytest.raises(CorpusError, match=r"options\.web: .*Failing failed: ConnectionError: no route"):
        await option.retrieve("q", 3)


@pytest.mark.parametrize(
    ("kind", "path", "args", "message"),
    [
        ("langchain", "nowhere_at_all:x", None, "web.path: cannot import 'nowhere_at_all'"),
        ("langchain", "no colon", None, "expected 'package.module:name', got 'no colon'"),
        ("langchain", f"{HERE}:make_stor", None, "did you mean 'make_store'"),
        ("langchain", f"{HERE}:number", None, "is not a LangChain retriever"),
        ("langchain", f"{HERE}:Llama", None, "gave a Llama, no LangChain one"),
        ("llama_index", f"{HERE}:made", None, "is not a LlamaIndex retriever"),
        ("llama_index", f"{HERE}:not_a_retriever", None, "gave a object"),
        ("langchain", f"{HERE}:broken", None, "broken failed: RuntimeError: no key"),
        ("langchain", f"{HERE}:make_store", {"kk": 1}, "make_store failed: TypeError"),
        ("langchain", f"{HERE}:made", {"k": 1}, f"web.args: {HERE}:made is an object already"),
    ],
)
def test_a_wrong_path_is_refused(kind, path, args, message):
    with pytest.raises(PolicyError) as caught:
        build(kind, path, args)
    assert message in str(caught.value)

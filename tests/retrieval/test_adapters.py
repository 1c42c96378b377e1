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
    assert second["id"] == "n2"
    unscored = (await build("llama_index", f"{HERE}:Llama", {"scored": False}).retrieve("q", 5)).passages
    assert [passage["score"] for passage in unscored] == [1.0, 0.5]
    assert [passage["id"] for passage in unscored] == [first["id"], "n2"]


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
        ("langchain", f"{HERE}:number", None, "is no LangChain retriever"),
        ("langchain", f"{HERE}:Llama", None, "gave a Llama, no LangChain one"),
        ("llama_index", f"{HERE}:made", None, "is no LlamaIndex retriever"),
        ("llama_index", f"{HERE}:not_a_retriever", None, "gave a object"),
        ("langchain", f"{HERE}:broken", None, "broken failed: RuntimeError: no key"),
        ("langchain", f"{HERE}:make_store", {"kk": 1}, "make_store failed: TypeError"),
        ("langchain", f"{HERE}:made", {"k": 1}, f"web.args: {HERE}:made is made already"),
    ],
)
def test_a_wrong_path_is_refused(kind, path, args, message):
    with pytest.raises(PolicyError) as caught:
        build(kind, path, args)
    assert message in str(caught.value)

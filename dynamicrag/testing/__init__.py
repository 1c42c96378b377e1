"""Stand-ins for models, servers, embedders and retrievers, for your tests and ours.

- ``ScriptedChat``: a LangChain chat model that answers by a script, with usage and probabilities.
- ``ScriptedToolChat``: a LangChain chat model that calls tools by a script; ``says`` and ``calls_tools``
  make its replies.
- ``ScriptedModel``: a scripted model behind this package's ``ChatModel``, with a name and a spec.
- ``ScriptedServer``: a server with OpenAI's protocol in this process, scripted by a test.
- ``FakeEmbedder``: vectors from the words of a text, similar if words are shared; no weights.
- ``FakeRetriever``: ranks given texts by the words they share with a question.
- ``Call``: one recorded call to a stand-in.

For example::

    chat = ScriptedChat(script=lambda kind, prompt: "In 1871.")
    rag = DynamicRAG.from_policy(models={"m": chat}, retrievers={"kb": FakeRetriever(["It opened in 1871."])})
    rag.build_graph().compile().invoke({"messages": [("user", "When did it open?")]})
    assert chat.calls[-1].kind == "answer"
"""

from typing import TYPE_CHECKING

from dynamicrag.lazy_names import lazily

if TYPE_CHECKING:
    from dynamicrag.testing.chat import Call, ScriptedChat, ScriptedModel
    from dynamicrag.testing.embedder import FakeEmbedder
    from dynamicrag.testing.retriever import FakeRetriever
    from dynamicrag.testing.server import ScriptedServer
    from dynamicrag.testing.tools import ScriptedToolChat, calls_tools, says

__all__ = [
    "Call",
    "FakeEmbedder",
    "FakeRetriever",
    "ScriptedChat",
    "ScriptedModel",
    "ScriptedServer",
    "ScriptedToolChat",
    "calls_tools",
    "says",
]

__getattr__ = lazily(
    __name__,
    {
        "chat": ("Call", "ScriptedChat", "ScriptedModel"),
        "embedder": ("FakeEmbedder",),
        "retriever": ("FakeRetriever",),
        "server": ("ScriptedServer",),
        "tools": ("ScriptedToolChat", "calls_tools", "says"),
    },
)

"""A command line without models: a chat model that answers at once, and a tokenizer of words."""

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from dynamicrag.cli import main
from dynamicrag.errors import ProviderError
from dynamicrag.llm.chat import ChatModel
from dynamicrag.retrieval.local_embedder import LocalEmbedder

POLICY = """
version: 1
corpora: {docs: {path: docs/, chunk: {size: 64, overlap: 8}}}
models: {small: {model: "fake:parrot"}, large: {model: "fake:oracle"}}
host: {meter: none}
stages:
  retrieval: {options: [none, single], router: prior}
  retriever: {options: {lexical: {bm25: {}}}}
  context: {options: {short: {chunks: 1}}}
  generator: {options: [small, large], router: {fixed: {option: small}}}
  verification:
    options: [accept, escalate, abstain]
    verifiers: [unanswerable]
    router: thresholds
    escalate: {unanswerable: generator}
    max_escalations: 1
"""


class FakeModel(ChatModel):
    """``parrot`` knows the lighthouse alone, ``oracle`` all; what says "boom" breaks either."""

    def _client(self, max_tokens, temperature):
        model = self

        class Fake(GenericFakeChatModel):
            async def _astream(self, messages, stop=None, run_manager=None, **kwargs):
                prompt = messages[-1].text
                if "boom" in prompt:
                    raise ProviderError(f"model {model.name}: it went boom")
                known = "lighthouse" in prompt or model.spec.endswith("oracle")
                self.messages = iter([AIMessage("It has 164 steps." if known else "unanswerable")])
                async for chunk in super()._astream(messages, stop, run_manager, **kwargs):
                    yield chunk

        return Fake(messages=iter([]))


class FakeEmbedder(LocalEmbedder):
    def tokenize(self, text):
        return [1] * len(text.split())


@pytest.fixture
def there(tmp_path, monkeypatch):
    """A folder with a policy, a corpus and questions, as the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DYNAMICRAG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr("dynamicrag.policy.build_models.chat_model", FakeModel)
    monkeypatch.setattr("dynamicrag.policy.build_embedders.LocalEmbedder", FakeEmbedder)
    monkeypatch.setattr("dynamicrag.llm.pull.path_of", lambda name, folder=None: tmp_path)
    (tmp_path / "p.yaml").write_text(POLICY)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "lighthouse.md").write_text("# Lighthouse\n\nThe lighthouse has 164 steps.\n")
    (tmp_path / "q.jsonl").write_text(
        '{"query_id": "a", "question": "How many steps has the lighthouse?", "answers": ["164"],'
        ' "type": "single"}\n'
        '{"query_id": "b", "question": "Who keeps it?", "answers": [], "type": "unanswerable"}\n'
    )
    return tmp_path


@pytest.fixture
def run(capsys):
    """Run the command line; the result is exit code, standard output and standard error."""

    def go(*arguments):
        with pytest.raises(SystemExit) as caught:
            main(list(map(str, arguments)))
        captured = capsys.readouterr()
        return caught.value.code, captured.out, captured.err

    return go

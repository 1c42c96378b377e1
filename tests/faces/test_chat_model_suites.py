"""LangChain's standard tests of chat models, over ours with OpenAI's client and a scripted server."""

import pytest
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from dynamicrag import DynamicRAG, RoutedChatModel
from dynamicrag.testing import FakeRetriever
from dynamicrag.testing.server import ScriptedServer

from .openai_server import script

POLICY = {
    "version": 1,
    "host": {"meter": "none"},
    "runs": {"keep": 0},
    "models": {"small": {}, "large": {}},
    "stages": {"generator": {"options": ["small", "large"], "router": {"fixed": {"option": "small"}}}},
}


@pytest.fixture(scope="module")
def rag():
    server = ScriptedServer(script)
    models = {
        name: ChatOpenAI(model=f"scripted-{name}", base_url=server.url, api_key="x", stream_usage=True)
        for name in ("small", "large")
    }
    with DynamicRAG.from_policy(POLICY, models=models, retrievers={"kb": FakeRetriever([])}) as made:
        yield made
    server.close()


class Ours:
    """The object under test.

    ``timeout`` and ``max_retries`` of the suites' standard parameters are settings of the policy's models.
    Images, audio and PDFs are skipped: the tests fetch them from the internet. Messages go to the chosen
    model as they are. It is not serialisable, because it holds open resources.
    """

    chat_model_class = RoutedChatModel
    supports_model_override = True
    model_override_value = "large"

    @pytest.fixture(autouse=True)
    def params(self, rag):
        self.chat_model_params = {"rag": rag}

    @pytest.fixture
    def benchmark(self, benchmark):
        """Run the work once: these tests measure no time."""
        benchmark.disabled = True
        return benchmark

    @pytest.fixture
    def vcr(self):
        """Stand for recordings of a provider: the server here is scripted, and the test skips itself."""

    chat_model_params = None


class TestUnits(Ours, ChatModelUnitTests):
    @property
    def standard_chat_model_params(self):
        return {"temperature": 0, "max_tokens": 100, "stop": []}


class TestIntegration(Ours, ChatModelIntegrationTests):
    pass

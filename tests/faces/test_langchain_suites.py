"""LangChain's standard tests of tools and retrievers, over ours."""

import pytest
from langchain_tests.integration_tests import RetrieversIntegrationTests, ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests

FIRST = "When was the bridge of town03 opened?"


class Ours:
    """Gives the suites an object; they take constructors, and ours are methods of it."""

    @pytest.fixture(autouse=True)
    def rag(self, make):
        self._rag = make(stages={"context": {"options": {"short": {"chunks": 4}}}})
        return self._rag


class OurTool(Ours):
    @property
    def tool_constructor(self):
        return self._rag.as_tool("towns", "Knows when the bridges of the towns were opened.")

    @property
    def tool_invoke_params_example(self):
        return {"question": FIRST}


class TestToolUnits(OurTool, ToolsUnitTests):
    pass


class TestToolIntegration(OurTool, ToolsIntegrationTests):
    pass


class TestRetrieverIntegration(Ours, RetrieversIntegrationTests):
    @property
    def retriever_constructor(self):
        return self._rag.as_retriever

    @property
    def retriever_query_example(self):
        return FIRST

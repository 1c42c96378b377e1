"""The whole graph as a LangChain tool, for agents.

The model of the agent reads the content: the answer, with its sources by number. Code reads the artifact: an
:class:`~dynamicrag.graph.answered.Answered`, plain JSON that any checkpointer stores.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from langchain_core.callbacks import BaseCallbackManager
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import patch_config
from langchain_core.tools import BaseTool, ToolException
from pydantic import BaseModel, Field, PrivateAttr

from dynamicrag.errors import (
    BudgetError,
    CorpusError,
    InputError,
    ModelError,
    PolicyError,
    RunsError,
    VerifierError,
)
from dynamicrag.graph.answered import Answered, Answers, CitedSource
from dynamicrag.graph.conversation import checked
from dynamicrag.retrieval.labels import readable_id

__all__ = ["OnBudget", "RoutedTool", "tool"]

OnBudget = Literal["raise", "report"]
FAILURES = (ModelError, CorpusError, VerifierError, RunsError)
"""Failures of services, after which an agent can continue. Mistakes in the code or the policy are raised."""
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
LISTED = 8
"""Largest number of sources in the content."""
WITHHELD = "The answer is withheld: the documents do not support one."
OUTSIDE = "The documents do not cover this question. The answer is not from them: cite no source."
CUT = "The answer may be incomplete: its end is missing."


class Question(BaseModel):
    """The arguments of the tool."""

    question: str = Field(description="One complete question in natural language, with all names it needs.")


class RoutedTool(BaseTool):
    """Answers one question from the documents; made by ``rag.as_tool``.

    Attributes:
        on_budget: ``raise`` ends the agent's run with the ``BudgetError``; ``report`` gives it to the agent's
            model as a tool error.
    """

    args_schema: type[BaseModel] = Question
    response_format: Literal["content", "content_and_artifact"] = "content_and_artifact"
    on_budget: OnBudget = "raise"
    _answers: Answers = PrivateAttr()

    def _run(
        self, question: str, config: RunnableConfig, run_manager: BaseCallbackManager | None = None
    ) -> tuple[str, Answered]:
        with _failures(self.on_budget):
            answered = self._answers.ask(_text(question), _child(config, run_manager))
        return content(answered), answered

    async def _arun(
        self, question: str, config: RunnableConfig, run_manager: BaseCallbackManager | None = None
    ) -> tuple[str, Answered]:
        with _failures(self.on_budget):
            answered = await self._answers.aask(_text(question), _child(config, run_manager))
        return content(answered), answered


def tool(answers: Answers, name: str, description: str, on_budget: OnBudget) -> RoutedTool:
    """Return the tool.

    Raises:
        PolicyError: A value is invalid.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise PolicyError(
            f"as_tool: name is {name!r}; valid: 1 to 64 letters, digits, '_' and '-', because providers "
            "refuse others"
        )
    if not isinstance(description, str) or not description.strip():
        raise PolicyError(
            "as_tool: the description is empty; say which documents the tool knows, because the agent's "
            "model chooses the tool by it"
        )
    if on_budget not in ("raise", "report"):
        raise PolicyError(f"as_tool: on_budget is {on_budget!r}; valid: raise, report")
    made = RoutedTool(name=name, description=description, on_budget=on_budget, handle_tool_error=True)
    made._answers = answers
    return made


def content(answered: Answered) -> str:
    """Return the text for the agent's model: the answer, a note if it needs one, and the sources."""
    notes = [
        note
        for note, holds in (
            (WITHHELD, answered["abstained"]),
            (OUTSIDE, answered["outside"] and not answered["abstained"]),
            (CUT, bool(answered["unfinished"])),
        )
        if holds
    ]
    return "\n\n".join([answered["answer"], *notes, *_listed(answered["sources"])])


def _listed(sources: Sequence[CitedSource]) -> list[str]:
    """Return the list of documents, each once, with the numbers by which an agent can cite them."""
    documents = {(each["corpus"], each["document"]): each for each in reversed(sources)}
    listed = list(reversed(documents.values()))[:LISTED]
    lines = [f"[{number}] {_named(each, number)}" for number, each in enumerate(listed, 1)]
    return ["\n".join(["Sources:", *lines])] if lines else []


def _named(source: CitedSource, number: int) -> str:
    title, document = source["title"], readable_id(source["document"])
    if title and document and title != document:
        return f"{title} ({document})"
    return title or document or f"document {number}"


def _text(question: str) -> str:
    """Return the question, or a tool error that lets the agent's model ask a better one."""
    try:
        return checked(question, "question")
    except InputError as error:
        raise ToolException(str(error)) from error


def _child(config: RunnableConfig, run_manager: BaseCallbackManager | None) -> RunnableConfig:
    """Return the config for the graph, whose runs are children of the tool's run."""
    get_child = getattr(run_manager, "get_child", None)
    return patch_config(config, callbacks=get_child()) if get_child else config


@contextmanager
def _failures(on_budget: OnBudget) -> Iterator[None]:
    """Turn failures after which an agent can continue into tool errors."""
    reported = (*FAILURES, BudgetError) if on_budget == "report" else FAILURES
    try:
        yield
    except reported as error:
        raise ToolException(f"The question could not be answered: {error}") from error

"""The routed graph as parts of LangChain programs: a tool for agents, and a retriever for chains."""

from typing import TYPE_CHECKING

from dynamicrag.graph.nodes import Nodes

if TYPE_CHECKING:
    from dynamicrag.graph.answered import Answers
    from dynamicrag.graph.retriever import RoutedRetriever
    from dynamicrag.graph.tool import OnBudget, RoutedTool


class Handles:
    """Makes tools and retrievers of an object; each serves any number of threads and tasks."""

    _nodes: Nodes

    def as_tool(self, name: str, description: str, *, on_budget: "OnBudget" = "raise") -> "RoutedTool":
        """Return a tool that answers one question from the documents.

        Its only argument is ``question``. Its content is the answer with numbered sources; its artifact is an
        :class:`~dynamicrag.graph.answered.Answered`. Each call is a query of its own, without the agent's
        conversation and outside its checkpoints; parallel calls have an id each. Callbacks, tags, metadata
        and ``config["configurable"]["rag"]`` or ``context["rag"]`` of the agent's run apply to it.

        A question that cannot be used, and the failure of a model, a corpus or the run store, are tool
        errors: the agent's model reads the message and can continue. ``handle_tool_error = False`` raises
        them.

        Args:
            name: Its name: letters, digits, ``_`` and ``-``, at most 64.
            description: The documents that it knows, and the questions that it answers.
            on_budget: ``raise`` ends the agent's run with the ``BudgetExceeded``, so that the model does not
                ask again and again; ``report`` makes it a tool error.

        Raises:
            PolicyError: A value is invalid.
        """
        from dynamicrag.graph.tool import tool

        return tool(self.answers(name), name, description, on_budget)

    def as_retriever(self, k: int | None = None, *, gate: bool = False) -> "RoutedRetriever":
        """Return a LangChain retriever that runs the stages before the prompt.

        Every stage decides as in the graph, within the budget and on the account: the budget of a query
        covers the answer that the policy would write, too. Each document has ``id`` and the metadata
        ``title``, ``document``, ``score``, ``retriever`` (the option chosen) and ``query_id``, for
        ``rag.explain`` and ``rag.cost``, beside the single values of its own metadata, for example ``page``:
        16 of at most 200 characters each. It never abstains.

        Args:
            k: Number of documents, if so many are found; the stage ``context`` is then left out. By default
                that stage decides how many.
            gate: Whether the policy may decide to return no document: by the option ``none`` of the stage
                ``retrieval``, or by a context without passages. By default these options are closed.

        Raises:
            InputError: ``k`` is invalid.
        """
        from dynamicrag.graph.retriever import retriever

        return retriever(self._nodes, k, gate=gate)

    def answers(self, name: str = "dynamicrag") -> "Answers":
        """Return the whole graph for single questions, as plain calls.

        Args:
            name: Name of the runs in traces.
        """
        from dynamicrag.graph.answered import Answers

        return Answers(self._nodes, name)

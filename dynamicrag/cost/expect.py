"""The quantities that determine the expected cost of the rest of a path.

A longer context costs nothing in its own stage and much in generation. So stages do not price their
options: they describe how an option changes the *plan*, and only whole plans are priced, by the
:class:`~dynamicrag.cost.cost_model.CostModel`.
"""

from typing import NamedTuple

__all__ = ["CHARACTERS", "Asks", "HelperCall", "Plan"]


class Asks(NamedTuple):
    """The calls or computations that a verifier is expected to make per draft.

    Attributes:
        calls: Number of calls.
        prompt_tokens: Tokens of each, besides the question and the passages.
        output_tokens: Tokens generated in each; ``None`` for the draft's number.
        model: The model's name in the policy; ``""`` for the model that writes the draft.
        goes_on: Whether the prompt extends the draft's, so that a prompt cache holds that part.
        reads: Whether it asks only if there are passages.
        computes: Calibration key if no model of the policy is asked. Such calls are priced at their measured
            cost on this host, for any context, and at zero before the first measurement.
    """

    calls: float
    prompt_tokens: float = 0.0
    output_tokens: float | None = None
    model: str = ""
    goes_on: bool = False
    reads: bool = False
    computes: str = ""


class HelperCall(NamedTuple):
    """A call that a stage makes before the draft.

    Attributes:
        model: The model's name in the policy; ``""`` if no model of the policy is asked.
        input_tokens: Tokens of the prompt.
        output_tokens: Usual number of generated tokens.
        most_tokens: Largest number of generated tokens.
        computes: Calibration key of the work if no model is asked; priced at zero before the first
            measurement.
    """

    model: str = ""
    input_tokens: float = 0.0
    output_tokens: float = 0.0
    most_tokens: float = 0.0
    computes: str = ""


CHARACTERS = 4.0
"""Characters per token of English text, approximately."""


class Plan(NamedTuple):
    """The quantities that determine the cost of answering one query.

    Attributes:
        question_tokens: Tokens of the question.
        rounds: Retrieval rounds.
        search_cpu_seconds: CPU time of one search.
        searches: Searches in a round.
        chunk_tokens: Tokens of one retrieved chunk, once known.
        enough: Number of retrieved chunks that the context needs, once known.
        context_tokens: Tokens of the passages in the prompt.
        prompt_tokens: Tokens of the instructions and examples, the same for every question.
        system_tokens: Tokens of the conversation's own system messages.
        output_tokens: Tokens generated.
        most_tokens: Largest number of generated tokens.
        model: The generating model's name in the policy.
        asks: Calls of verifiers about the draft.
        helps: Calls that stages make before the draft.
        cached_tokens: Tokens of the prompt that the model has probably in its prompt cache, besides those
            that are the same for every question.
        most_input: Upper bound of the prompt's tokens, if it was counted.
        beginning: The text that the prompt begins with, as far as it is known: the conversation's own system
            messages, and with a prompt strategy its instructions and examples.
    """

    question_tokens: float = 20.0
    rounds: float = 0.0
    search_cpu_seconds: float = 0.0
    searches: float = 1.0
    chunk_tokens: float | None = None
    enough: float | None = None
    context_tokens: float = 0.0
    prompt_tokens: float = 60.0
    system_tokens: float = 0.0
    output_tokens: float = 12.0
    most_tokens: float = 64.0
    model: str = ""
    asks: tuple[Asks, ...] = ()
    helps: tuple[HelperCall, ...] = ()
    cached_tokens: float = 0.0
    most_input: float = 0.0
    beginning: str = ""

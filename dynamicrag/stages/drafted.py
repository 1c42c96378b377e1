"""A draft from the completion of a model."""

from collections.abc import Sequence

from dynamicrag.features.response import response
from dynamicrag.llm.completion import Completion
from dynamicrag.llm.prompts.spans import Answer
from dynamicrag.turn import Draft


def drafted(
    completion: Completion, answer: Answer, model: str, dropped: Sequence[str], *, streamed: bool = False,
    refined: bool = False,
) -> Draft:  # fmt: skip
    """Return a draft with the signals of its token probabilities.

    ``dropped``, ``streamed`` and ``refined`` are as in :class:`~dynamicrag.turn.Draft`.
    """
    tokens = completion.tokens_from(answer.start)
    signals = response(
        [token.margin for token in tokens],
        [token.logprob for token in tokens],
        [token.entropy for token in tokens],
    )
    return Draft(
        text=answer.text, message_id=completion.message_id, model=model, streamed=streamed,
        dropped=list(dropped), signals=signals, refined=refined,
    )  # fmt: skip

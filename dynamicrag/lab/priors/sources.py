"""The public tables and models that the prior is learnt from, each with its licence or source."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DERIVABLE = ("Apache-2.0", "MIT")
"""Licences that allow a derived artefact in this package."""


@dataclass(frozen=True, slots=True)
class Source:
    """A table of outcomes.

    Attributes:
        file: Its file name.
        origin: Repository of its authors.
        licence: Its licence.
        content: Its content in a few words, for the card.
        learnt: Whether the shipped arrays derive from it; otherwise it is only used for judging.
    """

    file: str
    origin: str
    licence: str
    content: str
    learnt: bool = True

    def __post_init__(self) -> None:
        if self.learnt and self.licence not in DERIVABLE:
            raise ValueError(f"{self.file}: {self.licence} allows no derived artefact")


STRATEGY_BY_MODEL = Source(
    "strategy_x_llm_dev_500.jsonl.gz",
    "JinyanSu1/Flare-Aug",
    "Apache-2.0",
    "3,000 questions of six public sets, three retrieval strategies with five models, exact match",
)
STRATEGY_BY_QUESTION = Source(
    "adaptive_rag.jsonl.gz",
    "s-nlp/AdaRAGUE",
    "MIT",
    "the same 3,000 questions, three retrieval strategies with Llama 3.1 8B, token F1: judged on; learnt "
    "from it is which questions need several passages",
)
PROMPTING = Source(
    "bbh_prompting.jsonl.gz",
    "suzgunmirac/BIG-Bench-Hard",
    "MIT",
    "reasoning tasks with and without a chain of thought; no language model is trained on it",
)
QUESTION_SETS: Mapping[str, Source] = {
    "hotpotqa": Source(
        "hotpotqa_questions.jsonl.gz",
        "s-nlp/AdaRAGUE",
        "MIT",
        "500 questions with their needed passages, and the passages; a sample of HotpotQA, CC BY-SA 4.0",
    ),
    "2wikimultihopqa": Source(
        "2wikimultihopqa_questions.jsonl.gz",
        "s-nlp/AdaRAGUE",
        "MIT",
        "500 questions with their needed passages, and the passages; a sample of 2WikiMultihopQA, Apache-2.0",
    ),
}
GENERAL = Source(
    "routellm_mmlu.jsonl.gz",
    "lm-sys/RouteLLM",
    "Apache-2.0",
    "1,500 questions of MMLU: the directions of their embeddings alone",
)
SUMS = Source(
    "routellm_gsm8k.jsonl.gz",
    "lm-sys/RouteLLM",
    "Apache-2.0",
    "200 word problems: the directions of their embeddings alone",
)
DIRECTED = (STRATEGY_BY_MODEL, GENERAL, SUMS)
"""The tables whose questions give the directions of embeddings."""
SOURCES: Sequence[Source] = (
    STRATEGY_BY_MODEL, STRATEGY_BY_QUESTION, PROMPTING, GENERAL, SUMS, *QUESTION_SETS.values(),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Subject:
    """A model in the tables, with its public accuracy.

    Attributes:
        model: Name of its family in this package's profiles.
        score: Accuracy on MMLU, 0 to 1, as its authors report it.
        source: The report.
        date: Year and month of the report.
    """

    model: str
    score: float
    source: str
    date: str

    @property
    def theta(self) -> float:
        """Ability: the logit of the score."""
        return math.log(self.score / (1 - self.score))


SUBJECTS: Mapping[str, Subject] = {
    "flan_t5_xl": Subject("flan-t5-xl", 0.524, "Chung et al., arXiv 2210.11416, table 5, direct", "2022-10"),
    "flan_t5_xxl": Subject(
        "flan-t5-xxl", 0.551, "Chung et al., arXiv 2210.11416, table 5, direct", "2022-10"
    ),
    "llama31_8b": Subject("llama-3.1-8b", 0.694, "Meta, model card of Llama 3.1, 5-shot", "2024-07"),
    "gpt4o_mini": Subject("gpt-4o-mini", 0.820, "OpenAI, GPT-4o mini announcement", "2024-07"),
    "gpt4o": Subject("gpt-4o", 0.887, "OpenAI, GPT-4o announcement", "2024-05"),
}
"""The models by their name in the tables."""

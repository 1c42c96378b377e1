"""Learns the parts of the prior around the generator."""

from typing import Any, TypeVar

from dynamicrag.lab.priors.context import learn_context, learn_held
from dynamicrag.lab.priors.food import Food
from dynamicrag.lab.priors.prompt import learn_prompt
from dynamicrag.lab.priors.retriever import learn_retriever
from dynamicrag.lab.priors.tables import Progress
from dynamicrag.lab.priors.verification import learn_verification
from dynamicrag.predictors.state import State
from dynamicrag.priors.context import ContextPrior
from dynamicrag.priors.rerank import RerankPrior
from dynamicrag.priors.rewrite import RewritePrior
from dynamicrag.priors.shifts import StagePrior
from dynamicrag.priors.stages import Stages
from dynamicrag.priors.verification import VerificationPrior

_Part = TypeVar("_Part", StagePrior, VerificationPrior)
_Value = TypeVar("_Value", float, dict[str, Any])
RERANK = RerankPrior(reading=0.1, asking=0.05, diverse=0.0, needless=-0.05, spread=0.3)
REWRITE = RewritePrior(worded=0.15, decomposed=0.1, drift=-0.05, spread=0.3)
"""By judgement, and small: no recording has these options."""
DIGITS = 4
"""Decimals of a coefficient: the file stays readable, and does not hang on the last bit of a machine."""
CARD = """## Rewriting and reranking

Small shifts by judgement: no recording has these options. They are known to be no measurement.
"""
"""Section of the card."""


def learn_stages(food: Food, kept: Stages, progress: Progress) -> Stages:
    """Learn the part of each stage, and that of verification; the same data give the same parts.

    Args:
        food: The data. Without recordings, the parts that need them stay as they are.
        kept: The parts as they are.
        progress: Reports the step that begins.
    """
    questions = [*food.searched, *food.paraphrased]
    context, prompt = kept.shifts["context"], kept.shifts["prompt"]
    held = context.held if isinstance(context, ContextPrior) else 0.0
    verification = kept.verification
    progress("fit the context and the retriever")
    if food.recorded:
        held = _rounded(learn_held(food.searched, food.recorded))
    parts: dict[str, StagePrior] = {
        "rewrite": REWRITE,
        "retriever": _short(learn_retriever(questions, held)),
        "rerank": RERANK,
        "context": _short(learn_context(food.searched, held, food.hops)),
        "prompt": prompt,
    }
    if food.recorded:
        progress("fit the prompt and the verification, from recordings")
        parts["prompt"] = _short(learn_prompt(food.recorded, food.prompting))
        verification = _short(learn_verification(food.recorded))
    return Stages(parts, verification)


def _short(part: _Part) -> _Part:
    """Return a part with rounded coefficients."""
    return type(part).from_state(State(_rounded(dict(part.state().meta))))


def _rounded(value: _Value) -> _Value:
    """Return a number, or a mapping of numbers, rounded."""
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    return round(value, DIGITS)

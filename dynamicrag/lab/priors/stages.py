"""Learns the parts of the prior around the generator."""

from collections.abc import Mapping

from dynamicrag.lab.priors.context import learn_context
from dynamicrag.lab.priors.food import Food
from dynamicrag.lab.priors.prompt import learn_prompt
from dynamicrag.lab.priors.retriever import learn_retriever
from dynamicrag.lab.priors.verification import learn_verification
from dynamicrag.priors.rerank import RerankPrior
from dynamicrag.priors.rewrite import RewritePrior
from dynamicrag.priors.shifts import StagePrior
from dynamicrag.priors.verification import VerificationPrior

RERANK = RerankPrior(reading=0.1, asking=0.05, diverse=0.0, needless=-0.05, spread=0.3)
REWRITE = RewritePrior(worded=0.15, decomposed=0.1, drift=-0.05, spread=0.3)
"""By judgement, and small: no recording has these options."""


def learn_stages(food: Food) -> tuple[Mapping[str, StagePrior], VerificationPrior]:
    """Learn the part of each stage by name, and that of verification; the same data give the same parts."""
    context = learn_context(food.searched, food.recorded, food.hops)
    parts: dict[str, StagePrior] = {
        "rewrite": REWRITE,
        "retriever": learn_retriever([*food.searched, *food.paraphrased], context.held),
        "rerank": RERANK,
        "context": context,
        "prompt": learn_prompt(food.recorded, food.prompting),
    }
    return parts, learn_verification(food.recorded)

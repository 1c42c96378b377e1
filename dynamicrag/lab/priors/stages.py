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


CARD = """
## Retriever, context, prompt and verification

Learnt from our own retrievals on HotpotQA and 2WikiMultihopQA (s-nlp/AdaRAGUE, MIT), from the sample
corpus's questions and paraphrases, from our recordings of local models (0.1 to 1.5 billion parameters), from
`adaptive_rag` (which questions need several passages) and from `bbh_prompting` (suzgunmirac/BIG-Bench-Hard,
MIT; no language model is trained on it). Rewriting and reranking have small shifts by judgement: no recording
has these options.

- **Context.** `adaptive`, with at most 12 passages, on the even questions, with weights from the odd ones:
  the share of questions with all needed passages in the context, against a constant number of passages with
  as many tokens. HotpotQA: .876 against .846 by `linked`, .712 against .575 by `rrf`. 2WikiMultihopQA: .872
  against .843, and .440 against .325.
- **Retriever.** Learnt on the odd questions, nDCG@10 on the even ones: with `linked` among the options always
  `linked`, as good as the best (.861, .903). Of `bm25` and `chroma`, .777 and .749 on HotpotQA and
  2WikiMultihopQA, and .792 on the sample's questions and paraphrases; always `bm25` .780, .752 and .462,
  always `chroma` .745, .682 and .800.
- **Verification.** Out of fold by question, on 420 drafts: AUROC .664 within drafts of one path, .848 with
  the level of each path, expected calibration error .041.

It is known to be weak where titles say nothing, in languages that the embedding model does not read, and on
margins of models that were not recorded. Identifiers are searched by words by judgement alone.
"""
"""Section of the card of the prior."""

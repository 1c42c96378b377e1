"""Asks questions all at once of real models, with a verifier that fails, hangs or doubts at random.

    python -m tests.bench.flaky CORPUS QUESTIONS [NUMBER]

Says what became of every question, and exits with 1 if an answer was lost, a question took more steps than
the policy allows, or a query's account is not the sum of its lines.
"""

import asyncio
import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from dynamicrag import DynamicRAG
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.questions import read_questions
from dynamicrag.verify.base import VERIFIERS, Evidence, Signal, Verifier

MOST = 3


class Flaky(Verifier):
    """Raises in one case of four, hangs in one of seven, and else draws a sample and says anything."""

    gives = (Signal("flaky"),)

    def __init__(self, *, seed: int = 0) -> None:
        self._random = random.Random(seed)

    async def verify(self, evidence: Evidence) -> dict[str, float]:
        chance = self._random.random()
        if chance < 0.25:
            raise OSError("no answer from the scales")
        if chance < 0.4:
            await asyncio.sleep(3600)
        await evidence.caller.sample(temperature=0.5)
        return {"flaky": self._random.random()}


def policy(corpus: Path) -> dict[str, Any]:
    """Return ``balanced``, begun with the middle model, so that there is something to go up to."""
    made: dict[str, Any] = yaml.safe_load(Path("policies/balanced.yaml").read_text("utf-8"))
    made["corpora"]["docs"]["path"] = str(corpus.resolve())
    made["stages"]["generator"]["router"] = {"fixed": {"option": "medium"}}
    made["stages"]["verification"] = {
        "options": ["accept", "refine", "escalate", "abstain"],
        "verifiers": ["unanswerable", "groundedness", "flaky"],
        "router": {"thresholds": {"unsure": {"flaky": 0.3}, "abstain": ["unanswerable"]}},
        "escalate": {"unsure": ["refine", "generator"], "unverified": ["generator", "refine"]},
        "max_escalations": MOST, "on_failure": "escalate", "timeout": 30,
    }  # fmt: skip
    return made


async def ask(app: Any, questions: list[str]) -> list[dict[str, Any]]:
    """Ask all at once."""
    return await asyncio.gather(*(app.ainvoke({"messages": [("user", text)]}) for text in questions))


def main() -> int:
    corpus, source = Path(sys.argv[1]), Path(sys.argv[2])
    number = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    VERIFIERS.register("flaky")(Flaky)
    questions = [question.text for question in read_questions(source)[:number]]
    rag = DynamicRAG.from_policy(policy(corpus))
    app = rag.build_graph().compile()
    began, computed = time.perf_counter(), time.process_time()
    outs = asyncio.run(ask(app, questions))
    seconds, computed = time.perf_counter() - began, time.process_time() - computed
    rag.flush()
    steps = [len(out["rag"]["report"]["escalations"]) for out in outs]
    lost = [out["rag"]["report"]["question"] for out in outs if not out["messages"][-1].text]
    unsummed, spent = [], 0.0
    for out in outs:
        query = out["rag"]["turn"]["id"]
        spent += sum(line.usage.cpu_seconds for line in rag.account(query).lines)
        whole, stages = rag.cost(query), rag.pipeline.ledger.stages(rag.account(query).lines).values()
        if any(abs(whole[d] - sum(cost[d] for cost in stages)) > 1e-9 * (1 + whole[d]) for d in DIMENSIONS):
            unsummed.append(out["rag"]["report"]["question"])
    failed = sum("unverified" in d["features"] for out in outs for d in out["rag"]["decisions"])
    sys.stdout.write(
        f"{len(outs)} questions at once in {seconds:.0f} s: {len(lost)} answers lost, "
        f"{sum(out['rag']['report']['abstained'] for out in outs)} withheld, {failed} verdicts not given, "
        f"{sum(bool(out['rag']['report']['unverified']) for out in outs)} answers marked unverified\n"
        f"steps up: {dict(sorted(Counter(steps).items()))}, at most {MOST}\n"
        f"accounts that do not sum: {len(unsummed)}; CPU-seconds on accounts {spent:.1f}, "
        f"of the process {computed:.1f}\n"
    )
    rag.close()
    return int(bool(lost or unsummed or max(steps) > MOST))


if __name__ == "__main__":
    sys.exit(main())

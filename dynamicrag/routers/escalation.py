"""Verification by a learnt policy: accept the best draft, try another whole path, or abstain."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import permutations

import numpy as np

from dynamicrag.cost.vector import Cost, Dimension
from dynamicrag.errors import PolicyError
from dynamicrag.escalation.base import ABSTAIN
from dynamicrag.escalation.beliefs import Beliefs, Marks
from dynamicrag.features.base import Seen
from dynamicrag.predictors.checks import Floats
from dynamicrag.routers.base import ROUTERS, Choice, Router, StageContext
from dynamicrag.routers.judgement import Drafted, Judgement
from dynamicrag.routers.paths import (
    REFINE,
    check_option,
    check_takeable,
    mends,
    originals,
    parting,
    varied,
)
from dynamicrag.routers.vectors import computed
from dynamicrag.topology import VERIFICATION
from dynamicrag.turn import Attempt
from dynamicrag.types import Option
from dynamicrag.verify.base import VERIFIERS
from dynamicrag.verify.unanswerable import is_refusal

SIGNALS_SHOWN = 3
"""Number of signals in the reason of a verdict, each with its effect on P(the last draft is right)."""


@ROUTERS.register("escalation")
class LearntEscalation(Router):
    """Accepts the best draft so far, continues with the whole path chosen by a trained policy, or abstains.

    After every draft it computes the belief in this draft and in all untried paths, and the remaining cost of
    each; the policy weighs these. Any path may follow, even a weaker one at some stage; it branches at
    the first stage at which it differs from the current path. Paths that exceed the limits are closed, also
    as a second step after another path. A path of refined drafts continues from the current draft by
    ``refine``. If an earlier draft is believed to be better than the last, it is the answer.

    Args:
        judgement: The trained judgement of drafts.
        weights: Quality that one unit of each cost dimension is worth; without weights, the λ chosen in
            training applies.
    """

    when = ("post-generation", "multi-stage")
    uses = ("query", "response")
    how = "supervised"
    paper = "Dekoninck et al. 2024, Cascade Routing, arXiv 2410.10347; Chen et al. 2023, arXiv 2305.05176"
    trained = True
    grows = False
    unlogged = ("the drafts",)

    def __init__(self, *, judgement: Judgement, weights: Mapping[Dimension, float] | None = None) -> None:
        self.judgement = judgement
        prior = judgement.prior
        self.embeds = prior.before.features.embeds
        given = {name for verifier in VERIFIERS for name, _, _ in VERIFIERS[verifier].gives}
        self.reads = [name for name in judgement.signals if name in given]
        stages = [stage for stage in prior.stages if stage != VERIFICATION]
        # other routers decide the common part of the paths, perhaps differently
        self._paths: list[dict[str, str]] = [
            {stage: path[stage] for stage in stages if stage in path} for path in prior.paths
        ]
        self._mended, self._originals = [mends(path) for path in prior.paths], originals(prior.paths)
        costs = prior.before.about.costs
        means = np.array(costs[judgement.dimension])
        # a draft is refined in place, not on a separate way
        self.paths = [self._paths[i] for i in np.argsort(means, kind="stable") if not self._mended[i]]
        used = {d: weight for d, weight in (weights or {}).items() if weight}
        self._weights: Mapping[Dimension, float] = used or {judgement.dimension: judgement.lam}
        # the policy computes in one dimension; others are converted to it
        worth = sum(weight * float(np.mean(costs.get(d, 0.0))) for d, weight in self._weights.items())
        self._lam = worth / float(means.mean()) if means.any() else 0.0
        priced = {d: weight * np.array(costs[d]) for d, weight in self._weights.items() if d in costs}
        whole = np.asarray(sum(priced.values(), np.zeros(len(means)))) / (self._lam or 1.0)
        self._mending = [max(0.0, own - whole[of]) for own, of in zip(whole, self._originals, strict=True)]

    def check(self, stage: str, options: Sequence[Option], where: str) -> None:  # noqa: ARG002
        """See the base class."""
        if stage != VERIFICATION:
            raise PolicyError(f"{where}: 'escalation' judges drafts; it belongs to the stage 'verification'")

    def check_paths(self, options: Mapping[str, Sequence[str]], where: str) -> None:
        """See the base class. A draft of an option on no known path could not be judged."""
        for stage in varied(self._paths):
            check_option(self._paths, stage, options[stage], where)
        check_takeable(self._paths, options, where)

    async def choose(self, context: StageContext) -> Choice:
        """See the base class."""
        drafts = [self._drafted(attempt) for attempt in context.attempts]
        known = [draft for draft in drafts if draft is not None]
        if not drafts or drafts[-1] is None:
            index = context.move("accept")
            why = "no trained path led to this draft, so no better one is known"
            return Choice(context.nearest(0) if index is None else index, why)
        ways = self._ways(context, known[-1].path)
        price = np.full(len(self._paths), np.inf)
        weights = context.weights(self._weights)
        for path, (_, cost) in ways.items():
            price[path] = cost.weighted(weights) / self._lam if self._lam else 0.0
        later = [path for path, of in enumerate(self._originals) if of in ways]
        for path in later:
            price[path] = price[self._originals[path]] + self._mending[path]
        query = Seen(context.query.text, context.features)
        room = self._room(context, [*ways, *later])
        text = self.judgement.prior.embedded(query)
        beliefs = await computed(context, text, self.judgement.believe, query, known, price, room)
        verdict = self.judgement.policy.decide(beliefs, self._lam)
        step = int(verdict.step[0])
        if step in later:
            step = self._originals[step]  # first the draft; its refinement is decided afterwards
        return self._choice(context, known, ways, beliefs, step, int(verdict.draft[0]))

    def _drafted(self, attempt: Attempt) -> Drafted | None:
        """Return a draft in the form of the training data; ``None`` if its path was not in training."""
        for number, path in enumerate(self._paths):
            if self._mended[number] == attempt["draft"]["refined"] and parting(attempt["path"], path) is None:
                # retrieval signals do not apply to a draft without passages
                known = {} if path.get("retrieval") == "none" else attempt["known"]
                return Drafted(number, attempt["draft"]["text"], {**known, **attempt["signals"]})
        return None

    def _ways(self, context: StageContext, last: int) -> dict[int, tuple[int, Cost]]:
        """Return the open paths after a draft, each with the option that leads there and its cost."""
        ways = {}
        refine = context.move("refine")
        if last in self._originals and refine is not None:
            ways[self._originals.index(last)] = refine, context.expected[refine]
        for way in context.ways:
            whole = {**context.path, **way}
            option = context.move("redo", parting(context.path, way) or "")
            if option is not None and context.fits(whole):
                ways[self._paths.index(dict(way))] = option, context.price(whole)
        return ways

    def _room(self, context: StageContext, ways: Iterable[int]) -> Marks:
        """Return whether one open path may follow another within budget and steps up, (k, k)."""
        room = np.ones((len(self._paths), len(self._paths)), dtype=bool)
        final = len(context.attempts) >= context.settings.get("max_escalations", 0)
        for first, second in permutations(ways, 2) if context.left or final else ():
            before, then = ({**context.path, **self._paths[path]} for path in (first, second))
            room[first, second] = not final and context.fits(then, before)
        return room

    def _choice(
        self,
        context: StageContext,
        drafts: Sequence[Drafted],
        ways: Mapping[int, tuple[int, Cost]],
        beliefs: Beliefs,
        step: int,
        draft: int,
    ) -> Choice:
        mean = beliefs.mean[0]
        score = mean - self._lam * np.where(np.isfinite(beliefs.cost[0]), beliefs.cost[0], 0.0)
        best = max(ways, key=lambda path: score[path], default=None)
        accept, abstain = context.move("accept"), context.move("abstain")
        if step < 0 and accept is None and best is not None:
            step = best  # a verifier failed, and the policy then does not accept the draft
        through: dict[int, int] = {}
        for path in sorted(ways, key=lambda path: -score[path]):
            through.setdefault(ways[path][0], path)
        if step >= 0:
            through[ways[step][0]] = step
        quality: list[float | None] = [
            float(mean[through[i]]) if i in through else None for i in range(len(context.options))
        ]
        expected = [ways[through[i]][1] if i in through else cost for i, cost in enumerate(context.expected)]
        for index, worth in ((accept, mean[draft]), (abstain, beliefs.abstain[0])):
            if index is not None:
                quality[index] = float(worth)
        reason = self._explained(context.query.text, drafts, mean, draft)
        further = step if step >= 0 else best
        if further is not None:
            gain = float(beliefs.gains[0, further])
            price = self._lam * float(beliefs.cost[0, further])
            reason += f"; {self._name(further)} expected to add {gain:.2f} for {price:.2f} of cost"
        if step >= 0:
            way = None if self._mended[step] else self._paths[step]
            return Choice(ways[step][0], reason, quality=quality, expected=expected, path=way)
        refused = is_refusal(next(own.answer for own in drafts if own.path == draft))
        if abstain is not None and (refused or step == ABSTAIN):
            worth = f"to abstain is worth {beliefs.abstain[0]:.2f}"
            why = worth if step == ABSTAIN else "it says itself that there is no answer"
            return Choice(abstain, f"{reason}; {why}", quality=quality, expected=expected)
        if accept is None:
            return Choice(context.nearest(0), reason, quality=quality, expected=expected)
        earlier = None if draft == drafts[-1].path else self._wanted(draft)
        return Choice(accept, reason, quality=quality, expected=expected, path=earlier)

    def _explained(self, question: str, drafts: Sequence[Drafted], mean: Floats, draft: int) -> str:
        """Return the beliefs in the drafts in words, with the signals that moved the belief in the last."""
        last = drafts[-1].path
        effects = self.judgement.effects(question, drafts[-1])[:SIGNALS_SHOWN]
        signals = ", ".join(f"{name} {effect:+.2f}" for name, effect in effects)
        text = f"{self._name(last)} believed {mean[last]:.2f} right" + (f" ({signals})" if signals else "")
        return text if draft == last else f"{text}, its forerunner {self._name(draft)} {mean[draft]:.2f}"

    def _wanted(self, path: int) -> dict[str, str]:
        return {**self._paths[path], **({VERIFICATION: REFINE} if self._mended[path] else {})}

    def _name(self, path: int) -> str:
        return "/".join(self._wanted(path).values())

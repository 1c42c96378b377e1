"""The paths to record: a grid, a list, or one stage at a time around the planned path."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from dynamicrag.drafts.verification import Verification
from dynamicrag.errors import InputError, PolicyError, unknown
from dynamicrag.stages.base import StageBase
from dynamicrag.stages.retrieval import CONVERSATION
from dynamicrag.topology import TOPOLOGY, VERIFICATION

Steps = dict[str, str]
"""A path: the option of every stage on it."""
_LOOKING_BACK: Mapping[str, Sequence[str]] = {"retrieval": CONVERSATION}
"""Options that need a turn before, by stage."""
ACCEPT, REFINE = "accept", "refine"
"""The options of verification that a path can have: the draft is accepted at once, or refined first."""


class Paths:
    """Completes, orders and names the paths of one policy.

    Args:
        stages: The policy's stages.
        verification: Its verification.
        where: The policy, for messages.

    Raises:
        PolicyError: The policy's verification cannot accept a draft.
    """

    def __init__(
        self, stages: Mapping[str, StageBase], verification: Verification, where: str = "policy"
    ) -> None:
        self._options = {name: _recordable(name, stage) for name, stage in stages.items()}
        self._planned: Steps = {name: stage.planned().name for name, stage in stages.items()}
        self._verification = verification
        moves = [move.name for move in verification.moves]
        self._options[VERIFICATION] = [name for name in (ACCEPT, REFINE) if name in moves]
        if ACCEPT not in moves:
            raise PolicyError(
                f"{where}: stages.verification.options lacks {ACCEPT!r}; recording accepts every draft"
            )

    def complete(self, given: Mapping[str, str], where: str) -> Steps:
        """Return the whole path: stages that are not given have their planned option.

        A path without retrieval has no retriever and no context, even if they are given.

        Raises:
            InputError: An unknown stage or option, or no model may refine the draft.
        """
        for stage, option in given.items():
            if stage not in self._options:
                raise InputError(unknown(where, "stage", stage, self._options))
            if option in _LOOKING_BACK.get(stage, ()):
                raise InputError(
                    f"{where}: {option!r} uses the passages of the turn before, and questions are recorded "
                    f"one by one; valid: {', '.join(self._options[stage])}"
                )
            if option not in self._options[stage]:
                raise InputError(unknown(where, f"option of {stage}", option, self._options[stage]))
        steps: Steps = {**self._planned, VERIFICATION: ACCEPT, **given}
        if steps[VERIFICATION] == REFINE:
            self._check_refines(steps["generator"], where)
        passed = TOPOLOGY.passed(steps)
        return {stage: steps[stage] for stage in self._options if stage not in passed}

    def _check_refines(self, writer: str, where: str) -> None:
        verification = self._verification
        if verification.editor_of(verification.moves[verification.index(REFINE)], writer) is None:
            raise InputError(
                f"{where}: no model is stronger than {writer!r}, to mend its drafts; name one in the policy "
                "(refine: {model: NAME}), or leave the path out"
            )
        if not verification.settings.get("max_escalations"):
            raise InputError(
                f"{where}: {REFINE!r} is an escalation, and the policy's "
                "stages.verification.max_escalations allows none; set it to 1 or more"
            )

    def grid(self, choices: Mapping[str, Sequence[str]]) -> list[Steps]:
        """Return every combination of some options per stage."""
        return [
            self.complete(dict(zip(choices, options, strict=True)), "--grid")
            for options in product(*choices.values())
        ]

    def vary(self, stages: Iterable[str] | None = None) -> list[Steps]:
        """Return the planned path and those that differ from it at one of ``stages``, by default any."""
        paths = [self.complete({}, "--vary")]
        for stage in self._planned if stages is None else stages:
            if stage not in self._planned:
                raise InputError(unknown("--vary", "stage", stage, self._planned))
            paths += [self.complete({stage: option}, "--vary") for option in self._options[stage]]
        return paths

    def ordered(self, paths: Iterable[Steps]) -> list[Steps]:
        """Return each path once, weakest options first, earlier stages before later ones.

        Options that the policy no longer has come after those that it has.
        """
        options = {**self._options, VERIFICATION: [ACCEPT, REFINE]}
        ranks = {stage: {name: n for n, name in enumerate(names)} for stage, names in options.items()}
        distinct = {tuple(steps.items()): steps for steps in paths}.values()
        return sorted(
            distinct,
            key=lambda path: [rank.get(path[s], len(rank)) if s in path else -1 for s, rank in ranks.items()],
        )

    @staticmethod
    def names(paths: Sequence[Steps]) -> list[str]:
        """Return a short name per path: its options at the stages where paths differ, as ``none/small``.

        A stage that only some paths have differs only if it does among those. Of verification only ``refine``
        is named.
        """
        drafting = TOPOLOGY.drafting
        varied = [s for s in drafting if len({path[s] for path in paths if s in path}) > 1] or drafting
        return [
            "/".join([*(path[s] for s in varied if s in path), *[REFINE] * (path[VERIFICATION] == REFINE)])
            for path in paths
        ]


def _recordable(name: str, stage: StageBase) -> list[str]:
    """Return the options of a stage that can be recorded: questions have no turn before them."""
    return [option.name for option in stage.options if option.name not in _LOOKING_BACK.get(name, ())]

"""Which paths to record: a grid, a list, or one stage at a time around the planned path."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path

from dynamicrag.drafts.verification import Verification
from dynamicrag.errors import InputError, PolicyError, unknown
from dynamicrag.plain_yaml import parse_yaml, read_text
from dynamicrag.stages.base import StageBase
from dynamicrag.topology import TOPOLOGY, VERIFICATION

Steps = dict[str, str]
"""A path: the option of every stage that it passes."""

VERDICT = "accept"
"""What every path ends with; of a path that says ``refine``, after the draft was mended."""
REFINE = "refine"
"""The other: the draft is mended first."""


class Paths:
    """Completes and names the paths of one policy.

    Drafts are judged, but always accepted; so the stages that lead to a draft can be varied.

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
        self._options = {name: [option.name for option in stage.options] for name, stage in stages.items()}
        self._planned: Steps = {name: stage.planned().name for name, stage in stages.items()}
        self._verification = verification
        moves = [move.name for move in verification.moves]
        self._options[VERIFICATION] = [name for name in (VERDICT, REFINE) if name in moves]
        if VERDICT not in moves:
            raise PolicyError(
                f"{where}: stages.verification.options lacks {VERDICT!r}, which recording takes every time"
            )

    def complete(self, given: Mapping[str, str], where: str) -> Steps:
        """Return a whole path: stages that are not given stand at their planned option.

        Without retrieval a path passes no retriever and no context, whatever is given for them.

        Raises:
            InputError: A stage or an option that does not exist, or a draft that nobody may mend.
        """
        for stage, option in given.items():
            if stage not in self._options:
                raise InputError(unknown(where, "stage", stage, self._options))
            if option not in self._options[stage]:
                raise InputError(unknown(where, f"option of {stage}", option, self._options[stage]))
        steps: Steps = {**self._planned, "verification": VERDICT, **given}
        if steps["verification"] == REFINE:
            self._check_mended(steps["generator"], where)
        passed = TOPOLOGY.passed(steps)
        return {stage: steps[stage] for stage in self._options if stage not in passed}

    def _check_mended(self, writer: str, where: str) -> None:
        verification = self._verification
        if verification.editor_of(verification.moves[verification.index(REFINE)], writer) is None:
            raise InputError(
                f"{where}: no model is stronger than {writer!r}, to mend its drafts; name one in the policy "
                "(refine: {model: NAME}), or leave the path out"
            )
        if not verification.settings.get("max_escalations"):
            raise InputError(
                f"{where}: {REFINE!r} is a step up, and the policy's stages.verification.max_escalations "
                "allows none; set it to 1 or more"
            )

    def grid(self, choices: Mapping[str, Sequence[str]], where: str = "--grid") -> list[Steps]:
        """Return the product of some options per stage."""
        return [
            self.complete(dict(zip(choices, options, strict=True)), where)
            for options in product(*choices.values())
        ]

    def vary(self, stages: Iterable[str] | None = None, where: str = "--vary") -> list[Steps]:
        """Return the planned path, and those that differ from it at one of ``stages``, by default any."""
        paths = [self.complete({}, where)]
        for stage in self._planned if stages is None else stages:
            if stage not in self._planned:
                raise InputError(unknown(where, "stage", stage, self._planned))
            paths += [self.complete({stage: option}, where) for option in self._options[stage]]
        return paths

    def ordered(self, paths: Iterable[Steps]) -> list[Steps]:
        """Return each path once, weakest options first, earlier stages before later ones.

        Options of recorded paths that the policy has no longer come after those that it has.
        """
        distinct = {tuple(steps.items()): steps for steps in paths}
        return sorted(distinct.values(), key=self._rank)

    def _rank(self, steps: Steps) -> list[int]:
        options = {**self._options, VERIFICATION: [VERDICT, REFINE]}
        ranks = {s: {name: n for n, name in enumerate(names)} for s, names in options.items()}
        return [ranks[s].get(steps[s], len(ranks[s])) if s in steps else -1 for s in ranks]

    @staticmethod
    def names(paths: Sequence[Steps]) -> list[str]:
        """Return a short name per path: its options at the stages where paths differ, as ``none/small``.

        A stage that some paths pass and others do not differs only if those that pass it do. Of
        verification only ``refine`` is named.
        """
        drafting = TOPOLOGY.drafting
        varied = [s for s in drafting if len({steps[s] for steps in paths if s in steps}) > 1]
        return [
            "/".join(
                [*(steps[s] for s in varied or drafting if s in steps)]
                + [REFINE] * (steps["verification"] == REFINE)
            )
            for steps in paths
        ]


def grid_of(texts: Sequence[str], where: str = "--grid") -> dict[str, list[str]]:
    """Read ``stage=option,option`` texts.

    Raises:
        InputError: A text has another form, or a stage occurs twice.
    """
    choices: dict[str, list[str]] = {}
    for text in texts:
        stage, equals, options = text.partition("=")
        names = [name.strip() for name in options.split(",") if name.strip()]
        if not equals or not names:
            raise InputError(f"{where} {text!r}: expected stage=option,option, as generator=small,large")
        if stage.strip() in choices:
            raise InputError(f"{where}: {stage.strip()} occurs twice; name all of its options at once")
        choices[stage.strip()] = names
    return choices


def path_of(text: str, where: str = "--path") -> Steps:
    """Read ``stage=option,stage=option``.

    Raises:
        InputError: The text has another form, or a stage occurs twice.
    """
    steps: Steps = {}
    for part in text.split(","):
        stage, equals, option = (piece.strip() for piece in part.partition("="))
        if not equals or not option or stage in steps:
            raise InputError(
                f"{where} {text!r}: expected stage=option,stage=option, each stage once, as "
                "retrieval=single,generator=large"
            )
        steps[stage] = option
    return steps


def paths_in(file: Path) -> list[Steps]:
    """Read a YAML list of ``{stage: option}``.

    Raises:
        InputError: The file cannot be read, or is no such list.
    """
    try:
        found = parse_yaml(read_text(file))
    except FileNotFoundError:
        raise InputError(f"{file}: cannot be read: there is no such file") from None
    except ValueError as error:
        raise InputError(f"{file}: {error}") from None
    if not isinstance(found, list) or not found or not all(isinstance(item, dict) for item in found):
        raise InputError(f"{file}: expected a list of paths, as - {{retrieval: single, generator: large}}")
    return [{str(stage): str(option) for stage, option in item.items()} for item in found]

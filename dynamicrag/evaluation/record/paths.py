"""Which paths to record: a grid, a list, or one stage at a time around the planned path."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path

from dynamicrag.errors import InputError, PolicyError, unknown
from dynamicrag.plain_yaml import parse_yaml, read_text
from dynamicrag.stages.base import StageBase
from dynamicrag.stages.verification import REFINE, VerificationStage
from dynamicrag.types import STAGES

Steps = dict[str, str]
"""A path: the option of every stage that it passes."""

VERDICT = "accept"
"""What every path ends with; of a path that says ``refine``, after the draft was mended."""
RECORDED = STAGES[:-1]
"""The stages that can be varied; drafts are judged, but always accepted."""
_RETRIEVES = ("retriever", "context")


class Paths:
    """Completes and names the paths of one policy.

    Args:
        stages: The policy's stages.
        where: The policy, for messages.

    Raises:
        PolicyError: The policy's verification cannot accept a draft.
    """

    def __init__(self, stages: Mapping[str, StageBase], where: str = "policy") -> None:
        self._options: dict[str, list[str]] = {
            name: [option.name for option in stages[name].options] for name in STAGES
        }
        self._planned: Steps = {str(name): stages[name].planned().name for name in RECORDED}
        self._verification = stages["verification"]
        if VERDICT not in self._options["verification"]:
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
            if stage not in STAGES:
                raise InputError(unknown(where, "stage", stage, STAGES))
            known = self._options[stage]
            known = [o for o in known if o in (VERDICT, REFINE)] if stage == "verification" else known
            if option not in known:
                raise InputError(unknown(where, f"option of {stage}", option, known))
        steps: Steps = {**self._planned, "verification": VERDICT, **given}
        if steps["verification"] == REFINE:
            self._check_mended(steps["generator"], where)
        skipped = _RETRIEVES if steps["retrieval"] == "none" else ()
        return {stage: steps[stage] for stage in STAGES if stage not in skipped}

    def _check_mended(self, writer: str, where: str) -> None:
        stage = self._verification
        assert isinstance(stage, VerificationStage)
        if stage.editor_of(stage.options[stage.index(REFINE)], writer) is None:
            raise InputError(
                f"{where}: no model is stronger than {writer!r}, to mend its drafts; name one in the policy "
                "(refine: {model: NAME}), or leave the path out"
            )
        if not stage.settings.get("max_escalations"):
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

    def vary(self, stages: Iterable[str] = RECORDED, where: str = "--vary") -> list[Steps]:
        """Return the planned path, and those that differ from it at one of ``stages``."""
        paths = [self.complete({}, where)]
        for stage in stages:
            if stage not in RECORDED:
                raise InputError(unknown(where, "stage", stage, RECORDED))
            paths += [self.complete({stage: option}, where) for option in self._options[stage]]
        return paths

    def ordered(self, paths: Iterable[Steps]) -> list[Steps]:
        """Return each path once, weakest options first, earlier stages before later ones.

        Options of recorded paths that the policy has no longer come after those that it has.
        """
        distinct = {tuple(steps.items()): steps for steps in paths}
        return sorted(distinct.values(), key=self._rank)

    def _rank(self, steps: Steps) -> list[int]:
        options = {**self._options, "verification": [VERDICT, REFINE]}
        ranks = {s: {name: n for n, name in enumerate(names)} for s, names in options.items()}
        return [ranks[s].get(steps[s], len(ranks[s])) if s in steps else -1 for s in STAGES]

    @staticmethod
    def names(paths: Sequence[Steps]) -> list[str]:
        """Return a short name per path: its options at the stages where paths differ, as ``none/small``.

        A stage that some paths pass and others do not differs only if those that pass it do. Of
        verification only ``refine`` is named.
        """
        varied = [s for s in RECORDED if len({steps[s] for steps in paths if s in steps}) > 1]
        return [
            "/".join(
                [*(steps[s] for s in varied or RECORDED if s in steps)]
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

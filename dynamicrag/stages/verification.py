"""Stage ``verification``: whether the draft is good enough, and what to do if not."""

from collections.abc import Mapping, Sequence
from typing import Any

from dynamicrag import portal
from dynamicrag.cost.expect import Plan
from dynamicrag.routers.base import Router
from dynamicrag.stages.base import Run, StageBase
from dynamicrag.types import STAGES, Option, TurnState
from dynamicrag.verify.base import Evidence, Verifier

ESCALATE = "escalate"


class VerificationStage(StageBase):
    """Options ``accept``, ``abstain`` and one ``escalate:<stage>`` per stage that the table names.

    Args:
        options: The options.
        router: The router.
        settings: ``escalate``: stages to try per finding; ``max_escalations``.
        verifiers: The judges, by name.
        stages: The stages before this one.
    """

    name = "verification"

    def __init__(
        self,
        options: Sequence[Option],
        router: Router,
        settings: Mapping[str, Any] | None = None,
        *,
        verifiers: Mapping[str, Verifier],
        stages: Mapping[str, StageBase],
    ) -> None:
        super().__init__(options, router, settings)
        self.verifiers = verifiers
        self._stages = stages

    async def signals(self, turn: TurnState, run: Run) -> dict[str, float]:
        """Let every verifier judge the draft."""
        draft = turn.get("draft")
        assert draft is not None, "verification comes after generation"
        evidence = Evidence(turn["text"], draft["text"], turn.get("passages", []), draft["signals"])
        signals: dict[str, float] = dict(draft["signals"])
        for name, verifier in self.verifiers.items():
            if not verifier.computes:
                await portal.may_wait()
            with run.ledger.span(turn["id"], self.name, name):
                signals |= await verifier.verify(evidence)
        return signals

    async def features(self, turn: TurnState) -> dict[str, float]:
        """Return the verifiers' signals."""
        return dict(turn.get("signals", {}))

    def allowed(self, turn: TurnState) -> list[bool]:
        """Close escalation to stages with no stronger option, and all of it when its number is used up."""
        used_up = len(turn.get("escalations", [])) >= self.settings.get("max_escalations", 0)
        return [
            not option.name.startswith(ESCALATE)
            or (not used_up and self.target(option, turn["path"]) is not None)
            for option in self.options
        ]

    def target(self, option: Option, path: Mapping[str, str]) -> tuple[str, str] | None:
        """Return the stage to redo for an ``escalate`` option and the next stronger option there.

        A stage that was skipped because nothing was retrieved is reached again through ``retrieval``.
        """
        _, _, name = option.name.partition(":")
        if name in ("retriever", "context") and path.get("retrieval") == "none":
            name = "retrieval"
        stage = self._stages.get(name)
        if stage is None:
            return None
        stronger = stage.index(path.get(name)) + 1
        return (name, stage.options[stronger].name) if stronger < len(stage.options) else None

    def escalated(self, option: Option, path: Mapping[str, str]) -> dict[str, str]:
        """Return the path as an option of this stage would change it, for its expected cost."""
        target = self.target(option, path) if option.name.startswith(ESCALATE) else None
        return {**path, target[0]: target[1]} if target else dict(path)

    def waits(self, option: Option) -> bool:  # noqa: ARG002
        """See the base class."""
        return False

    def apply(self, option: Option, plan: Plan) -> Plan:  # noqa: ARG002
        """Change nothing: what an escalation adds is priced as a path of its own."""
        return plan

    async def act(self, option: Option, turn: TurnState, run: Run) -> TurnState:
        """Record the verdict; on escalation, say what is to be redone and withdraw what was streamed."""
        draft = turn.get("draft")
        withdrawn = option.name != "accept"
        if withdrawn and draft and draft["streamed"]:
            run.emit({"type": "withdrawn", "message_id": draft["message_id"], "reason": option.name})
        target = self.target(option, turn["path"]) if option.name.startswith(ESCALATE) else None
        if target is None:
            return {"action": option.name, "redo": None}
        return {"action": ESCALATE, "redo": target[0]}


def expand(names: Sequence[str], escalate: Mapping[str, Sequence[str]]) -> list[Option]:
    """Turn the policy's ``escalate`` into one option per stage that the table names, weakest first."""
    options: list[Option] = []
    named = {stage for stages in escalate.values() for stage in stages}
    for name in names:
        if name == ESCALATE:
            options += [Option(f"{ESCALATE}:{stage}") for stage in STAGES if stage in named]
        else:
            options.append(Option(name))
    return options

"""Stage ``verification``: whether the draft is good enough, and what to do if not."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dynamicrag.cost.expect import CHARACTERS, Plan
from dynamicrag.llm.refine import EXPECTED_TOKENS, MAX_TOKENS, OVERHEAD_TOKENS
from dynamicrag.routers.base import Router
from dynamicrag.routers.paths import parting
from dynamicrag.stages.asking import Resources
from dynamicrag.stages.base import Run, StageBase
from dynamicrag.stages.judging import judge
from dynamicrag.stages.refining import refine
from dynamicrag.stages.second_asking import ASK_AGAIN, ask_again, plan_again, shown_again
from dynamicrag.stages.ways import attempt_of, standing, taken_up, tried
from dynamicrag.types import STAGES, Attempt, Draft, Option, Passage, TurnState
from dynamicrag.verify.base import Verifier

ESCALATE = "escalate"
REFINE = "refine"
TIMEOUT = 60.0


class VerificationStage(StageBase):
    """Options ``accept``, ``refine``, ``ask_again``, ``abstain`` and an ``escalate:<stage>`` per stage.

    Where the router knows whole paths, ``escalate:<stage>`` leads to those that part there from the one in
    force, and the router names which; else to the stage's next stronger option.

    Args:
        options: The options.
        router: The router.
        settings: ``escalate``: stages to try per finding; ``max_escalations``, refinements among them;
            ``on_failure``: ``accept`` or ``escalate``, where a verifier fails; ``timeout``: the seconds
            that each verifier has; ``outside``: ``answer`` or ``abstain``, where the documents do not speak
            of the question.
        verifiers: The judges, by name.
        stages: The stages before this one.
        resources: What verifiers and editors may use.
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
        resources: Resources,
    ) -> None:
        super().__init__(options, router, settings)
        self.verifiers = verifiers
        self._asks = tuple(ask for verifier in verifiers.values() for ask in verifier.asks())
        self._stages = stages
        self._resources = resources

    async def judge(self, turn: TurnState, run: Run) -> TurnState:
        """Let every verifier judge the draft; return its signals, and who could not judge it."""
        timeout = self.settings.get("timeout", TIMEOUT)
        return await judge(self.verifiers, self._resources, turn, run, timeout)

    async def features(self, turn: TurnState) -> dict[str, float]:
        """Return the verifiers' signals."""
        return dict(turn.get("signals", {}))

    def allowed(self, turn: TurnState) -> list[bool]:
        """Close steps up that have nowhere to go, and all of them when their number is used up."""
        steps = [step for step in turn.get("escalations", []) if step["option"] != ASK_AGAIN]
        used_up = len(steps) >= self.settings.get("max_escalations", 0)
        return [
            self._again(turn) is not None
            if option.name == ASK_AGAIN
            else not steps_up(option) or (not used_up and self._leads_on(option, turn))
            for option in self.options
        ]

    def insisted(self, turn: TurnState, allowed: Sequence[bool]) -> list[bool]:
        """Leave nothing but steps up where a verifier failed, the policy says so, and one is affordable."""
        failed = self.settings.get("on_failure") == "escalate" and turn.get("unverified")
        up = [is_open and steps_up(option) for is_open, option in zip(allowed, self.options, strict=True)]
        return up if failed and any(up) else list(allowed)

    def attempts(self, turn: TurnState) -> Sequence[Attempt]:
        """Return all drafts so far, the one under judgement last."""
        last = [] if turn.get("draft") is None else [attempt_of(turn)]
        return [*turn.get("earlier", []), *last]

    def _again(self, turn: TurnState) -> Sequence[Passage] | None:
        return shown_again(turn, self.settings)

    def _leads_on(self, option: Option, turn: TurnState) -> bool:
        if option.name == REFINE:
            return self.editor(option, turn) is not None
        return bool(self._ways(option, turn))

    def _ways(self, option: Option, turn: TurnState) -> Sequence[Mapping[str, str]]:
        """Return what an option may lead to, cheapest first: the router's paths, or the next step up."""
        path = turn.get("path", {})
        if not self.router.paths:
            target = self.target(option, path)
            return [] if target is None else [dict([target])]
        return [way for way in self.ways(turn) if option.name == f"{ESCALATE}:{parting(path, way)}"]

    def ways(self, turn: TurnState) -> Sequence[Mapping[str, str]]:
        """Return the router's paths of this policy's options that were not tried yet."""
        been = list(tried(turn))
        return [
            way
            for way in self.router.paths
            if all(self._stages[stage].index(name) >= 0 for stage, name in way.items())
            and all(parting(other, way) is not None for other in been)
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

    def editor(self, option: Option, turn: TurnState) -> str | None:
        """Return the model that may mend the draft; ``None`` if none may, or one has done so already."""
        draft = turn.get("draft")
        return None if draft is None or draft["refined"] else self.editor_of(option, draft["model"])

    def editor_of(self, option: Option, writer: str) -> str | None:
        """Return the model that may mend a model's drafts: the policy's, or the next stronger, if any."""
        given: str | None = option.params.get("model")
        models = self._stages["generator"]
        stronger = models.index(writer) + 1
        return given or (models.options[stronger].name if stronger < len(models.options) else None)

    def plan(self, option: Option, turn: TurnState, of: Callable[[Mapping[str, str]], Plan]) -> Plan | None:
        """Return what is left to do under an option, given the plan of a path; ``None`` for nothing."""
        path, draft = turn.get("path", {}), turn.get("draft")
        passages = self._again(turn) if option.name == ASK_AGAIN else None
        voice = self._resources.strategy(path).voice
        if passages is not None and draft is not None:
            return plan_again(of(path), passages, draft["model"], voice)
        ways = self._ways(option, turn)
        if ways:
            return of({**standing(path, ways[0]), **ways[0]})
        editor = self.editor(option, turn) if option.name == REFINE else None
        if editor is None:
            return None
        return of(path)._replace(
            rounds=0.0,
            prompt_tokens=OVERHEAD_TOKENS + len(voice.instructions) / CHARACTERS,
            output_tokens=EXPECTED_TOKENS[voice.style],
            most_tokens=MAX_TOKENS[voice.style],
            model=editor,
        )

    def apply(self, option: Option, plan: Plan) -> Plan:  # noqa: ARG002
        """Add what judging the draft asks of models; what a step up adds is priced as a path of its own."""
        return plan._replace(asks=self._asks)

    async def act(self, option: Option, turn: TurnState, run: Run) -> TurnState:
        """Record the verdict, and what is to be redone; mend the draft; withdraw what no longer stands."""
        draft = turn.get("draft")
        if option.name == REFINE:
            assert draft is not None, "a draft is mended after it was written"
            editor = self.editor(option, turn)
            assert editor is not None, "refining is closed without an editor"
            mended = await refine(editor, self._objections(turn), turn, run, self._resources)
            if mended is None:
                return {"action": REFINE, "redo": None, "draft": {**draft, "refined": True}}
            return {"action": REFINE, "redo": None, "draft": mended, "earlier": self._left(REFINE, turn, run)}
        if option.name == ASK_AGAIN:
            passages = self._again(turn)
            assert passages is not None, "asking again is closed where there is nothing to ask from"
            said = await ask_again(passages, turn, run, self._resources)
            if said is None:
                return {"action": ASK_AGAIN, "redo": None}
            return {**said, "action": ASK_AGAIN, "redo": None, "earlier": self._left(ASK_AGAIN, turn, run)}
        wanted = turn.get("wanted")
        if option.name == "accept" and wanted is not None:
            return self._accept_earlier(wanted, turn, run)
        if draft and option.name != "accept":
            draft = withdraw(draft, option.name, run)
        target = self.target(option, turn["path"])
        redo = parting(turn["path"], wanted) if wanted else target and target[0]
        if redo is None or draft is None:
            return {"action": option.name, "redo": None, "draft": draft}
        left: TurnState = {**turn, "draft": draft}
        return {
            "action": ESCALATE,
            "redo": redo,
            # a step up is told from the option that stands; a whole path is decided anew from there on
            "path": standing(turn["path"], wanted) if wanted else turn["path"],
            "draft": draft,
            "earlier": [*turn.get("earlier", []), attempt_of(left)],
        }

    def _left(self, reason: str, turn: TurnState, run: Run) -> list[Attempt]:
        """Withdraw the draft, and return it with those before it."""
        assert turn["draft"] is not None, "a draft is left after it was written"
        as_it_was: TurnState = {**turn, "draft": withdraw(turn["draft"], reason, run)}
        return [*turn.get("earlier", []), attempt_of(as_it_was)]

    def _accept_earlier(self, wanted: Mapping[str, str], turn: TurnState, run: Run) -> TurnState:
        """Take up the draft of an earlier path again; the last one falls."""
        earlier = turn["earlier"]
        number = next(i for i, past in enumerate(earlier) if parting(past["path"], wanted) is None)
        found, last = earlier[number], attempt_of(turn)
        assert turn["draft"] is not None, "a draft is judged after it was written"
        withdraw(turn["draft"], "an earlier draft is better", run)
        path = {**found["path"], self.name: "accept"}
        others = [*earlier[:number], *earlier[number + 1 :], last]
        back: TurnState = {"action": "accept", "redo": None, "earlier": others, "stands": number + 1}
        return {**back, **taken_up(found), "path": path}

    def _objections(self, turn: TurnState) -> list[str]:
        signals = turn.get("signals", {})
        said = (verifier.objection(signals) for verifier in self.verifiers.values())
        return list(dict.fromkeys(filter(None, said)))


def steps_up(option: Option) -> bool:
    """Return whether an option goes on working on the answer, rather than ending the turn."""
    return option.name == REFINE or option.name.startswith(ESCALATE)


def withdraw(draft: Draft, reason: str, run: Run) -> Draft:
    """Take back what the user was shown of a draft; if it is to stand after all, it is a new message."""
    if not draft["streamed"]:
        return draft
    run.emit({"type": "withdrawn", "message_id": draft["message_id"], "reason": reason})
    return {**draft, "streamed": False, "message_id": ""}


def expand(
    names: Sequence[str], escalate: Mapping[str, Sequence[str]], editor: Mapping[str, Any] | None = None
) -> list[Option]:
    """Turn the policy's names into options, ``escalate`` into one per stage that its table names.

    Args:
        names: The policy's options.
        escalate: Stages by finding.
        editor: Parameters of ``refine``.
    """
    options: list[Option] = []
    named = {stage for stages in escalate.values() for stage in stages}
    for name in names:
        if name == ESCALATE:
            options += [Option(f"{ESCALATE}:{stage}") for stage in STAGES if stage in named]
        else:
            options.append(Option(name, editor or {}) if name == REFINE else Option(name))
    return options

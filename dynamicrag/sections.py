"""The stages of a policy, from the sections of its file."""

from collections.abc import Mapping, Sequence
from typing import Any

from dynamicrag.dependencies import Dependencies
from dynamicrag.errors import PolicyError, unknown
from dynamicrag.llm.chat import ChatModel
from dynamicrag.llm.prompts.base import PROMPTS
from dynamicrag.policy import Policy, StageSection, VerificationSection
from dynamicrag.registry import parse_spec
from dynamicrag.retrieval.base import RETRIEVERS, RetrievalContext, Retriever
from dynamicrag.retrieval.corpus import Corpus
from dynamicrag.routers.base import Router
from dynamicrag.routers.build import build_joint, build_router, names
from dynamicrag.routers.paths import varied
from dynamicrag.stages.asking import Resources
from dynamicrag.stages.base import StageBase, option_names
from dynamicrag.stages.context import ContextStage, context_option, depth
from dynamicrag.stages.generator import GeneratorStage
from dynamicrag.stages.prompt import PromptStage
from dynamicrag.stages.retrieval import ROUNDS, RetrievalStage
from dynamicrag.stages.retriever import RetrieverStage
from dynamicrag.stages.second_asking import ASK_AGAIN
from dynamicrag.stages.verification import REFINE, VerificationStage, expand, steps_up
from dynamicrag.types import STAGES, Option, Stage
from dynamicrag.verify.base import VERIFIERS, Verifier

VERDICTS = ("accept", REFINE, "escalate", ASK_AGAIN, "abstain")


class Sections:
    """Builds the stages of a policy, each from its section.

    Args:
        policy: The policy.
        deps: What they are built with.
    """

    def __init__(self, policy: Policy, deps: Dependencies) -> None:
        self._policy = policy
        self._deps = deps
        spec, self._at_joint = policy.joint, policy.where("joint")
        self._joint = None if spec is None else build_joint(spec, self._at_joint, deps)
        self._corpora: Mapping[str, Corpus] = deps.corpora
        self._models: Mapping[str, ChatModel] = deps.models
        self._strategies = {
            name: PROMPTS.build(spec or name, self._where("prompt", "options", name), deps)
            for name, spec in self._specs("prompt").items()
        }

    def build(self) -> dict[str, StageBase]:
        """Return the stages by name, in order.

        Raises:
            PolicyError: A name does not exist or does not fit where it stands.
        """
        stages: dict[str, StageBase] = {
            "retrieval": self._retrieval(),
            "retriever": self._retriever(),
            "context": self._context(),
            "prompt": self._prompt(),
            "generator": self._generator(),
        }
        if self._joint is not None:
            self._joint.check_paths(option_names(stages), self._at_joint)
        return {**stages, "verification": self._verification(stages)}

    def _section(self, stage: Stage) -> StageSection:
        section: StageSection = getattr(self._policy.stages, stage)
        return section

    def _where(self, stage: Stage, *place: str) -> str:
        return self._policy.where("stages", stage, *place)

    def _specs(self, stage: Stage) -> dict[str, Any]:
        specs = self._section(stage).specs
        if not specs:
            raise PolicyError(f"{self._where(stage, 'options')}: at least one option is needed")
        return specs

    def _router(self, stage: Stage, options: list[Option]) -> Router:
        spec = self._section(stage).router
        where = self._where(stage, "router")
        if self._joint is not None and stage in self._joint.decides:
            if spec is not None:
                raise PolicyError(f"{where}: 'joint' decides this stage; take this router out, or 'joint'")
            self._joint.check(stage, options, self._at_joint)
            return self._joint
        if spec is None:
            if len(options) > 1:
                raise PolicyError(
                    f"{where}: is missing, and there are {len(options)} options; valid: {', '.join(names())}"
                )
            spec = {"fixed": {"option": options[0].name}}
        router = build_router(spec, where, self._deps)
        router.check(stage, options, where)
        return router

    def _named(self, stage: Stage, valid: Any) -> list[Option]:
        specs = self._specs(stage)
        for name in specs:
            if name not in valid:
                raise PolicyError(unknown(self._where(stage, "options"), "option", name, valid))
        return [Option(name) for name in specs]

    def _retrieval(self) -> RetrievalStage:
        options = self._named("retrieval", ROUNDS)
        router = self._router("retrieval", options)
        corpora = list(self._corpora.values())

        def coverage(text: str) -> dict[str, float]:
            # a question is covered as well as by the corpus that covers it best
            found = [corpus.coverage(text) for corpus in corpora]
            return max(found, key=lambda f: f["idf_coverage"]) if found else {}

        return RetrievalStage(options, router, coverage=coverage if len(options) > 1 else None)

    def _retriever(self) -> RetrieverStage:
        specs, section = self._specs("retriever"), self._policy.stages.retriever
        where = {name: self._where("retriever", "options", name) for name in specs}
        for name in section.parts:
            where[name] = self._where("retriever", "parts", name)
            if name in specs:
                raise PolicyError(f"{where[name]}: is an option too; take one of them out")
        built: dict[str, Retriever] = {
            n: self._deps.retrievers.get(n) or RETRIEVERS.build(spec or n, where[n], self._deps)
            for n, spec in section.retrievers.items()
        }
        default = next(iter(self._corpora), "")
        for name, retriever in built.items():
            retriever.bind(RetrievalContext(self._corpora, default, built, where[name], self._deps.trust))
        options = [Option(name) for name in specs]
        helper = self._policy.helper
        return RetrieverStage(
            options,
            self._router("retriever", options),
            retrievers={name: built[name] for name in specs},
            depth=depth(self._context_options()),
            helper=self._models[helper] if helper else None,
        )

    def _context_options(self) -> list[Option]:
        return [
            context_option(name, params, self._where("context", "options", name))
            for name, params in self._specs("context").items()
        ]

    def _context(self) -> ContextStage:
        options = self._context_options()
        size = next((c.chunk.size for c in self._policy.corpora.values()), 256)
        return ContextStage(
            options, self._router("context", options), corpora=self._corpora, chunk_tokens=0.6 * size
        )

    def _prompt(self) -> PromptStage:
        options = [Option(name) for name in self._strategies]
        return PromptStage(options, self._router("prompt", options), strategies=self._strategies)

    def _generator(self) -> GeneratorStage:
        chosen = self._policy.stages.generator.options
        options = self._named("generator", self._models) if chosen else [Option(n) for n in self._models]
        return GeneratorStage(
            options,
            self._router("generator", options),
            {"hold": self._policy.stages.verification.stream == "verified"},
            models=self._models,
            strategies=self._strategies,
        )

    def _verification(self, stages: Mapping[str, StageBase]) -> VerificationStage:
        section = self._policy.stages.verification
        verdicts = [option.name for option in self._named("verification", VERDICTS)]
        if self._policy.outside == "abstain" and "abstain" not in verdicts:
            where = self._policy.where("outside")
            raise PolicyError(f"{where}: 'abstain' needs the option 'abstain' in stages.verification.options")
        escalate = self._escalate(section, REFINE in verdicts)
        editor = self._editor(self._specs("verification").get(REFINE))
        options = expand(verdicts, escalate, editor)
        verifiers, router = self._verifiers(section), self._router("verification", options)
        if router.paths:
            self._check_paths(router, stages, section)
            options = expand(verdicts, {"": varied(router.paths)}, editor)
        if section.on_failure == "escalate" and not any(map(steps_up, options)):
            where = self._where("verification", "on_failure")
            raise PolicyError(f"{where}: there is nowhere to escalate to; add the options refine or escalate")
        settings = section.model_dump(include={"max_escalations", "on_failure", "timeout"})
        for verifier in verifiers.values():
            verifier.verdict = router.verdict(verifier.gives[0].name)
        given = {signal.name for verifier in verifiers.values() for signal in verifier.gives}
        for signal in router.reads:
            if signal not in given:
                where = self._where("verification", "router")
                raise PolicyError(unknown(where, "signal of the verifiers listed", signal, given))
        return VerificationStage(
            options,
            router,
            {**settings, "escalate": escalate, "outside": self._policy.outside},
            verifiers=verifiers,
            stages=stages,
            resources=Resources(self._models, self._strategies, self._deps.embedder.readable_measured),
        )

    def _escalate(self, section: VerificationSection, refines: bool) -> dict[str, Sequence[str]]:
        """Return the stages to go back to by finding, once they are known to exist."""
        ways = (*STAGES[:-1], *([REFINE] if refines else []))
        for finding, targets in section.escalate.items():
            where = self._where("verification", "escalate", finding)
            if finding == "unverified" and section.on_failure != "escalate":
                raise PolicyError(f"{where}: has no effect without 'on_failure: escalate'")
            for target in targets:
                if target not in ways:
                    raise PolicyError(unknown(where, "stage", target, ways))
        return {str(finding): targets for finding, targets in section.escalate.items()}

    def _check_paths(
        self, router: Router, stages: Mapping[str, StageBase], section: VerificationSection
    ) -> None:
        where = self._where("verification", "router", router.registered)
        router.check_paths(option_names(stages), where)
        if section.escalate:
            where = self._where("verification", "escalate")
            raise PolicyError(f"{where}: {router.registered!r} itself says where to go; take this out")

    def _editor(self, params: Any) -> dict[str, Any]:
        """Check the parameters of ``refine``: ``{model: NAME}``, or none for the next stronger model."""
        where = self._where("verification", "options", REFINE)
        if params is not None and not isinstance(params, dict):
            raise PolicyError(f"{where}: expected {{model: NAME}}, got {params!r}")
        for key, value in (params or {}).items():
            if key != "model":
                raise PolicyError(unknown(where, "key", key, ("model",)))
            if not isinstance(value, str) or value not in self._models:
                raise PolicyError(unknown(f"{where}.model", "model", value, self._models))
        return params or {}

    def _verifiers(self, section: VerificationSection) -> dict[str, Verifier]:
        verifiers: dict[str, Verifier] = {}
        for position, spec in enumerate(section.verifiers):
            where = self._where("verification", "verifiers", str(position))
            name, _ = parse_spec(spec, where)
            if name in verifiers:
                raise PolicyError(f"{where}: {name!r} is listed twice")
            given: Verifier | None = self._deps.verifiers.get(name)
            verifiers[name] = given or VERIFIERS.build(spec, where, self._deps)
            verifiers[name].check(self._models, f"{where}.{name}")
        return verifiers

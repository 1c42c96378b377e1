"""The stages of a policy, from the sections of its file."""

from collections.abc import Mapping
from typing import Any

from dynamicrag.errors import PolicyError, unknown
from dynamicrag.features.base import Embed
from dynamicrag.llm.chat import ChatModel
from dynamicrag.llm.prompts.base import PROMPTS
from dynamicrag.policy import Policy, StageSection, VerificationSection
from dynamicrag.registry import parse_spec
from dynamicrag.retrieval.base import RETRIEVERS, RetrievalContext
from dynamicrag.retrieval.corpus import Corpus
from dynamicrag.routers.base import Router
from dynamicrag.routers.build import RouterContext, build_joint, build_router, names
from dynamicrag.stages.base import StageBase
from dynamicrag.stages.context import DOCUMENTS, ContextStage
from dynamicrag.stages.generator import GeneratorStage
from dynamicrag.stages.prompt import PromptStage
from dynamicrag.stages.retrieval import ROUNDS, RetrievalStage
from dynamicrag.stages.retriever import RetrieverStage
from dynamicrag.stages.verification import VerificationStage, expand
from dynamicrag.types import STAGES, Option, Stage
from dynamicrag.verify.base import VERIFIERS


class Sections:
    """Builds the stages of a policy, each from its section.

    Args:
        policy: The policy.
        corpora: Its corpora.
        models: Its models.
        embed: The embedding model, for learnt routers whose features need one.
    """

    def __init__(
        self,
        policy: Policy,
        corpora: Mapping[str, Corpus],
        models: Mapping[str, ChatModel],
        embed: Embed,
    ) -> None:
        self._policy = policy
        self._routers = RouterContext(policy.folder, policy.objective.weights, embed)
        spec, where = policy.joint, policy.where("joint")
        self._joint = None if spec is None else build_joint(spec, where, self._routers)
        self._corpora = corpora
        self._models = models
        self._strategies = {
            name: PROMPTS.build(spec or name, self._where("prompt", "options", name))
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
            names_ = {name: [option.name for option in stage.options] for name, stage in stages.items()}
            self._joint.check_paths(names_, self._policy.where("joint"))
        return {**stages, "verification": self._verification(stages)}

    def _section(self, stage: Stage) -> StageSection:
        section: StageSection = getattr(self._policy.stages, stage)
        return section

    def _where(self, stage: Stage, *place: str) -> str:
        return self._policy.where("stages", stage, *place)

    def _specs(self, stage: Stage) -> dict[str, Any]:
        options = self._section(stage).options
        specs = dict.fromkeys(options) if isinstance(options, list) else dict(options or {})
        if not specs:
            raise PolicyError(f"{self._where(stage, 'options')}: at least one option is needed")
        return specs

    def _router(self, stage: Stage, options: list[Option]) -> Router:
        spec = self._section(stage).router
        where = self._where(stage, "router")
        if self._joint is not None and stage in self._joint.decides:
            if spec is not None:
                raise PolicyError(f"{where}: 'joint' decides this stage; take this router out, or 'joint'")
            self._joint.check(stage, options, self._policy.where("joint"))
            return self._joint
        if spec is None:
            if len(options) > 1:
                raise PolicyError(
                    f"{where}: is missing, and there are {len(options)} options; valid: {', '.join(names())}"
                )
            spec = {"fixed": {"option": options[0].name}}
        router = build_router(spec, where, self._routers)
        router.check(stage, options, where)
        return router

    def _named(self, stage: Stage, valid: Any) -> list[Option]:
        for name in self._specs(stage):
            if name not in valid:
                raise PolicyError(unknown(self._where(stage, "options"), "option", name, valid))
        return [Option(name) for name in self._specs(stage)]

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
        specs = self._specs("retriever")
        where = {name: self._where("retriever", "options", name) for name in specs}
        built = {name: RETRIEVERS.build(spec or name, where[name]) for name, spec in specs.items()}
        default = next(iter(self._corpora), "")
        for name, retriever in built.items():
            retriever.bind(RetrievalContext(self._corpora, default, built, where[name]))
        options = [Option(name) for name in specs]
        depth = max(2 * option.params.get("documents", DOCUMENTS) if option.params.get("whole")
                    else option.params["chunks"] for option in self._context_options())  # fmt: skip
        helper = self._policy.helper
        return RetrieverStage(
            options,
            self._router("retriever", options),
            retrievers=built,
            depth=max(depth, 8),
            helper=self._models[helper] if helper else None,
        )

    def _context_options(self) -> list[Option]:
        options = []
        for name, params in self._specs("context").items():
            where = self._where("context", "options", name)
            if not isinstance(params, dict) or not {"chunks", "whole"} & set(params):
                raise PolicyError(
                    f"{where}: expected {{chunks: K}} or {{whole: true, documents: N}}, got {params!r}"
                )
            for key, value in params.items():
                if key not in ("chunks", "whole", "documents"):
                    raise PolicyError(unknown(where, "key", key, ("chunks", "whole", "documents")))
                if key != "whole" and not (isinstance(value, int) and 1 <= value <= 1000):
                    raise PolicyError(f"{where}.{key}: expected a whole number from 1 to 1000, got {value!r}")
            options.append(Option(name, params))
        return options

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
        section = self._section("generator")
        options = (
            self._named("generator", self._models) if section.options else [Option(n) for n in self._models]
        )
        return GeneratorStage(
            options,
            self._router("generator", options),
            models=self._models,
            strategies=self._strategies,
        )

    def _verification(self, stages: Mapping[str, StageBase]) -> VerificationStage:
        section = self._section("verification")
        assert isinstance(section, VerificationSection)
        for name in self._specs("verification"):
            if name not in ("accept", "escalate", "abstain"):
                valid = ("accept", "escalate", "abstain")
                raise PolicyError(unknown(self._where("verification", "options"), "option", name, valid))
        escalate = {str(finding): stages for finding, stages in section.escalate.items()}
        for finding, targets in escalate.items():
            for stage in targets:
                if stage not in STAGES[:-1]:
                    raise PolicyError(
                        unknown(self._where("verification", "escalate", finding), "stage", stage, STAGES[:-1])
                    )
        options = expand(list(self._specs("verification")), escalate)
        verifiers = {}
        for position, spec in enumerate(section.verifiers):
            where = self._where("verification", "verifiers", str(position))
            verifiers[parse_spec(spec, where)[0]] = VERIFIERS.build(spec, where)
        return VerificationStage(
            options,
            self._router("verification", options),
            {"escalate": escalate, "max_escalations": section.max_escalations},
            verifiers=verifiers,
            stages=stages,
        )

"""A policy: its sections, what each may hold, and what holds where nothing is said.

``policy_file`` reads one, and names become objects in ``assembly``. A key or a value that a section does
not know is an error, never ignored.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeFloat,
    StrictBool,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from dynamicrag.calibrated import Calibrated
from dynamicrag.cost.vector import Dimension
from dynamicrag.types import Runs


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


_LIST = WithJsonSchema({"type": ["array", "string"], "items": {"type": "string"}})
Names = Annotated[list[str], BeforeValidator(_listed), _LIST]
Spec = str | dict[str, Any]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Chunks(_Section):
    """How documents are cut: tokens per chunk, and tokens shared by neighbours."""

    size: int = Field(default=256, ge=32, le=100_000)
    overlap: int = Field(default=32, ge=0)

    @model_validator(mode="after")
    def _fits(self) -> "Chunks":
        if self.overlap >= self.size / 2:
            raise ValueError(f"overlap: {self.overlap} is out of range; valid: 0 to {(self.size - 1) // 2}")
        return self


class NearnessSection(_Section):
    """Cosines on a corpus: near a question from ``similar`` on, perhaps strange to it below ``strange``."""

    similar: float = Field(ge=-1, le=1)
    strange: float = Field(ge=-1, le=1)

    @model_validator(mode="after")
    def _apart(self) -> "NearnessSection":
        if self.strange >= self.similar:
            raise ValueError(f"similar: {self.similar:g} must be above strange, {self.strange:g}")
        return self


class CorpusSection(_Section):
    """One corpus: files or folders, whether links out of them are followed, and how they are cut.

    Attributes:
        embedding: ``provider:model``, a sentence-transformers name or folder; by default the caller's.
        embedding_profile: Coefficients that replace those of its profile.
        nearness: What its cosines mean, where that is not known.
    """

    path: Names = Field(min_length=1)
    follow_links: StrictBool = False
    chunk: Chunks = Chunks()
    embedding: Spec | None = None
    embedding_profile: dict[str, Any] = {}
    nearness: NearnessSection | None = None


class ModelSection(_Section):
    """One model; ``params`` are what its constructor takes.

    Attributes:
        model: Its spec; may be left out where the caller gives the object.
        profile: Coefficients that replace its profile's, prices among them.
        runs: Where it computes, where its address and class do not tell.
    """

    model: str = ""
    params: dict[str, Any] = {}
    profile: dict[str, Any] = {}
    runs: Runs | None = None


class BudgetSection(_Section):
    """Hard limits per query and in total; ``account`` names a total that processes of this host share."""

    per_query: dict[Dimension, NonNegativeFloat] = {}
    total: dict[Dimension, NonNegativeFloat] = {}
    exhausted: Literal["cheapest", "error"] = "cheapest"
    account: str | None = None

    @field_validator("per_query", "total")
    @classmethod
    def _has_room(cls, limits: dict[Dimension, float]) -> dict[Dimension, float]:
        for dimension, limit in limits.items():
            if limit == 0 and dimension != "usd":  # no money is a sane budget: there are free models
                raise ValueError(
                    f"{dimension}: a limit of 0 leaves room for nothing; raise it, or take it out"
                )
        return limits


class ObjectiveSection(_Section):
    """What one unit of cost is worth in quality, and the budget."""

    weights: dict[Dimension, NonNegativeFloat] = {}
    budget: BudgetSection = BudgetSection()


class HostSection(_Section):
    """Where this runs: the grid, and which meter reads the energy."""

    country: str | None = None
    meter: str = "codecarbon"


class RunsSection(_Section):
    """What is kept of finished queries: how many, and whether with questions and answers."""

    keep: int = Field(default=20_000, ge=0, le=1_000_000_000)
    text: bool = False


class StageSection(_Section):
    """A stage: its options, weakest first, and its router."""

    options: list[str] | dict[str, Spec | None] | None = None
    router: Spec | None = None

    @property
    def specs(self) -> dict[str, Spec | None]:
        """Options by name; ``None`` where the name says all."""
        return dict.fromkeys(self.options) if isinstance(self.options, list) else dict(self.options or {})


class RetrieverSection(StageSection):
    """The stage that searches.

    Attributes:
        parts: Retrievers that options are built of, and that are no options themselves.
    """

    parts: dict[str, Spec | None] = {}

    @property
    def retrievers(self) -> dict[str, Spec | None]:
        """Parts and options, by name."""
        return {**self.parts, **self.specs}


class VerificationSection(StageSection):
    """The stage that judges drafts.

    Attributes:
        verifiers: The judges, in their order.
        escalate: Stages to go back to, by finding.
        max_escalations: Most steps up a question may take, refinements among them.
        on_failure: Where a verifier fails, whether the draft may stand, unverified, or must be escalated
            if it still can be.
        timeout: Seconds that a verifier has; at most a day.
        stream: Whether the user sees drafts as they are written, or what is accepted alone.
    """

    verifiers: list[Spec] = []
    escalate: dict[Literal["unanswerable", "ungrounded", "unsure", "unverified"], Names] = {}
    max_escalations: int = Field(default=1, ge=0, le=100)
    on_failure: Literal["accept", "escalate"] = "accept"
    timeout: float = Field(default=60.0, gt=0, le=86_400)
    stream: Literal["draft", "verified"] = "draft"


class StagesSection(_Section):
    """The six stages; one that is left out has a single plain option."""

    retrieval: StageSection = StageSection(options=["single"])
    retriever: RetrieverSection = RetrieverSection(options={"lexical": "bm25"})
    context: StageSection = StageSection(options={"short": {"chunks": 4}})
    prompt: StageSection = StageSection(options=["direct"])
    generator: StageSection = StageSection()
    verification: VerificationSection = VerificationSection(options=["accept"])


class Policy(_Section):
    """A whole policy.

    Attributes:
        name: Name of the preset, or the file's stem.
        source: The file, for messages; ``""`` for a policy given as a mapping.
        folder: What relative paths in it are relative to.
        joint: A router over whole paths, for the stages at which its paths differ.
        plugins: Modules that register routers, retrievers and whatever else the policy names.
        outside: What is done with a question that the documents do not speak of: the model answers it by
            itself, and the answer is marked, or nobody does.
    """

    name: str = Field(default="policy", exclude=True)
    source: str = Field(default="", exclude=True)
    folder: Path = Field(default=Path(), exclude=True)
    version: Literal[1]
    corpora: dict[str, CorpusSection] = {}
    models: dict[str, ModelSection] = Field(min_length=1)
    helper: str | None = None
    objective: ObjectiveSection = ObjectiveSection()
    host: HostSection = HostSection()
    runs: RunsSection = RunsSection()
    calibrated: Calibrated | None = None
    joint: Spec | None = None
    plugins: Names = []
    outside: Literal["answer", "abstain"] = "answer"
    stages: StagesSection = StagesSection()

    def where(self, *place: str) -> str:
        """Return a place in the file for a message."""
        return (f"{self.source}: " if self.source else "") + ".".join(place)


def brief(policy: Policy) -> Policy:
    """Return a policy that answers in as few words as possible, as benchmarks score answers.

    Prompts that answer in sentences (``style: full``) do so for people; token F1 and exact match would count
    every word around the answer against it.
    """
    options = {name: _plain(name, spec) for name, spec in policy.stages.prompt.specs.items()}
    prompt = policy.stages.prompt.model_copy(update={"options": options})
    return policy.model_copy(update={"stages": policy.stages.model_copy(update={"prompt": prompt})})


def _plain(option: str, spec: Spec | None) -> Spec | None:
    """Return a prompt's spec without its style; nothing where the name says all."""
    if not isinstance(spec, dict):
        return spec
    rest: Spec = {
        name: {key: value for key, value in (params or {}).items() if key != "style"}
        for name, params in spec.items()
    }
    return None if rest == {option: {}} else rest

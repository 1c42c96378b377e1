"""A policy: its sections, their valid values and their defaults.

``file`` reads a policy, and ``assembly`` turns its names into objects. An unknown key or value in a
section is an error, never ignored.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    NonNegativeFloat,
    SerializeAsAny,
    StrictBool,
    field_validator,
)

from dynamicrag.cost.ability import accuracy
from dynamicrag.cost.vector import Dimension
from dynamicrag.llm.prompts.base import prompt_spec
from dynamicrag.policy.calibrated import Calibrated
from dynamicrag.policy.corpora import CorpusSection
from dynamicrag.policy.objective import ObjectiveSection, check_dimensions
from dynamicrag.stages.descriptions import DESCRIPTION, Description
from dynamicrag.stages.section import Names, Section, Spec, StageSection
from dynamicrag.store.address import problem_of
from dynamicrag.text.spoken import language_name
from dynamicrag.types import Runs

LONGEST_MESSAGE = 2_000
"""Largest number of characters of a message in place of an answer."""


def _messages(given: str | dict[str, str]) -> str | dict[str, str]:
    """Check the texts, and normalise the names of their languages."""
    for text in [given] if isinstance(given, str) else given.values():
        if not text.strip() or len(text) > LONGEST_MESSAGE:
            raise ValueError(f"a text of 1 to {LONGEST_MESSAGE:,} characters is needed")
    return given if isinstance(given, str) else {language_name(name): text for name, text in given.items()}


Accuracy = Annotated[float, BeforeValidator(accuracy)]
SOURCES = {"drafts": 0.25, "verifier": 0.0}
"""Default weights of the sources of feedback that are not 1.

Drafts and verifiers are judged by the prior's own belief, so they mostly repeat it.
"""
S = TypeVar("S", bound=StageSection)


class ModelSection(Section):
    """One model.

    Attributes:
        model: ``local:NAME``, or ``provider:model`` of LangChain; left out where the caller gives the object.
        params: Parameters of the model's LangChain class, such as ``base_url`` and ``max_retries``.
        profile: Coefficients that replace its profile's, prices among them.
        runs: The place that it computes at, if its address and class do not tell.
        ability: Accuracy on a public test of general knowledge, such as MMLU; replaces its profile's.
        description: The questions that it suits: a text, or ``{domain: …, action: …}``. The option of this
            name in ``stages.generator`` inherits it.
    """

    model: str = ""
    params: dict[str, Any] = Field(default_factory=dict)
    profile: dict[str, Any] = Field(default_factory=dict)
    runs: Runs | None = None
    ability: Accuracy | None = None
    description: Description = ""


class HostSection(Section):
    """The machine that runs this process.

    Attributes:
        country: ISO 3166-1 alpha-3 code of the country, for the grid's carbon intensity.
        coefficients: Coefficients of cost dimensions on this host, for example ``water_per_kwh``.
        meter: The energy meter: ``codecarbon``, ``cpu`` (only CPU time) or ``none``.
    """

    country: str | None = None
    coefficients: dict[str, Any] = Field(default_factory=dict)
    meter: str = "codecarbon"


class JudgeSection(Section):
    """A model that judges a sample of the answers, after they were returned.

    Attributes:
        model: Name of the model.
        share: Share of the queries that it judges.
        budget: Largest cost of all its calls in a process, by dimension.
    """

    model: str
    share: float = Field(default=0.05, gt=0, le=1)
    budget: dict[Dimension, NonNegativeFloat] = Field(min_length=1)

    @field_validator("budget")
    @classmethod
    def _are_dimensions(cls, budget: dict[Dimension, float]) -> dict[Dimension, float]:
        check_dimensions(budget)
        return budget


class LearningSection(Section):
    """The feedback that online routers learn from.

    Attributes:
        sources: Weight of a reward by its source, in observations; 0 switches a source off. By default
            ``user``, ``gold``, ``judge`` and your own names have 1, ``drafts`` 0.25 and ``verifier`` 0.
        judge: The sampled judge, if any.
    """

    sources: dict[str, NonNegativeFloat] = Field(default_factory=dict)
    judge: JudgeSection | None = None

    def weight(self, source: str) -> float:
        """Return the weight of a source."""
        return self.sources.get(source, SOURCES.get(source, 1.0))


class RunsSection(Section):
    """Storage of finished queries.

    Attributes:
        keep: Number of latest queries stored; 0 stores nothing.
        text: Whether questions and answers are also stored.
        address: The store: ``postgresql://USER@HOST/DATABASE`` or ``sqlite:///FILE``; by default the
            environment variable ``DYNAMICRAG_RUNS``, else a SQLite file in the data folder.
    """

    keep: int = Field(default=20_000, ge=0, le=1_000_000_000)
    text: bool = False
    address: str | None = Field(default=None, repr=False)  # it may have a password

    @field_validator("address")
    @classmethod
    def _is_address(cls, address: str | None) -> str | None:
        problem = "" if address is None else problem_of(address)
        if problem:
            raise ValueError(problem)
        return address


class Policy(Section):
    """A whole policy.

    Attributes:
        name: Name of the preset, the file's stem, or ``policy-`` and a hash of a policy given as a mapping.
        source: The file, for messages; ``""`` for a policy given as a mapping.
        folder: Base of its relative paths.
        version: Version of the format.
        corpora: The document collections, by name.
        models: The chat models by name, weakest first.
        helper: The model that rewrites follow-ups and reasons between retrieval rounds; by default none does.
        objective: Worth of cost in quality, and the budget.
        host: The machine that runs this process.
        runs: Storage of finished queries.
        learning: The feedback that online routers learn from.
        calibrated: Expected cost of the policy, for ``dynamicrag report``.
        stages: The section of every stage of a query, in the topology's order.
        joint: A router over whole paths, for the stages at which its paths differ.
        observe: Whether to run one fixed pipeline unchanged and record it: one option per stage, every draft
            accepted, follow-ups searched as written, and the models' own temperature. The features for
            deciding are recorded with the account and the signals.
        plugins: Modules that register routers, retrievers and other classes named in the policy.
        outside: Treatment of a question that the documents do not cover: the model answers it by itself, with
            a mark on the answer, or the turn abstains.
        abstain_message: The message in place of a withheld answer: one text for all, or one per language, by
            code or English name; other languages have the built-in text.
    """

    name: str = Field(default="policy", exclude=True)
    source: str = Field(default="", exclude=True)
    folder: Path = Field(default=Path(), exclude=True)
    version: Literal[1]
    corpora: dict[str, CorpusSection] = Field(default_factory=dict)
    models: dict[str, ModelSection] = Field(min_length=1)
    helper: str | None = None
    objective: ObjectiveSection = ObjectiveSection()
    host: HostSection = HostSection()
    runs: RunsSection = RunsSection()
    learning: LearningSection = LearningSection()
    calibrated: Calibrated | None = None
    joint: Spec | None = None
    observe: StrictBool = False
    plugins: Names = Field(default_factory=list)
    outside: Literal["answer", "abstain"] = "answer"
    abstain_message: Annotated[str | dict[str, str], AfterValidator(_messages)] = Field(default_factory=dict)
    stages: dict[str, SerializeAsAny[StageSection]] = Field(default_factory=dict)

    def section(self, stage: str, kind: type[S]) -> S:
        """Return the section of a stage, of the given kind."""
        section = self.stages[stage]
        assert isinstance(section, kind), f"policies check the section of {stage} against its class"
        return section

    def where(self, *place: str) -> str:
        """Return a place in the file for a message."""
        return (f"{self.source}: " if self.source else "") + ".".join(place)


def brief(policy: Policy) -> Policy:
    """Return a policy that answers as briefly as possible, for benchmark scoring.

    Prompts that answer in sentences (``style: full``) do so for people; token F1 and exact match would
    penalise every extra word.
    """
    section = policy.stages["prompt"]
    options = {
        name: _with_text(_plain(name, spec), section.descriptions.get(name))
        for name, spec in section.specs.items()
    }
    stages = {**policy.stages, "prompt": section.model_copy(update={"options": options})}
    return policy.model_copy(update={"stages": stages})


def _with_text(spec: Spec | None, text: str | None) -> Spec | None:
    """Return the spec of an option with its description, if it has any."""
    if text is None:
        return spec
    return {**(spec if isinstance(spec, dict) else {}), DESCRIPTION: text}


def _plain(option: str, spec: Spec | None) -> Spec | None:
    """Return a prompt's spec without its style; ``None`` without other parameters."""
    if not isinstance(spec, dict):
        return spec
    rest: Spec = {
        name: {key: value for key, value in (params or {}).items() if key != "style"}
        for name, params in prompt_spec(option, spec).items()
    }
    return None if rest == {option: {}} else rest

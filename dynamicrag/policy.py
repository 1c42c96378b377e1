"""The policy file: YAML in, a validated :class:`Policy` out. Names become objects in ``assembly``.

Whatever is wrong is said with the file, the place, what is valid and the nearest spelling. A value
that the schema does not know is an error, never ignored.
"""

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    ValidationError,
    field_validator,
)

from dynamicrag.calibrated import Calibrated
from dynamicrag.cost.profiles import shipped
from dynamicrag.cost.vector import Dimension
from dynamicrag.errors import PolicyError, unknown

PRESETS = ("frugal", "balanced", "quality", "always-large")


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Names = Annotated[list[str], BeforeValidator(_listed)]
Spec = str | dict[str, Any]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Chunks(_Section):
    """How documents are cut: tokens per chunk, and tokens shared by neighbours."""

    size: int = 256
    overlap: int = 32


class CorpusSection(_Section):
    """One corpus: files or folders, and how they are cut."""

    path: Names
    chunk: Chunks = Chunks()


class ModelSection(_Section):
    """One model: its spec, what its constructor takes, and coefficients that replace its profile's."""

    model: str
    params: dict[str, Any] = {}
    profile: dict[str, Any] = {}


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
            if (
                limit == 0 and dimension != "usd"
            ):  # no money is a sane budget: there are models without a price
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

    keep: NonNegativeInt = 20_000
    text: bool = False


class StageSection(_Section):
    """A stage: its options, weakest first, and its router."""

    options: list[str] | dict[str, Spec | None] | None = None
    router: Spec | None = None


class VerificationSection(StageSection):
    """The stage that judges drafts.

    Attributes:
        verifiers: The judges, in their order.
        escalate: Stages to go back to, by finding.
        max_escalations: Most steps up a question may take, refinements among them.
        on_failure: Where a verifier fails, whether the draft may stand, unverified, or must be escalated
            if it still can be.
        timeout: Seconds that a verifier has.
        stream: Whether the user sees drafts as they are written, or what is accepted alone.
    """

    verifiers: list[Spec] = []
    escalate: dict[Literal["unanswerable", "ungrounded", "unsure", "unverified"], Names] = {}
    max_escalations: NonNegativeInt = 1
    on_failure: Literal["accept", "escalate"] = "accept"
    timeout: PositiveFloat = 60.0
    stream: Literal["draft", "verified"] = "draft"


class StagesSection(_Section):
    """The six stages; one that is left out has a single plain option."""

    retrieval: StageSection = StageSection(options=["single"])
    retriever: StageSection = StageSection(options={"lexical": "bm25"})
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
    stages: StagesSection = StagesSection()

    def where(self, *place: str) -> str:
        """Return a place in the file for a message."""
        return (f"{self.source}: " if self.source else "") + ".".join(place)


class _Loader(yaml.SafeLoader):
    """Refuses a key that is given twice; YAML would keep the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key.value!r} twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def load_policy(
    policy: str | Path | Mapping[str, Any], corpus: str | Path | Sequence[str | Path] | None = None
) -> Policy:
    """Read and validate a policy.

    Args:
        policy: A preset's name, a YAML file, or its content as a mapping.
        corpus: Files or folders that replace the path of the first corpus.

    Raises:
        PolicyError: There is no such preset or file, or something in it is wrong.
    """
    if isinstance(policy, Mapping):
        data: Any = dict(policy)
        about = {"name": "policy", "source": "", "folder": Path()}
    else:
        path, preset = _find(policy)
        about = {"name": path.stem, "source": str(policy), "folder": Path() if preset else path.parent}
        data = _read(path, str(policy))
    if not isinstance(data, dict):
        raise PolicyError(f"{about['source']}: expected a mapping with 'version', 'models' and 'stages'")
    if reserved := {"name", "source", "folder"} & set(data):
        raise PolicyError(unknown(str(about["source"]), "key", reserved.pop(), _fields(Policy)))
    if corpus is not None:
        data = _with_corpus(data, corpus)
    try:
        return Policy.model_validate({**data, **about})
    except ValidationError as error:
        raise PolicyError(_message(error, str(about["source"]))) from None


def _find(policy: str | Path) -> tuple[Path, bool]:
    text = str(policy)
    if Path(text).suffix not in (".yaml", ".yml"):
        if text not in PRESETS and not Path(text).exists():
            raise PolicyError(unknown("policy", "preset", text, PRESETS) + "; or a path that ends in .yaml")
        if text in PRESETS:
            return shipped(f"{text}.yaml"), True
    return Path(text), False


def _read(path: Path, source: str) -> object:
    try:
        return yaml.load(path.read_text("utf-8"), _Loader)  # noqa: S506 - _Loader is a SafeLoader
    except FileNotFoundError:
        raise PolicyError(f"{source}: no such policy file; presets: {', '.join(PRESETS)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{source}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise PolicyError(f"{source}{line}: not valid YAML: {getattr(error, 'problem', error)}") from None


def _with_corpus(data: dict[str, Any], corpus: str | Path | Sequence[str | Path]) -> dict[str, Any]:
    given = [corpus] if isinstance(corpus, str | Path) else list(corpus)
    paths = [str(Path(path).absolute()) for path in given]
    corpora = dict(data.get("corpora") or {})
    first = next(iter(corpora), "docs")
    section = corpora.get(first)
    corpora[first] = {**(section if isinstance(section, dict) else {}), "path": paths}
    return {**data, "corpora": corpora}


def _message(error: ValidationError, source: str) -> str:
    first = error.errors()[0]
    place = [str(part) for part in first["loc"] if not str(part).startswith(("function-", "dict[", "list["))]
    where = (f"{source}: " if source else "") + ".".join(place)
    if first["type"] == "extra_forbidden":
        parent = (f"{source}: " if source else "") + ".".join(place[:-1] or ["top level"])
        return unknown(parent, "key", place[-1], _keys_at(place[:-1]))
    if first["type"] == "missing":
        return f"{where}: is missing"
    given = first["input"]
    shown = f", got {given!r}" if not isinstance(given, dict | list) else ""
    if first["type"] == "literal_error" and place and isinstance(given, str):
        valid = str(first.get("ctx", {}).get("expected", "")).replace(" or ", ", ").replace("'", "")
        return unknown(".".join([where.removesuffix(f".{place[-1]}")]), "value", given, valid.split(", "))
    return f"{where}: {first['msg']}{shown}"


def _fields(section: type[BaseModel]) -> list[str]:
    return [name for name, field in section.model_fields.items() if not field.exclude]


def _keys_at(place: Sequence[str]) -> list[str]:
    kind: Any = Policy
    for part in place:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = kind.model_fields[part].annotation
            kind = get_args(kind)[0] if type(None) in get_args(kind) else kind
        else:  # a mapping of sections by name
            kind = get_args(kind)[-1]
    return _fields(kind) if isinstance(kind, type) and issubclass(kind, BaseModel) else []

"""The section of a stage in a policy: its options, and its router."""

from collections.abc import Callable, Collection
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from dynamicrag.errors import PolicyError, unknown
from dynamicrag.stages.descriptions import DESCRIPTION, text_of
from dynamicrag.types import Option


def _check_description(spec: Any) -> Any:
    """Refuse a description that is not valid."""
    if isinstance(spec, dict) and DESCRIPTION in spec:
        try:
            text_of(spec[DESCRIPTION])
        except ValueError as error:
            raise ValueError(f"{DESCRIPTION}: {error}") from None
    return spec


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


_LIST = WithJsonSchema({"type": ["array", "string"], "items": {"type": "string"}})
Names = Annotated[list[str], BeforeValidator(_listed), _LIST]
"""Names; a single one needs no list."""
Spec = str | dict[str, Any]
OptionSpec = Annotated[Spec | None, AfterValidator(_check_description)]
"""A spec, or the parameters of one, beside which a ``description`` may stand."""
Where = Callable[..., str]
"""Returns a place below the section for a message: ``where("options", "short")``."""


class Section(BaseModel):
    """A part of a policy; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class StageSection(Section):
    """A stage.

    Attributes:
        options: Its options, weakest first: names, or specs by name. A ``description`` beside a spec says
            for which questions the option is.
        router: The router that chooses an option; a stage with one option needs none.
    """

    options: list[str] | dict[str, OptionSpec] | None = None
    router: Spec | None = None

    @property
    def specs(self) -> dict[str, Spec | None]:
        """Options by name, without descriptions; ``None`` for an option without parameters."""
        if isinstance(self.options, list):
            return dict.fromkeys(self.options)
        return {name: _bare(spec) for name, spec in (self.options or {}).items()}

    @property
    def descriptions(self) -> dict[str, str]:
        """Descriptions of options, by name."""
        specs = self.options if isinstance(self.options, dict) else {}
        return {
            name: text_of(spec[DESCRIPTION])
            for name, spec in specs.items()
            if isinstance(spec, dict) and DESCRIPTION in spec
        }

    @property
    def described(self) -> dict[str, Spec | None]:
        """All specs of options and their parts, by name; a recording stores a hash of each."""
        return self.specs


def _bare(spec: Spec | None) -> Spec | None:
    """Return a spec without its description; ``None`` if nothing else is there."""
    if not isinstance(spec, dict) or DESCRIPTION not in spec:
        return spec
    return {key: value for key, value in spec.items() if key != DESCRIPTION} or None


def check_options(section: StageSection, where: Where) -> dict[str, Spec | None]:
    """Return a section's options by name.

    Raises:
        PolicyError: There are no options.
    """
    if not section.specs:
        raise PolicyError(f"{where('options')}: at least one option is needed")
    return section.specs


def named_options(section: StageSection, where: Where, valid: Collection[str]) -> list[Option]:
    """Return a section's options, which come from a fixed set of names.

    Raises:
        PolicyError: There are no options, or one is invalid.
    """
    specs = check_options(section, where)
    for name in specs:
        if name not in valid:
            raise PolicyError(unknown(where("options"), "option", name, valid))
    return [Option(name) for name in specs]


def parameters(spec: Spec | None, where: str) -> dict[str, Any]:
    """Return the parameters of an option.

    Raises:
        PolicyError: They are not a mapping.
    """
    if spec is None:
        return {}
    if not isinstance(spec, dict):
        raise PolicyError(f"{where}: expected {{parameter: value}}, got {spec!r}")
    return dict(spec)

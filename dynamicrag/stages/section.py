"""The section of a stage in a policy: its options, and its router."""

from collections.abc import Callable, Collection
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from dynamicrag.errors import PolicyError, unknown
from dynamicrag.types import Option


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


_LIST = WithJsonSchema({"type": ["array", "string"], "items": {"type": "string"}})
Names = Annotated[list[str], BeforeValidator(_listed), _LIST]
"""Names; a single one needs no list."""
Spec = str | dict[str, Any]
Where = Callable[..., str]
"""Returns a place below the section for a message: ``where("options", "short")``."""


class Section(BaseModel):
    """A part of a policy; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class StageSection(Section):
    """A stage.

    Attributes:
        options: Its options, weakest first: names, or specs by name.
        router: The router that chooses an option; a stage with one option needs none.
    """

    options: list[str] | dict[str, Spec | None] | None = None
    router: Spec | None = None

    @property
    def specs(self) -> dict[str, Spec | None]:
        """Options by name; ``None`` for an option without parameters."""
        return dict.fromkeys(self.options) if isinstance(self.options, list) else dict(self.options or {})

    @property
    def described(self) -> dict[str, Spec | None]:
        """All specs of options and their parts, by name; a recording stores a hash of each."""
        return self.specs


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

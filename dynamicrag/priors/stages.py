"""The parts of the prior for the stages around the generator, in one file of readable JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from dynamicrag.errors import PolicyError
from dynamicrag.predictors.state import State, whole
from dynamicrag.priors.context import ContextPrior
from dynamicrag.priors.prompt import PromptPrior
from dynamicrag.priors.rerank import RerankPrior
from dynamicrag.priors.retriever import RetrieverPrior
from dynamicrag.priors.rewrite import RewritePrior
from dynamicrag.priors.shifts import StagePrior
from dynamicrag.priors.shipping import KIND, MEND, Shipped, check_version
from dynamicrag.priors.verification import VerificationPrior

VERSION = 1
"""Version of the file; raised whenever older code would misread it."""
FILE = "stages.json"
SHIFTS: Mapping[str, type[StagePrior]] = {
    "rewrite": RewritePrior,
    "retriever": RetrieverPrior,
    "rerank": RerankPrior,
    "context": ContextPrior,
    "prompt": PromptPrior,
}
"""The part of each stage that shifts the logit."""


@dataclass(frozen=True, slots=True)
class Stages:
    """The parts of the prior for the stages around the generator.

    Attributes:
        shifts: The part of each stage that shifts the logit, by stage.
        verification: The probability that a draft is right.
    """

    shifts: Mapping[str, StagePrior]
    verification: VerificationPrior

    def save(self, path: Path | str) -> Path:
        """Write to a file, and return its path. The same parts give the same bytes."""
        states = {name: part.state() for name, part in self.shifts.items()}
        states["verification"] = self.verification.state()
        content = {"version": VERSION, **{name: dict(state.meta) for name, state in states.items()}}
        written = Path(path)
        written.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        return written

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Load a file written by :meth:`save`.

        Raises:
            PolicyError: The file is missing, damaged, or of another version.
        """
        try:
            content = json.loads(Path(path).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise PolicyError(f"{path}: this is no whole {KIND} ({error}); {MEND}") from None
        version = content.get("version") if isinstance(content, dict) else None
        check_version(path, version, VERSION)
        with whole(str(path), f"whole {KIND}", MEND):
            state = State(content)
            shifts = {name: part.from_state(state.part(name)) for name, part in SHIFTS.items()}
            return cls(shifts, VerificationPrior.from_state(state.part("verification")))


shipped_stages = Shipped(FILE, Stages.load)
"""Returns the parts in the package."""

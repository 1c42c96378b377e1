"""Always the same option: the baseline that every other router must beat."""

from collections.abc import Sequence

from dynamicrag.errors import PolicyError, unknown
from dynamicrag.routers.base import ROUTERS, Choice, Router, StageContext
from dynamicrag.types import Option


@ROUTERS.register("fixed")
class Fixed(Router):
    """Takes ``option``, or the nearest open option if a limit or an escalation closes it.

    Args:
        option: Name of the option.
    """

    uses = ()
    reads_text = False
    paper = "Chen et al. 2023, FrugalGPT, arXiv 2305.05176"

    def __init__(self, *, option: str) -> None:
        self.option = option

    def check(self, stage: str, options: Sequence[Option], where: str) -> None:  # noqa: ARG002
        """See the base class."""
        names = [option.name for option in options]
        if self.option not in names:
            raise PolicyError(unknown(f"{where}.fixed.option", "option", self.option, names))

    def planned(self, stage: str, options: Sequence[Option]) -> int:  # noqa: ARG002
        """See the base class."""
        return next(i for i, option in enumerate(options) if option.name == self.option)

    async def choose(self, context: StageContext) -> Choice:
        """See the base class."""
        index = context.nearest(self.planned(context.stage, context.options))
        chosen = context.options[index].name
        return Choice(
            index, "fixed" if chosen == self.option else f"fixed at {self.option!r}, which is closed"
        )

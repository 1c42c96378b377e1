"""The policies of one object, and the choice of a turn's policy."""

from collections.abc import Iterator, Mapping, Sequence

from dynamicrag.errors import InputError, unknown
from dynamicrag.graph.recent import Recent
from dynamicrag.graph.roots import Roots
from dynamicrag.policy.assembly import Pipeline
from dynamicrag.topology import TOPOLOGY
from dynamicrag.turn import TurnState


class Policies(Mapping[str, Pipeline]):
    """Pipelines by the policy name in a turn's state; the first one's name is ``""``.

    Args:
        first: The pipeline of turns whose call names no policy.
        further: Pipelines that a call may name.

    Attributes:
        first: As given.
        stages: The stages of all policies, in the topology's order.
        recent: The decisions of recent queries.
        roots: The open root spans of queries under way.
        warned: Whether a warning was given that a graph cannot ask for more budget.
    """

    def __init__(self, first: Pipeline, further: Sequence[Pipeline] = ()) -> None:
        self.first = first
        self.recent = Recent()
        self.roots = Roots()
        self.warned = False
        self._pipelines = {"": first, **{each.policy.name: each for each in further}}
        self._names = [first.policy.name, *list(self._pipelines)[1:]]
        self.stages = tuple(name for name in TOPOLOGY if any(name in each.points for each in self.values()))
        self._lacking = {name: frozenset(self.stages).difference(each.points) for name, each in self.items()}

    def __getitem__(self, name: str) -> Pipeline:
        return self._pipelines[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._pipelines)

    def __len__(self) -> int:
        return len(self._pipelines)

    def lacking(self, turn: TurnState) -> frozenset[str]:
        """Return the stages that other policies have but the turn's policy lacks."""
        return self._lacking[turn.get("policy", "")]

    def sometimes_lacking(self, stages: Sequence[str]) -> bool:
        """Return whether some policy lacks all of the stages."""
        return any(lacking.issuperset(stages) for lacking in self._lacking.values())

    def settle(self, turn: TurnState, wanted: str, where: str, *, begun: bool) -> TurnState:
        """Return the turn with its policy: the call's, or once it has begun, its own.

        Args:
            turn: The turn.
            wanted: The policy that the call names; ``""`` if it names none.
            where: Place of that name, for messages.
            begun: Whether an earlier node has begun the turn.

        Raises:
            InputError: The policy is unknown, or differs from the turn's.
        """
        if not (wanted or begun):
            return turn
        names = self._names
        if wanted and wanted not in names:
            raise InputError(unknown(where, "policy", wanted, names))
        name = "" if wanted == names[0] else wanted
        if not begun:
            return {**turn, "policy": name} if name else turn
        own = turn.get("policy", "")
        if own not in self._pipelines:
            raise InputError(
                f"{unknown('the question under way', 'policy', own, names)}; it began with that policy: "
                f"continue with an object that has it, from_policy(…, policies={{{own!r}: …}}), or ask again"
            )
        if wanted and name != own:
            raise InputError(
                f"{where}: {wanted!r} for a question that began with {own or names[0]!r}, and "
                "keeps to it; leave 'policy' out to go on"
            )
        return turn

"""The stages as rows: their order, their node, the options that skip them, and their evidence.

The graph, prices, escalation, recordings and reports all follow from this table. A user-defined stage
is one more row; see :func:`dynamicrag.stages.base.add_stage`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dynamicrag.errors import PolicyError

VERIFICATION = "verification"
"""The row that judges drafts. It is the last; the stages before it make a draft."""
ASKING = "ask_for_budget"
"""The node that asks for more budget, and no stage."""
RESERVED = frozenset({"begin", "begin_turn", "finish", "verify", ASKING, "messages", "rag"})
"""Names that the graph uses for other nodes and for its state."""
JUDGING = "judge"
"""Part of a query's account, and no stage: calls that mark the answer after it was given."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One row of the topology.

    Attributes:
        name: The stage's name in policies, decisions and reports.
        node: The graph's node that decides it; by default the node of the same name. Neighbours may share a
            node.
        passed_by: Options of earlier stages that skip this one, by stage.
        evidence: Families of features known after it has acted.
        plain: The default section if a policy does not name the stage; ``None`` omits the stage.
    """

    name: str
    node: str = ""
    passed_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    plain: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        """Fill in the node."""
        if not self.node:
            object.__setattr__(self, "node", self.name)

    def check(self) -> None:
        """Raise unless the names of the stage and of its node are valid for a user-defined stage.

        Raises:
            PolicyError: A name is invalid, or the graph uses it.
        """
        for what, name in (("name", self.name), ("node", self.node)):
            if not isinstance(name, str) or not name.isidentifier() or name in RESERVED:
                raise PolicyError(
                    f"stage {self.name!r}: {name!r} cannot be its {what}; valid: letters, digits and '_', "
                    f"not {', '.join(sorted(RESERVED))}"
                )

    def gate(self, path: Mapping[str, str]) -> str | None:
        """Return the earlier stage whose option on a path skips this one, if any."""
        for stage, options in self.passed_by.items():
            if path.get(stage) in options:
                return stage
        return None

    def passing(self, options: Mapping[str, Collection[str]]) -> frozenset[tuple[str, str]]:
        """Return the options, given by stage, that skip this stage, each with its stage."""
        return frozenset(
            (stage, name)
            for stage, names in self.passed_by.items()
            for name in names
            if name in options.get(stage, ())
        )

    def passed(self, path: Mapping[str, str]) -> bool:
        """Return whether a path skips the stage."""
        return self.gate(path) is not None


class Topology:
    """The rows, in the order of a query; the last is verification. Iterating yields their names."""

    def __init__(self, rows: Iterable[Stage]) -> None:
        self._rows = {row.name: row for row in rows}

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def __getitem__(self, name: str) -> Stage:
        return self._rows[name]

    def index(self, name: str) -> int:
        """Return the position of a stage."""
        return list(self._rows).index(name)

    @property
    def drafting(self) -> tuple[str, ...]:
        """The stages before the draft: all but verification."""
        return tuple(self._rows)[:-1]

    @property
    def gates(self) -> frozenset[str]:
        """The stages whose options may skip others."""
        return frozenset(stage for row in self._rows.values() for stage in row.passed_by)

    @property
    def ahead(self) -> tuple[str, ...]:
        """The stages that decide before retrieval evidence is known."""
        names = self.drafting
        first = next((i for i, name in enumerate(names) if self._rows[name].evidence), len(names))
        return names[: first + 1]

    def passed(self, path: Mapping[str, str]) -> frozenset[str]:
        """Return the stages that a path skips."""
        return frozenset(row.name for row in self._rows.values() if row.passed(path))

    def add(self, row: Stage, after: str) -> None:
        """Add a row after another; an existing row can only be replaced by an equal one.

        Raises:
            PolicyError: The place does not exist, the name is taken, or rows of one node would not be
                neighbours.
        """
        if row.name in self._rows:
            if self._rows[row.name] == row:
                return
            raise PolicyError(
                f"stage {row.name!r}: there is a stage of this name already; choose another name"
            )
        if after not in self.drafting:
            raise PolicyError(
                f"stage {row.name!r}: after={after!r} is not a stage; valid: {', '.join(self.drafting)}"
            )
        for stage in row.passed_by:
            if stage not in self.drafting[: self.index(after) + 1]:
                raise PolicyError(
                    f"stage {row.name!r}: passed_by names {stage!r}, which is not an earlier stage"
                )
        rows = list(self._rows.values())
        place = self.index(after) + 1
        beside = {each.node for each in rows[:-1][place - 1 : place + 1]}
        if row.node in {each.node for each in rows} - beside:
            raise PolicyError(
                f"stage {row.name!r}: node {row.node!r} belongs to {', '.join(self._of(row.node))}, and a "
                "node decides only neighbours; remove 'node', or add the stage next to them"
            )
        if rows[place - 1].node == rows[place].node != row.node:
            raise PolicyError(
                f"stage {row.name!r}: {after!r} and {rows[place].name!r} are decided in one node; give the "
                f"stage the same, node={rows[place].node!r}, or another 'after'"
            )
        rows.insert(place, row)
        self._rows = {each.name: each for each in rows}

    def _of(self, node: str) -> list[str]:
        return [row.name for row in self._rows.values() if row.node == node]

    def remove(self, name: str) -> None:
        """Remove a row."""
        self._rows = {key: row for key, row in self._rows.items() if key != name}


WITHOUT_SEARCH = {"retrieval": ("none", "reuse")}
WITHOUT_PASSAGES = {"retrieval": ("none",)}

TOPOLOGY = Topology(
    (
        Stage("retrieval", plain={"options": ["single"]}),
        Stage("rewrite", passed_by=WITHOUT_SEARCH),
        Stage(
            "retriever",
            passed_by=WITHOUT_SEARCH,
            evidence=("retrieval",),
            plain={"options": {"lexical": "bm25"}},
        ),
        Stage("rerank", passed_by=WITHOUT_SEARCH, evidence=("retrieval",)),
        Stage("context", passed_by=WITHOUT_PASSAGES, plain={"options": {"short": {"chunks": 4}}}),
        Stage("prompt", node="generate", plain={"options": {"direct": {"style": "full"}}}),
        Stage("generator", node="generate", plain={}),
        Stage(VERIFICATION, node="verify", plain={"options": ["accept"]}),
    )
)

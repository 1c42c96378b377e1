"""The stages as rows: their order, their node, what passes them by, and what is known after them.

The graph, prices, escalation, recordings and reports all follow from this table. A stage of a user's own
is one more row; see :func:`dynamicrag.stages.base.add_stage`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dynamicrag.errors import PolicyError

VERIFICATION = "verification"
"""The row that judges drafts. It comes last; the others lead to a draft."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One row of the topology.

    Attributes:
        name: The stage's name in policies, decisions and reports.
        node: The graph's node that decides it; by default one of its own name. Neighbours may share a node.
        passed_by: Options of earlier stages that pass this one by, by stage.
        evidence: Families of features that are known once it has acted.
        plain: The section of a policy that does not name the stage; ``None`` leaves the stage out.
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

    def gate(self, path: Mapping[str, str]) -> str | None:
        """Return the earlier stage whose option on a path passes this one by, if there is one."""
        for stage, options in self.passed_by.items():
            if path.get(stage) in options:
                return stage
        return None

    def passing(self, options: Mapping[str, Collection[str]]) -> frozenset[tuple[str, str]]:
        """Return those of some options, given by stage, that pass this one by, each with its stage."""
        return frozenset(
            (stage, name)
            for stage, names in self.passed_by.items()
            for name in names
            if name in options.get(stage, ())
        )

    def passed(self, path: Mapping[str, str]) -> bool:
        """Return whether a path passes the stage by."""
        return self.gate(path) is not None


class Topology:
    """The rows, in the order in which a query meets them. Iterating gives their names.

    Args:
        rows: The rows; verification is the last.
    """

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
        """The stages that lead to a draft: all but verification."""
        return tuple(self._rows)[:-1]

    @property
    def gates(self) -> frozenset[str]:
        """The stages whose options may pass others by."""
        return frozenset(stage for row in self._rows.values() for stage in row.passed_by)

    @property
    def ahead(self) -> tuple[str, ...]:
        """The stages that decide before a retrieval has brought evidence."""
        names = self.drafting
        first = next((i for i, name in enumerate(names) if self._rows[name].evidence), len(names))
        return names[: first + 1]

    def passed(self, path: Mapping[str, str]) -> frozenset[str]:
        """Return the stages that a path passes by."""
        return frozenset(row.name for row in self._rows.values() if row.passed(path))

    def add(self, row: Stage, after: str) -> None:
        """Add a row behind another; one that is there already is replaced by an equal row only.

        Raises:
            PolicyError: The place does not exist, another row has the name, or rows of one node would be no
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
                f"stage {row.name!r}: after={after!r} is no stage; valid: {', '.join(self.drafting)}"
            )
        for stage in row.passed_by:
            if stage not in self.drafting[: self.index(after) + 1]:
                raise PolicyError(f"stage {row.name!r}: passed_by names {stage!r}, which is no earlier stage")
        rows = list(self._rows.values())
        place = self.index(after) + 1
        beside = {each.node for each in rows[:-1][place - 1 : place + 1]}
        if row.node in {each.node for each in rows} - beside:
            raise PolicyError(
                f"stage {row.name!r}: node {row.node!r} is that of {', '.join(self._of(row.node))}, and a "
                "node decides neighbours alone; leave 'node' out, or add the stage beside them"
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
        """Take a row out again."""
        self._rows = {key: row for key, row in self._rows.items() if key != name}


WITHOUT_RETRIEVAL = {"retrieval": ("none",)}

TOPOLOGY = Topology(
    (
        Stage("retrieval", plain={"options": ["single"]}),
        Stage("rewrite", passed_by=WITHOUT_RETRIEVAL),
        Stage(
            "retriever",
            passed_by=WITHOUT_RETRIEVAL,
            evidence=("retrieval",),
            plain={"options": {"lexical": "bm25"}},
        ),
        Stage("rerank", passed_by=WITHOUT_RETRIEVAL, evidence=("retrieval",)),
        Stage("context", passed_by=WITHOUT_RETRIEVAL, plain={"options": {"short": {"chunks": 4}}}),
        Stage("prompt", node="generate", plain={"options": {"direct": {"style": "full"}}}),
        Stage("generator", node="generate", plain={}),
        Stage(VERIFICATION, node="verify", plain={"options": ["accept"]}),
    )
)

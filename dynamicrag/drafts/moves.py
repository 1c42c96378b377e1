"""The moves that verification may choose, from a policy's section."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from dynamicrag.errors import PolicyError, unknown
from dynamicrag.stages.section import Names, Spec, StageSection, Where, check_options
from dynamicrag.topology import TOPOLOGY
from dynamicrag.types import Move

ACCEPT, REFINE, ESCALATE, ASK_AGAIN, ABSTAIN = "accept", "refine", "escalate", "ask_again", "abstain"
VERDICTS = (ACCEPT, REFINE, ESCALATE, ASK_AGAIN, ABSTAIN)
"""Options of the stage; ``escalate`` becomes one move for each stage to go back to."""


class VerificationSection(StageSection):
    """The loop over drafts.

    Attributes:
        verifiers: The judges, in their order.
        escalate: Stages to go back to, by finding.
        max_escalations: Largest number of steps up per question, including refinements.
        on_failure: If a verifier fails, whether the draft may be accepted unverified, or must be escalated if
            possible.
        timeout: Time limit of a verifier in seconds; at most a day.
        stream: Whether drafts are streamed to the user as they are written, or only accepted answers.
    """

    verifiers: list[Spec] = Field(default_factory=list)
    escalate: dict[Literal["unanswerable", "ungrounded", "unsure", "unverified"], Names] = Field(
        default_factory=dict
    )
    max_escalations: int = Field(default=1, ge=0, le=100)
    on_failure: Literal["accept", "escalate"] = "accept"
    timeout: float = Field(default=60.0, gt=0, le=86_400)
    stream: Literal["draft", "verified"] = "draft"


def moves(names: Sequence[str], stages: Sequence[str], editor: str | None = None) -> list[Move]:
    """Return the moves of some options, with one ``redo`` for each stage to go back to."""
    found: list[Move] = []
    for name in names:
        if name == ESCALATE:
            found += [
                Move(f"{ESCALATE}:{stage}", kind="redo", stage=stage) for stage in TOPOLOGY if stage in stages
            ]
        elif name == REFINE:
            found.append(Move(name, kind="refine", model=editor))
        else:
            found.append(Move(name, kind=name))  # type: ignore[arg-type]  # names are checked
    return found


def targets(section: VerificationSection, where: Where) -> dict[str, Sequence[str]]:
    """Check and return the stages to go back to, by finding.

    Raises:
        PolicyError: A stage does not exist, or a finding cannot occur.
    """
    valid = (*TOPOLOGY.drafting, *([REFINE] if REFINE in section.specs else []))
    for finding, stages in section.escalate.items():
        place = where("escalate", finding)
        if finding == "unverified" and section.on_failure != "escalate":
            raise PolicyError(f"{place}: has no effect without 'on_failure: escalate'")
        for stage in stages:
            if stage not in valid:
                raise PolicyError(unknown(place, "stage", stage, valid))
    return {str(finding): stages for finding, stages in section.escalate.items()}


def verdicts(
    section: VerificationSection, where: Where, models: Mapping[str, Any]
) -> tuple[list[str], str | None]:
    """Return the names of a section's options, and the model that refines drafts, if any.

    Raises:
        PolicyError: There are no options, or one is invalid.
    """
    specs = check_options(section, where)
    for name in specs:
        if name not in VERDICTS:
            raise PolicyError(unknown(where("options"), "option", name, VERDICTS))
    params, place = specs.get(REFINE), where("options", REFINE)
    if params is not None and not isinstance(params, dict):
        raise PolicyError(f"{place}: expected {{model: NAME}}, got {params!r}")
    for key, value in (params or {}).items():
        if key != "model":
            raise PolicyError(unknown(place, "key", key, ("model",)))
        if not isinstance(value, str) or value not in models:
            raise PolicyError(unknown(f"{place}.model", "model", value, models))
    return list(specs), (params or {}).get("model")

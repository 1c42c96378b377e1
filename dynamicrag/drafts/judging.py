"""Lets every verifier judge a draft; a failure or timeout never costs an answer."""

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import suppress

from dynamicrag.cost.line import Line
from dynamicrag.drafts.asking import Asking, Resources
from dynamicrag.errors import DynamicRAGError
from dynamicrag.stages.base import Run
from dynamicrag.turn import TurnState
from dynamicrag.types import Usage
from dynamicrag.verify.base import Evidence, Verifier
from dynamicrag.verify.signals import signals_of

UNVERIFIED = "unverified"
"""Signal: the share of the verifiers that could not judge the draft, if any."""

_log = logging.getLogger(__name__)


async def foresee(verifiers: Mapping[str, Verifier], turn: TurnState, run: Run) -> TurnState:
    """Return the signals that do not depend on the draft as ``foreseen``; :func:`judge` handles failures."""
    found: dict[str, float] = {}
    for name, verifier in verifiers.items():
        if not verifier.reads_draft and verifier.computes:
            evidence = Evidence(turn["text"], "", (), {}, None, turn.get("candidates", []))
            with (
                suppress(Exception),
                run.ledger.span(turn["id"], "verification", name, kind="verify") as line,
            ):
                found |= await _computed(verifier, evidence, line)
    return {"foreseen": found}


async def judge(
    verifiers: Mapping[str, Verifier], resources: Resources, turn: TurnState, run: Run, seconds: float
) -> TurnState:
    """Return ``signals`` of the turn's draft, and the verifiers that could not judge it as ``unverified``."""
    draft = turn.get("draft")
    assert draft is not None, "verification comes after generation"
    turn = {**turn, "passages": turn.get("passages", []), "candidates": turn.get("candidates", [])}
    foreseen = turn.get("foreseen", {}) if turn["passages"] else {}
    signals: dict[str, float] = {**draft["signals"], **foreseen}
    unverified: dict[str, str] = {}
    for name, verifier in verifiers.items():
        if not verifier.reads_draft and (not turn["passages"] or verifier.gives[0].name in foreseen):
            continue
        caller = Asking(name, turn, run, resources)
        evidence = Evidence(
            turn["text"], draft["text"], turn["passages"], draft["signals"], caller, turn["candidates"]
        )
        try:
            with run.ledger.span(turn["id"], "verification", name, kind="verify") as line:
                if verifier.computes:
                    signals |= await _computed(verifier, evidence, line)
                else:
                    async with asyncio.timeout(seconds):
                        signals |= await signals_of(verifier, evidence)
        except TimeoutError:
            unverified[name] = f"no verdict within {seconds:g} s"
        except DynamicRAGError as error:
            unverified[name] = str(error)
        except Exception as error:  # noqa: BLE001 - anybody's verifier, and the answer is not its to lose
            unverified[name] = f"{type(error).__name__}: {error}"
            _log.warning("verifier %s failed: %s", name, unverified[name])
            _log.debug("verifier %s failed", name, exc_info=error)
    if unverified:
        signals[UNVERIFIED] = len(unverified) / len(verifiers)
    return {"signals": signals, "unverified": unverified}


async def _computed(verifier: Verifier, evidence: Evidence, line: Line) -> Mapping[str, float]:
    """Return the signals of a verifier that computes in this process, and book its time."""
    began = time.perf_counter()
    found = await signals_of(verifier, evidence)
    elapsed = time.perf_counter() - began
    line.usage = Usage(seconds=elapsed, cpu_seconds=elapsed)
    return found

"""Verifier: whether the passages entail each claim of the answer, by the user's cross-encoder."""

from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from dynamicrag.cost.expect import Asks
from dynamicrag.errors import PolicyError, VerifierError
from dynamicrag.verify.base import VERIFIERS, VERIFY, Evidence, Signal, Verifier
from dynamicrag.verify.claims import claims


@VERIFIERS.register("groundedness_nli")
class NliGroundedness(Verifier):
    """Signal ``groundedness_nli``: mean over claims of the highest entailment probability by a passage.

    No signal without passages or claims. Nothing is downloaded.

    Args:
        model: Folder of a sentence-transformers cross-encoder for NLI, or the name of one in the Hugging Face
            cache, for example ``cross-encoder/nli-deberta-v3-small``.
    """

    gives = (Signal("groundedness_nli"),)
    doubt = "The draft does not follow from the passages."
    paper = "Laban et al. 2022, SummaC, arXiv 2111.09525"

    def __init__(self, *, model: str) -> None:
        self._model = model

    def check(self, models: Collection[str], where: str) -> None:  # noqa: ARG002
        """See the base class."""
        from huggingface_hub import try_to_load_from_cache
        from huggingface_hub.errors import HFValidationError

        try:
            here = (Path(self._model) / "config.json").is_file() or isinstance(
                try_to_load_from_cache(self._model, "config.json"), str
            )
        except HFValidationError:  # then it is a path, which does not exist
            here = False
        if not here:
            raise PolicyError(
                f"{where}.model: there is no NLI model {self._model!r} on this machine; give the folder of a "
                "cross-encoder, or fetch one with: hf download cross-encoder/nli-deberta-v3-small"
            )

    def asks(self) -> Sequence[Asks]:
        """See the base class."""
        return (Asks(1, reads=True, computes=VERIFY + self.registered),)

    async def verify(self, evidence: Evidence) -> dict[str, float]:
        """See the base class."""
        claimed = claims(evidence.question, evidence.answer)
        if not claimed or not evidence.passages:
            return {}
        pairs = [(passage["text"], claim) for claim in claimed for passage in evidence.passages]
        entailed = await evidence.caller.compute("nli", lambda: entailment(self._model, pairs))
        best = entailed.reshape(len(claimed), len(evidence.passages)).max(axis=1)
        return {"groundedness_nli": float(best.mean())}


def entailment(model: str, pairs: Sequence[tuple[str, str]]) -> Any:
    """Return the probability of entailment per (premise, hypothesis), (n,).

    Raises:
        VerifierError: The model cannot be loaded, or has no entailment label.
    """
    encoder, column = _load(model)
    return np.asarray(encoder.predict(list(pairs), apply_softmax=True, show_progress_bar=False))[:, column]


@lru_cache(maxsize=2)
def _load(model: str) -> tuple[Any, int]:
    from sentence_transformers import CrossEncoder

    try:
        encoder = CrossEncoder(model, local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise VerifierError(f"groundedness_nli: {model} cannot be loaded: {error}") from error
    labels = {int(number): str(label).lower() for number, label in encoder.model.config.id2label.items()}
    columns = [number for number, label in labels.items() if label.startswith("entail")]
    if len(columns) != 1:
        known = ", ".join(labels.values())
        raise VerifierError(f"groundedness_nli: {model} tells {known}, and not entailment; give an NLI model")
    return encoder, columns[0]

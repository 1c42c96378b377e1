"""The caller's objects: models, retrievers, an embedder, verifiers, routers and prompts.

An object replaces the policy's entry of the same name: the spec of a model, the parameters of a retriever.
Other settings of the entry still apply: a model's ``profile`` with its prices, ``runs``, ``params.context``
and ``params.max_retries``. A name that the policy lacks is an error; but a policy without ``models``, or
without ``stages.retriever.options``, uses the caller's objects, in their order.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from dynamicrag.errors import PolicyError, unknown
from dynamicrag.llm.chat import ChatModel
from dynamicrag.llm.foreign import OURS, adapt_model
from dynamicrag.llm.prompts.base import PromptStrategy
from dynamicrag.llm.prompts.own import adapt_prompt
from dynamicrag.policy.policy import ModelSection, Policy
from dynamicrag.retrieval.adapters import adapt_retriever
from dynamicrag.retrieval.base import Retriever
from dynamicrag.retrieval.embedder import Embedder
from dynamicrag.retrieval.foreign_embedder import adapt_embedder
from dynamicrag.routers.base import Router
from dynamicrag.verify.base import Verifier
from dynamicrag.whereabouts import described

__all__ = ["Objects", "Taken", "check_taken"]

T = TypeVar("T", Router, Verifier)


class Taken(dict[str, Any]):
    """A mapping that records which of its values were read, by ``[]`` or ``get``."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.left = set(values)

    def __getitem__(self, name: str) -> Any:
        self.left.discard(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value, or the default."""
        return self[name] if name in self else default  # noqa: SIM401 - which is this very method

    def copied(self) -> "Taken":
        """Return a mapping of shallow copies of the values; both share the record of reads."""
        other = Taken({name: copy.copy(each) for name, each in self.items()})
        other.left = self.left
        return other


@dataclass(frozen=True, slots=True)
class Objects:
    """The caller's objects for a policy.

    Attributes:
        models: LangChain chat models, LlamaIndex LLMs, or our own, by the names of models.
        retrievers: LangChain retrievers and vector stores, LlamaIndex retrievers, indexes and query
            engines, or our own, by
            the options of the stage ``retriever``.
        embedder: LangChain Embeddings, a LlamaIndex BaseEmbedding, a SentenceTransformer, or our own; for
            routers, verifiers and corpora without an embedding model of their own.
        verifiers: Verifiers by their names in ``stages.verification.verifiers``.
        routers: Routers by their names in ``stages.STAGE.router``.
        prompts: LangChain prompt templates, texts, functions or prompt strategies, by the options of the
            stage ``prompt``.

    Raises:
        PolicyError: From all methods: an object has the wrong type, or the policy lacks its name.
    """

    models: Mapping[str, Any] = field(default_factory=dict)
    retrievers: Mapping[str, Any] = field(default_factory=dict)
    embedder: Any = None
    verifiers: Mapping[str, Any] = field(default_factory=dict)
    routers: Mapping[str, Any] = field(default_factory=dict)
    prompts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for what in ("models", "retrievers", "verifiers", "routers", "prompts"):
            given = getattr(self, what)
            if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
                raise PolicyError(
                    f"{what}: expected objects by name, {what}={{'name': object}}, got {described(given)}"
                )

    def model(self, name: str, section: ModelSection, where: str) -> ChatModel | None:
        """Return the caller's model of a name, if any."""
        if name not in self.models:
            if not section.model:
                raise PolicyError(
                    f"{where}: has neither 'model' nor an object; name one, such as openai:gpt-4o-mini, or "
                    f"give it: from_policy(…, models={{{name!r}: chat_model}})"
                )
            return None
        if not section.model:  # else they belong to the model that the object replaces
            for key in section.params:
                if key not in OURS:
                    raise PolicyError(f"{unknown(f'{where}.params', 'parameter of an object', key, OURS)}")
        return adapt_model(name, self.models[name], f"models[{name!r}]", section.params, section.runs)

    def check_names(self, policies: Sequence[Policy]) -> None:
        """Refuse models, retrievers and prompts whose names are in none of the policies."""
        of = (policies[0].source or "the policy") if len(policies) == 1 else "the policies"
        models = {name for each in policies for name in each.models}
        retrievers = {name for each in policies for name in each.stages["retriever"].described}
        prompts = {name for each in policies for name in each.stages["prompt"].specs}
        for what, given, valid in (
            ("model", self.models, models),
            ("retriever", self.retrievers, retrievers),
            ("prompt", self.prompts, prompts),
        ):
            for name in given:
                if name not in valid:
                    raise PolicyError(unknown(f"{what}s", f"{what} of {of}", name, valid))

    def own_embedder(self) -> Embedder | None:
        """Return the embedder, if there is one."""
        return None if self.embedder is None else adapt_embedder(self.embedder, "embedder")

    def own_retrievers(self) -> dict[str, Retriever]:
        """Return the retrievers by option."""
        return {
            name: adapt_retriever(each, f"retrievers[{name!r}]") for name, each in self.retrievers.items()
        }

    def own_prompts(self) -> dict[str, PromptStrategy]:
        """Return the prompts by option."""
        return {name: adapt_prompt(each, f"prompts[{name!r}]") for name, each in self.prompts.items()}

    def own_verifiers(self) -> Taken:
        """Return the verifiers by name."""
        return Taken(_checked(self.verifiers, Verifier, "verifiers"))

    def own_routers(self) -> Taken:
        """Return the routers by name."""
        return Taken(_checked(self.routers, Router, "routers"))


def _checked(given: Mapping[str, Any], kind: type[T], what: str) -> dict[str, T]:
    named = dict(given)
    for name, each in given.items():
        if not isinstance(each, kind):
            raise PolicyError(
                f"{what}[{name!r}]: expected a dynamicrag.{kind.__name__}, got {described(each)}"
            )
        if not hasattr(type(each), "registered"):  # its name in decisions and accounts
            if getattr(each, "registered", name) != name:
                named[name] = each = copy.copy(each)  # one object may have several names
            setattr(each, "registered", name)  # noqa: B010
    return named


def check_taken(taken: Taken, what: str, place: str) -> None:
    """Refuse objects named in none of the policies.

    Raises:
        PolicyError: An object is left over.
    """
    for name in sorted(taken.left):
        raise PolicyError(f"{what}[{name!r}]: the policy does not have this name; add it at {place}")

"""Builds the corpora of a policy, each with its embedder, and books the cost of embedding."""

from pathlib import Path

from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.line import INGEST
from dynamicrag.cost.profiles import IN_PROCESS, Profile, Profiles, override
from dynamicrag.errors import PolicyError
from dynamicrag.llm.pull import cache_dir
from dynamicrag.plain_values import shown
from dynamicrag.policy.build_embedders import embedder_of
from dynamicrag.policy.corpora import CorpusSection
from dynamicrag.policy.objective import limit_of_prices
from dynamicrag.policy.policy import Policy
from dynamicrag.policy.sharing import Shared
from dynamicrag.retrieval.corpus import Corpus
from dynamicrag.retrieval.embedder import Embedder, Scale
from dynamicrag.retrieval.vector_server import vector_server

__all__ = ["make_corpora", "make_corpus", "own_embedder"]


def make_corpora(
    policy: Policy, ledger: Ledger, known: Profiles, embedder: Embedder, shared: Shared
) -> dict[str, Corpus]:
    """Return the corpora of a policy by name; each is ingested on first use, on the ledger.

    Raises:
        PolicyError: A path is missing, an embedding model is invalid, or a limit in usd cannot be enforced.
    """
    corpora = {}
    for name, section in policy.corpora.items():
        for path in section.path:
            _check_path(policy.folder, path, policy.where("corpora", name, "path"))
        where = policy.where("corpora", name)
        own = own_embedder(section, f"{where}.embedding", policy.folder, embedder)
        own = shared.one(("embedder", own.name, section.embedding), own)  # corpora of one model share it
        paths = [str((policy.folder / path).absolute()) for path in section.path]
        alike = ("corpus", name, section.model_copy(update={"path": paths}), own)
        corpora[name] = shared.one(alike, make_corpus(name, section, policy, ledger, known, own))
    return corpora


def own_embedder(section: CorpusSection, where: str, folder: Path, default: Embedder) -> Embedder:
    """Return the embedder named by a corpus, or the default one.

    Raises:
        PolicyError: As :func:`~dynamicrag.policy.build_embedders.embedder_of`.
    """
    return default if section.embedding is None else embedder_of(section.embedding, where, folder)


def make_corpus(
    name: str, section: CorpusSection, policy: Policy, ledger: Ledger, known: Profiles, embedder: Embedder
) -> Corpus:
    """Return the corpus of a section.

    Raises:
        PolicyError: There is a limit in usd, but the price of its embedding model is unknown.
    """
    profile = _profile(name, section, policy, known, embedder)
    near = section.nearness
    return Corpus(
        name,
        [policy.folder / path for path in section.path],
        chunk_size=section.chunk.size,
        chunk_overlap=section.chunk.overlap,
        follow_links=section.follow_links,
        embedder=embedder,
        scale=Scale(near.similar, near.strange) if near else None,
        profile=profile,
        root=cache_dir() / "corpora",
        metadata=section.metadata,
        server=vector_server(section.vectors),
        account=lambda: ledger.span(f"{INGEST}{name}", "ingest", embedder.name, profile, kind="embeddings"),
    )


def _profile(
    name: str, section: CorpusSection, policy: Policy, known: Profiles, embedder: Embedder
) -> Profile:
    where = policy.where("corpora", name, "embedding_profile")
    here = embedder.runs == "in_process"
    profile = IN_PROCESS if here else known.of(embedder.name, embedder.runs)
    profile = override(profile, section.embedding_profile, where)
    budget = policy.objective.budget
    for scope, limits in (("per_query", budget.per_query), ("total", budget.total)):
        limited = limit_of_prices(limits)
        if limited is not None and not profile.priced:
            place = policy.where("objective", "budget", scope, limited)
            raise PolicyError(
                f"{place}: no price is known of {embedder.name}, the embedding model of corpus {name!r}, so "
                "the limit cannot be enforced; set it in usd per token: "
                f"corpora.{name}.embedding_profile: {{usd: {{input: 2.0e-8}}}}, or 0 if it is free"
            )
    return profile


def _check_path(folder: Path, path: str, where: str) -> None:
    """Refuse a path of a corpus that is missing or unreadable."""
    if not path:
        raise PolicyError(f"{where}: is empty; give a file or a folder, such as docs/")
    try:
        (folder / path).stat()
    except FileNotFoundError:
        raise PolicyError(f"{where}: {path} does not exist; correct the path, or use --corpus PATH") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise PolicyError(f"{where}: {shown(path)} cannot be read: {why}") from None

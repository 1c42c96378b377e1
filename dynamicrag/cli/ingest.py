"""``dynamicrag ingest``: indexes documents before the first question."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dynamicrag.cli.options import JsonOption
from dynamicrag.cli.prepare import pull_missing
from dynamicrag.cli.progress import bar
from dynamicrag.cli.result import Output
from dynamicrag.cost.amounts import amount
from dynamicrag.errors import PolicyError, unknown

if TYPE_CHECKING:
    from dynamicrag.cost.ledger import Ledger
    from dynamicrag.cost.profiles import Profiles
    from dynamicrag.policy.policy import Policy
    from dynamicrag.retrieval.corpus import Corpus

SETTLE_SECONDS = 5.0
SHOWN = 10
"""Skipped documents that are named."""


def ingest(
    paths: Annotated[
        list[Path], typer.Argument(help="Files and folders of documents.", metavar="PATH...")
    ],
    policy: Annotated[
        str,
        typer.Option("--policy", "-p", help="Preset or YAML file with the settings of chunks and embedding."),
    ] = "balanced",
    name: Annotated[
        str | None, typer.Option(help="Name of the policy's corpus that this is; by default its first.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail if any document cannot be read, and index nothing.")
    ] = False,
    json: JsonOption = None,
) -> None:  # fmt: skip
    """Read, chunk and embed documents; unchanged documents are not processed again."""
    from dynamicrag.cost.ledger import Ledger
    from dynamicrag.cost.line import INGEST
    from dynamicrag.cost.meters import shared_attribution
    from dynamicrag.cost.profiles import load_profiles
    from dynamicrag.llm.catalogue import catalogue
    from dynamicrag.llm.pull import path_of
    from dynamicrag.policy.file import load_policy
    from dynamicrag.retrieval.english import notice_of

    out = Output(json)
    loaded = load_policy(policy)
    known = load_profiles()
    ledger = Ledger(shared_attribution(loaded.host.meter), known.host)
    corpus, dense = _corpus(loaded, paths, name, ledger, known), _wants_vectors(loaded)
    model = corpus.embedder.name
    if model in catalogue() and path_of(model) is None:
        pull_missing([model], out)
    ledger.attribution.acquire()
    try:
        with bar(out) as progress:
            report = corpus.ingest(progress, dense=dense, strict=strict)
        account = f"{INGEST}{corpus.name}"
        ledger.settle(account, SETTLE_SECONDS)
    finally:
        ledger.attribution.release()
        corpus.close()
    energy = ledger.cost(account).figures()
    notices = list(filter(None, [notice_of(corpus)])) if dense else []
    documents = {key: getattr(report, key) for key in ("added", "changed", "deleted", "unchanged")}
    summary: dict[str, Any] = {
        "corpus": corpus.name, "documents": documents, "skipped": list(report.skipped),
        "failed": report.failed, "chunks": report.chunks, "seconds": report.seconds, "embedding": energy,
        "notices": notices,
    }  # fmt: skip
    out.give(summary)
    if not out.in_words:
        return
    parts = [f"{report.chunks:,} chunks", amount("seconds", report.seconds)]
    if value := energy["joules"]["value"]:
        parts.append(f"{amount('joules', value)} {energy['joules']['kind']} for embedding")
    counts = ", ".join(f"{number} {word}" for word, number in documents.items())
    out.print(f"corpus {corpus.name}  {counts} documents")
    out.print(" · ".join(parts), style="dim")
    for line in notices:
        out.print(line, style="yellow", soft_wrap=True)
    if skipped := len(report.skipped):
        failed = f", {report.failed} could not be read" if report.failed else ""
        out.print(f"{skipped} left out{failed}:", style="yellow")
    for line in report.skipped[:SHOWN]:
        out.print(f"  {line}", style="dim", soft_wrap=True)
    if skipped > SHOWN:
        out.print(f"  and {skipped - SHOWN} more; --json has all", style="dim")


def _wants_vectors(policy: "Policy") -> bool:
    """Return whether any retriever of a policy needs the corpus embedded."""
    from dynamicrag.retrieval.base import RETRIEVERS

    where = policy.where("stages", "retriever")
    specs = policy.stages["retriever"].described.items()
    return any(RETRIEVERS.build(spec or name, f"{where}.{name}").needs_vectors for name, spec in specs)


def _corpus(
    policy: "Policy", paths: list[Path], name: str | None, ledger: "Ledger", known: "Profiles"
) -> "Corpus":
    from dynamicrag.policy.build_corpora import make_corpus, own_embedder
    from dynamicrag.policy.build_embedders import default_embedder
    from dynamicrag.policy.corpora import CorpusSection

    sections = policy.corpora or {"docs": CorpusSection(path=[])}
    if name is not None and name not in sections:
        raise PolicyError(unknown("--name", "corpus", name, sections))
    chosen = name or next(iter(sections))
    section = sections[chosen].model_copy(update={"path": [str(path.absolute()) for path in paths]})
    where = policy.where("corpora", chosen, "embedding")
    embedder = own_embedder(section, where, policy.folder, default_embedder())
    return make_corpus(chosen, section, policy, ledger, known, embedder)

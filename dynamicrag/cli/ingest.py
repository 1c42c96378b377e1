"""``dynamicrag ingest``: documents to an index, ahead of the first question."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dynamicrag.cli.options import JsonOption
from dynamicrag.errors import PolicyError, unknown

if TYPE_CHECKING:
    from dynamicrag.cost.ledger import Ledger
    from dynamicrag.cost.profiles import Profiles
    from dynamicrag.cost.vector import Cost
    from dynamicrag.policy import Policy
    from dynamicrag.retrieval.corpus import Corpus
    from dynamicrag.retrieval.reports import IngestReport

SETTLE_SECONDS = 5.0


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders.", metavar="PATH...")],
    policy: Annotated[
        str, typer.Option("--policy", "-p", help="How to chunk, and whether to embed.")
    ] = "balanced",
    name: Annotated[
        str | None, typer.Option(help="Which corpus of the policy this is; by default its first.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse the documents if any of them cannot be read.")
    ] = False,
    json: JsonOption = None,
) -> None:
    """Read, chunk and embed documents; only what has changed is done again."""
    from dynamicrag.cli.console import bar, human
    from dynamicrag.cli.output import check_target, write_json
    from dynamicrag.cli.prepare import pull_missing
    from dynamicrag.cost.ledger import Ledger
    from dynamicrag.cost.line import INGEST
    from dynamicrag.cost.process import shared_attribution
    from dynamicrag.cost.profiles import load_profiles
    from dynamicrag.llm.catalogue import catalogue
    from dynamicrag.llm.pull import path_of
    from dynamicrag.policy_file import load_policy
    from dynamicrag.retrieval.english import notice_of

    check_target(json)
    loaded = load_policy(policy)
    known = load_profiles()
    ledger = Ledger(shared_attribution(loaded.host.meter), known.host)
    corpus, dense = _corpus(loaded, paths, name, ledger, known), _wants_vectors(loaded)
    out, model = human(json), corpus.embedder.name
    if model in catalogue() and path_of(model) is None:
        pull_missing([model], out)
    ledger.attribution.acquire()
    try:
        with bar(out) as tell:
            report = corpus.ingest(tell, dense=dense, strict=strict)
        account = f"{INGEST}{corpus.name}"
        ledger.settle(account, SETTLE_SECONDS)
    finally:
        ledger.attribution.release()
        corpus.close()
    summary = _summary(corpus, report, ledger.cost(account))
    summary["notices"] = list(filter(None, [notice_of(corpus)])) if dense else []
    if json is not None:
        write_json(json, summary)
    if json != "-":
        _show(summary)


def _wants_vectors(policy: "Policy") -> bool:
    """Return whether any retriever of a policy needs the corpus embedded."""
    from dynamicrag.retrieval.base import RETRIEVERS

    where = policy.where("stages", "retriever")
    specs = policy.stages["retriever"].described.items()
    return any(RETRIEVERS.build(spec or name, f"{where}.{name}").needs_vectors for name, spec in specs)


def _corpus(
    policy: "Policy", paths: list[Path], name: str | None, ledger: "Ledger", known: "Profiles"
) -> "Corpus":
    from dynamicrag.corpora import make_corpus, own_embedder
    from dynamicrag.embedders import default_embedder
    from dynamicrag.policy import CorpusSection

    sections = policy.corpora or {"docs": CorpusSection(path=[])}
    if name is not None and name not in sections:
        raise PolicyError(unknown("--name", "corpus", name, sections))
    chosen = name or next(iter(sections))
    section = sections[chosen].model_copy(update={"path": [str(path.absolute()) for path in paths]})
    where = policy.where("corpora", chosen, "embedding")
    embedder = own_embedder(section, where, policy.folder, default_embedder())
    return make_corpus(chosen, section, policy, ledger, known, embedder)


def _summary(corpus: "Corpus", report: "IngestReport", cost: "Cost") -> dict[str, Any]:
    return {
        "corpus": corpus.name,
        "documents": {
            "added": report.added, "changed": report.changed, "deleted": report.deleted,
            "unchanged": report.unchanged,
        },
        "skipped": list(report.skipped),
        "failed": report.failed,
        "chunks": report.chunks,
        "seconds": report.seconds,
        "embedding": cost.figures(),
    }  # fmt: skip


def _show(summary: dict[str, Any]) -> None:
    from dynamicrag.cli.console import console, plain
    from dynamicrag.lab.view.amounts import amount

    out = console()
    counts = ", ".join(f"{number} {word}" for word, number in summary["documents"].items())
    energy = summary["embedding"]["joules"]
    parts = [f"{summary['chunks']:,} chunks", amount("seconds", summary["seconds"])]
    if energy["value"]:
        parts.append(f"{amount('joules', energy['value'])} {energy['kind']} for embedding")
    out.print(f"corpus {summary['corpus']}  {counts} documents")
    out.print(" · ".join(parts), style="dim")
    for line in summary["notices"]:
        out.print(plain(line), style="yellow", soft_wrap=True)
    if summary["skipped"]:
        failed = f", {summary['failed']} could not be read" if summary["failed"] else ""
        out.print(f"{len(summary['skipped'])} left out{failed}:", style="yellow")
    for line in summary["skipped"][:10]:
        out.print(f"  {plain(line)}", style="dim", soft_wrap=True)
    if len(summary["skipped"]) > 10:
        out.print(f"  and {len(summary['skipped']) - 10} more; --json has all", style="dim")

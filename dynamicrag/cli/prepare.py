"""Makes a policy ready for its first question: models downloaded and loaded, corpora ingested."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from dynamicrag.cli.console import plain
from dynamicrag.cli.left_out import warn_left_out
from dynamicrag.cli.progress import bar
from dynamicrag.extras import require
from dynamicrag.lab.view.amounts import size

if TYPE_CHECKING:
    from dynamicrag.graph.rag import DynamicRAG
    from dynamicrag.policy.assembly import Pipeline
    from dynamicrag.policy.policy import Policy
    from dynamicrag.retrieval.corpus import Corpus
    from dynamicrag.retrieval.reports import IngestReport


def ready(
    policy: "Policy",
    out: Console,
    *,
    conversation: bool = False,
    models: Sequence[str] | None = None,
    stays: bool = False,
) -> "DynamicRAG":
    """Return a ``DynamicRAG`` whose first question causes no loading and no ingestion.

    Args:
        policy: The policy.
        out: The console that shows progress.
        conversation: Whether there can be follow-up questions, which the helper model condenses.
        models: Names of the models to load; by default all that a question can use.
        stays: Whether there will be several questions, so that filling the models' prompt caches pays.

    Raises:
        DynamicRAGError: Something that the policy needs is missing.
    """
    from dynamicrag.graph.rag import DynamicRAG
    from dynamicrag.graph.warm import await_meter, first_call, routers_embed, used_models, wants_vectors

    pipeline = provide(policy, out, conversation=conversation, models=models)
    names = models or used_models(pipeline, conversation=conversation)
    rag = DynamicRAG(pipeline)
    try:
        for corpus in pipeline.corpora.values():
            ingest_corpus(corpus, out, dense=wants_vectors(pipeline))
        with out.status("loading …") as status:
            for name in names:
                status.update(f"loading {name} …")
                pipeline.models[name].load()
            embedders = [corpus.embedder for corpus in pipeline.corpora.values() if wants_vectors(pipeline)]
            embedders += [pipeline.embedder] if routers_embed(pipeline) else []
            for embedder in dict.fromkeys(embedders):
                status.update("loading the embedder …")
                embedder.load()
                if embedder.runs == "in_process":  # a service would be paid for the words
                    embedder.embed(["warm"])
            status.update("starting the meter …")
            await_meter(pipeline.ledger.attribution)
            for name in names:
                status.update(f"asking {name} for a first token …")
                first_call(pipeline, name, stays=stays)
    except BaseException:
        rag.close()
        raise
    return rag


def provide(
    policy: "Policy", out: Console, *, conversation: bool = False, models: Sequence[str] | None = None
) -> "Pipeline":
    """Check a policy including its providers' keys, and download missing models; see :func:`ready`."""
    from dynamicrag.graph.warm import used_models
    from dynamicrag.policy.assembly import assemble

    pipeline = assemble(policy)
    names = models or used_models(pipeline, conversation=conversation)
    for name in names:
        if pipeline.models[name].spec.startswith("local:"):
            require("local", for_=f"models.{name} ({pipeline.models[name].spec})")
    with out.status("connecting …"):
        for name in names:
            if pipeline.models[name].runs != "in_process":  # report a missing key before any download
                pipeline.models[name].load()
    pull_missing(to_pull(pipeline, names), out)
    return pipeline


def to_pull(pipeline: "Pipeline", names: Sequence[str]) -> list[str]:
    """Return the models of the catalogue that are needed and not on this machine."""
    from dynamicrag.graph.warm import routers_embed
    from dynamicrag.llm.pull import path_of

    embedders = [corpus.embedder for corpus in pipeline.corpora.values()]
    embedders += [pipeline.embedder] if routers_embed(pipeline) else []
    specs = [pipeline.models[name].spec for name in names]
    wanted = in_catalogue(specs, [embedder.name for embedder in embedders])
    return [name for name in dict.fromkeys(wanted) if path_of(name) is None]


def in_catalogue(specs: Sequence[str], embedders: Sequence[object]) -> list[str]:
    """Return the names in the catalogue of some models and embedders.

    Args:
        specs: Specs of models, as ``local:smollm2-135m-instruct``.
        embedders: Embedders as a policy gives them.
    """
    from dynamicrag.llm.catalogue import catalogue

    local = [spec.removeprefix("local:") for spec in specs if spec.startswith("local:")]
    named = [name for name in embedders if isinstance(name, str) and name in catalogue()]
    return [name for name in local if not name.endswith(".gguf")] + named


def pull_missing(names: Sequence[str], out: Console) -> None:
    """Download models of the catalogue, with a line and a bar for each."""
    from dynamicrag.llm.catalogue import entry
    from dynamicrag.llm.pull import pull

    for name in names:
        model = entry(name)
        out.print(f"fetching {name}, {size(model.size)}, {model.licence}", style="dim")
        with bar(out, size=True) as show:
            pull(name, progress=lambda done, total, label=name: show(done, total, label))  # type: ignore[misc]


def ingest_corpus(corpus: "Corpus", out: Console, *, dense: bool) -> "IngestReport | None":
    """Update a corpus from its files, with a bar, and warn of files that cannot be read."""
    from dynamicrag.retrieval.english import notice_of

    with bar(out) as show:
        report = corpus.ensure(lambda done, total, label: show(done, total, f"{label} {corpus.name}"),
                               dense=dense)  # fmt: skip
    if report is not None:
        if dense and (line := notice_of(corpus)):
            out.print(plain(line), style="yellow", soft_wrap=True)
        changed = f"{report.added} added, {report.changed} changed, {report.deleted} deleted"
        out.print(f"corpus {corpus.name}: {changed}; {report.chunks} chunks, {report.seconds:.1f} s",
                  style="dim")  # fmt: skip
    warn_left_out([corpus], out)
    return report

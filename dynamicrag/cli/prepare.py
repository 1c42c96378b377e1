"""From a policy to a :class:`DynamicRAG` that is warm: models there and loaded, corpora ingested."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dynamicrag.cli.console import bar, plain
from dynamicrag.cli.left_out import warn_left_out
from dynamicrag.lab.view.amounts import size

if TYPE_CHECKING:
    from rich.console import Console

    from dynamicrag.assembly import Pipeline
    from dynamicrag.graph.rag import DynamicRAG
    from dynamicrag.policy import Policy
    from dynamicrag.retrieval.corpus import Corpus
    from dynamicrag.retrieval.reports import IngestReport


def ready(
    policy: "Policy", out: "Console", *, conversation: bool = False, models: Sequence[str] | None = None
) -> "DynamicRAG":
    """Return a ``DynamicRAG`` whose first question pays for nothing but itself.

    Args:
        policy: The policy.
        out: Where progress is shown.
        conversation: Whether follow-ups are to be expected, which the helper model condenses.
        models: Names of the models that are used; by default all that a question can come to use.

    Raises:
        DynamicRAGError: Something that the policy needs cannot be had.
    """
    from dynamicrag.graph.rag import DynamicRAG
    from dynamicrag.graph.warm import await_meter, load, routers_embed, used_models, wants_vectors

    pipeline = provide(policy, out, conversation=conversation, models=models)
    names = models or used_models(pipeline, conversation=conversation)
    rag = DynamicRAG(pipeline)
    try:
        for corpus in pipeline.corpora.values():
            ingest_corpus(corpus, out, dense=wants_vectors(pipeline))
        with out.status("loading …") as status:
            for name in names:
                status.update(f"loading {name} …")
                load(pipeline.models[name])
            embedders = [corpus.embedder for corpus in pipeline.corpora.values() if wants_vectors(pipeline)]
            embedders += [pipeline.embedder] if routers_embed(pipeline) else []
            for embedder in dict.fromkeys(embedders):
                status.update("loading the embedder …")
                embedder.load()
                if embedder.runs == "in_process":  # a service would be paid for nothing
                    embedder.embed(["warm"])
            status.update("starting the meter …")
            await_meter(pipeline.ledger.attribution)
    except BaseException:
        rag.close()
        raise
    return rag


def provide(
    policy: "Policy", out: "Console", *, conversation: bool = False, models: Sequence[str] | None = None
) -> "Pipeline":
    """Check a policy down to its providers' keys, and fetch the models that are missing.

    Args:
        policy: The policy.
        out: Where progress is shown.
        conversation: As in :func:`ready`.
        models: Likewise.

    Raises:
        DynamicRAGError: As :func:`ready`.
    """
    from dynamicrag.assembly import assemble
    from dynamicrag.graph.warm import used_models

    pipeline = assemble(policy)
    names = models or used_models(pipeline, conversation=conversation)
    with out.status("connecting …"):
        for name in names:
            if pipeline.models[name].runs != "in_process":  # report a missing key before any download
                pipeline.models[name].load()
    pull_missing(to_pull(pipeline, names), out)
    return pipeline


def to_pull(pipeline: "Pipeline", names: Sequence[str]) -> list[str]:
    """Return what of the catalogue is needed and not on this machine yet."""
    from dynamicrag.graph.warm import routers_embed
    from dynamicrag.llm.catalogue import catalogue
    from dynamicrag.llm.pull import path_of

    specs = [pipeline.models[name].spec for name in names]
    wanted = [
        spec.removeprefix("local:")
        for spec in specs
        if spec.startswith("local:") and not spec.endswith(".gguf")
    ]
    embedders = [corpus.embedder for corpus in pipeline.corpora.values()]
    embedders += [pipeline.embedder] if routers_embed(pipeline) else []
    wanted += [embedder.name for embedder in embedders if embedder.name in catalogue()]
    return [name for name in dict.fromkeys(wanted) if path_of(name) is None]


def pull_missing(names: Sequence[str], out: "Console") -> None:
    """Fetch models of the catalogue, with a line each and a bar."""
    from dynamicrag.llm.catalogue import entry
    from dynamicrag.llm.pull import pull

    for name in names:
        model = entry(name)
        out.print(f"fetching {name}, {size(model.size)}, {model.licence}", style="dim")
        with bar(out, size=True) as tell:
            pull(name, progress=lambda done, total, label=name: tell(done, total, label))  # type: ignore[misc]


def ingest_corpus(corpus: "Corpus", out: "Console", *, dense: bool) -> "IngestReport | None":
    """Bring a corpus up to its files, with a bar, and warn of what cannot be read."""
    from dynamicrag.retrieval.english import notice_of

    with bar(out) as tell:
        report = corpus.ensure(lambda done, total, label: tell(done, total, f"{label} {corpus.name}"),
                               dense=dense)  # fmt: skip
    if report is not None:
        if dense and (line := notice_of(corpus)):
            out.print(plain(line), style="yellow", soft_wrap=True)
        changed = f"{report.added} added, {report.changed} changed, {report.deleted} deleted"
        out.print(f"corpus {corpus.name}: {changed}; {report.chunks} chunks, {report.seconds:.1f} s",
                  style="dim")  # fmt: skip
    warn_left_out([corpus], out)
    return report

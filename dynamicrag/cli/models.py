"""``dynamicrag models``: lists the models of the catalogue and downloads them."""

from typing import Annotated

import typer

from dynamicrag.cli.console import PlainConsole
from dynamicrag.cli.options import JsonOption
from dynamicrag.cli.prepare import in_catalogue, pull_missing
from dynamicrag.cli.result import Output
from dynamicrag.lab.view.amounts import size
from dynamicrag.lab.view.page import Column, Table


def list_models(json: JsonOption = None) -> None:
    """List the models of the catalogue, with their size, licence and whether they are on this machine."""
    from dynamicrag.llm.catalogue import catalogue
    from dynamicrag.llm.pull import path_of

    out = Output(json)
    models = [(model, path_of(name) is not None) for name, model in catalogue().items()]
    rows = [
        {
            "name": model.name, "kind": model.kind, "parameters": model.parameters, "size": model.size,
            "context": model.context, "quantisation": model.quantisation, "licence": model.licence,
            "pulled": pulled,
        }
        for model, pulled in models
    ]  # fmt: skip
    titles = ("name", "kind", "parameters", "size", "licence", "pulled")
    columns = [Column(title, number=title in ("parameters", "size")) for title in titles]
    lines = [
        [model.name, model.kind, f"{model.parameters / 1e6:,.0f} M", size(model.size), model.licence,
         "✓" if pulled else "–"]
        for model, pulled in models
    ]  # fmt: skip
    out.give(rows, Table(columns, lines))


def pull_models(
    names: Annotated[list[str] | None, typer.Argument(help="Names of models in the catalogue.")] = None,
    policy: Annotated[
        str | None, typer.Option("--policy", "-p", help="Preset or YAML file whose models to download.")
    ] = None,
) -> None:
    """Download models; an interrupted download resumes."""
    from dynamicrag.llm.catalogue import entry
    from dynamicrag.llm.pull import path_of

    if not names and policy is None:
        raise typer.BadParameter("give NAME..., or --policy")
    wanted = list(dict.fromkeys([*(names or []), *(_of_policy(policy) if policy else [])]))
    for name in wanted:
        entry(name)  # checks all names before the first download
    missing = [name for name in wanted if path_of(name) is None]
    out = PlainConsole()
    pull_missing(missing, out)
    for name in wanted:
        out.print(f"{name} {'pulled' if name in missing else 'is there'}")


def _of_policy(policy: str) -> list[str]:
    from dynamicrag.policy.file import load_policy
    from dynamicrag.retrieval.local_embedder import DEFAULT

    loaded = load_policy(policy)
    embedders = [section.embedding or DEFAULT for section in loaded.corpora.values()]
    return in_catalogue([section.model for section in loaded.models.values()], embedders)

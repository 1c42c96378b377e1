"""``dynamicrag models``: what the catalogue has, and fetching it."""

from typing import Annotated

import typer

from dynamicrag.cli.options import JsonOption


def list_models(
    json: JsonOption = None,
) -> None:
    """List the models of the catalogue."""
    from dynamicrag.cli.console import human
    from dynamicrag.cli.output import check_target, write_json
    from dynamicrag.lab.view.amounts import size
    from dynamicrag.lab.view.page import Column, Table
    from dynamicrag.lab.view.terminal import print_table
    from dynamicrag.llm.catalogue import catalogue
    from dynamicrag.llm.pull import path_of

    check_target(json)
    rows = [
        {
            "name": name, "kind": model.kind, "parameters": model.parameters, "size": model.size,
            "context": model.context, "quantisation": model.quantisation, "licence": model.licence,
            "pulled": path_of(name) is not None,
        }
        for name, model in catalogue().items()
    ]  # fmt: skip
    if json is not None:
        write_json(json, rows)
    if json == "-":
        return
    lines = []
    for name, model in catalogue().items():
        pulled = "✓" if path_of(name) is not None else "–"
        million = f"{model.parameters / 1e6:,.0f} M"
        lines.append([name, model.kind, million, size(model.size), model.licence, pulled])
    columns = [Column("name", number=False), Column("kind", number=False)]
    columns += [Column("parameters"), Column("size")]
    columns += [Column("licence", number=False), Column("pulled", number=False)]
    print_table(human(json), Table(columns, lines))


def pull_models(
    names: Annotated[list[str] | None, typer.Argument(help="Models of the catalogue.")] = None,
    policy: Annotated[
        str | None, typer.Option("--policy", "-p", help="All that this policy can come to use.")
    ] = None,
) -> None:
    """Fetch models; an interrupted fetch is continued."""
    from dynamicrag.cli.console import console
    from dynamicrag.cli.prepare import pull_missing
    from dynamicrag.llm.catalogue import entry
    from dynamicrag.llm.pull import path_of

    if not names and policy is None:
        raise typer.BadParameter("give NAME..., or --policy")
    wanted = [*(names or []), *(_of_policy(policy) if policy else [])]
    for name in wanted:
        entry(name)  # all names are checked before the first byte
    missing = [name for name in dict.fromkeys(wanted) if path_of(name) is None]
    pull_missing(missing, console())
    for name in dict.fromkeys(wanted):
        console().print(f"{name} {'pulled' if name in missing else 'is there'}")


def _of_policy(policy: str) -> list[str]:
    from dynamicrag.llm.catalogue import catalogue
    from dynamicrag.policy_file import load_policy
    from dynamicrag.retrieval.local_embedder import DEFAULT

    loaded = load_policy(policy)
    specs = [section.model for section in loaded.models.values()]
    names = [spec.removeprefix("local:") for spec in specs if spec.startswith("local:")]
    embedding = [section.embedding or DEFAULT for section in loaded.corpora.values()]
    names += [name for name in embedding if isinstance(name, str) and name in catalogue()]
    return [name for name in names if not name.endswith(".gguf")]

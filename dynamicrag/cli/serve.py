"""``dynamicrag serve``: OpenAI's chat completions over your documents, by HTTP."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dynamicrag.cli.console import PlainConsole, plain
from dynamicrag.cli.left_out import warn_left_out
from dynamicrag.cli.options import CorpusOption
from dynamicrag.cli.prepare import provide
from dynamicrag.cli.progress import bar
from dynamicrag.cli.specs import numbers
from dynamicrag.errors import InputError
from dynamicrag.extras import missing, require
from dynamicrag.store.address import data_dir

if TYPE_CHECKING:
    from dynamicrag.graph.rag import DynamicRAG
    from dynamicrag.serve.settings import Settings
    from dynamicrag.serve.web.settings import WebSettings

MEGABYTE = 1_000_000


def serve(
    policies: Annotated[
        list[str] | None,
        typer.Option(
            "--policy",
            "-p",
            metavar="PRESET|FILE",
            help="Name of a preset, or a YAML file; by default balanced. Repeatable: each is a model.",
        ),
    ] = None,
    corpus: CorpusOption = None,
    host: Annotated[str, typer.Option(help="Address; any but loopback needs API keys.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
    api_key_file: Annotated[
        Path | None,
        typer.Option(help="YAML with API keys by name; by default the variable DYNAMICRAG_API_KEYS."),
    ] = None,
    budget_per_user: Annotated[
        list[str] | None,
        typer.Option(metavar="DIMENSION=AMOUNT", help="Limit of a user's cost per day (UTC). Repeatable."),
    ] = None,
    max_body: Annotated[float, typer.Option(min=0.001, help="Largest size of a request in MB.")] = 1.0,
    timeout: Annotated[float, typer.Option(min=0.1, help="Longest duration of a query in seconds.")] = 300.0,
    concurrency: Annotated[int, typer.Option(min=1, help="Queries at a time.")] = 32,
    queue: Annotated[int, typer.Option(min=0, help="Queries that wait; further ones are refused.")] = 256,
    grace: Annotated[
        float, typer.Option(min=0, help="Seconds that running queries have to end when the server stops.")
    ] = 20.0,
    ssl_certfile: Annotated[
        Path | None, typer.Option(help="PEM file with a certificate: the server speaks HTTPS.")
    ] = None,
    ssl_keyfile: Annotated[
        Path | None, typer.Option(help="PEM file with its private key; by default in the certificate's file.")
    ] = None,
    cors_origin: Annotated[
        list[str] | None,
        typer.Option(metavar="ORIGIN", help="Site whose pages may call the API in a browser. Repeatable."),
    ] = None,
    root_path: Annotated[
        str, typer.Option(metavar="PATH", help="Path of a proxy below which the server is, as /rag.")
    ] = "",
    web: Annotated[
        bool | None,
        typer.Option("--web/--no-web", help="The web chat; by default if its extra is installed."),
    ] = None,
    uploads: Annotated[
        Path | None,
        typer.Option(
            help="Folder of documents uploaded in the web chat, searched beside the first corpus; by default "
            "one in the data folder, and none with API keys."
        ),
    ] = None,
    no_uploads: Annotated[bool, typer.Option("--no-uploads", help="No uploads in the web chat.")] = False,
) -> None:
    """Answer over HTTP as OpenAI does, for any of its clients, and in a web chat."""
    require("serve", for_="dynamicrag serve")
    from dynamicrag.serve.app import create_app
    from dynamicrag.serve.keys import keys_of
    from dynamicrag.serve.reach import check_certificate, check_origins, check_root_path
    from dynamicrag.serve.running import listening, run
    from dynamicrag.serve.settings import Settings, check_host

    keys = keys_of(api_key_file, os.environ)
    check_host(host, keys)
    check_certificate(ssl_certfile, ssl_keyfile)
    check_origins(cors_origin or (), keys)
    settings = Settings(
        keys=keys,
        budget_per_user=_budget(budget_per_user),
        body_bytes=int(max_body * MEGABYTE),
        seconds=timeout,
        concurrency=concurrency,
        queue=queue,
        grace_seconds=grace,
        cors_origins=cors_origin or (),
        root_path=check_root_path(root_path),
    )
    out = PlainConsole()
    chat = _web(web, uploads, no_uploads or (keys is not None and uploads is None))
    folder = chat.uploads if chat else None
    with listening(host, port) as bound, _load(policies or ["balanced"], corpus, folder, out) as rag:
        app = create_app(rag, settings)
        if chat is not None:
            from dynamicrag.serve.web import mount

            mount(app, rag, chat)
        _warm(rag, out)
        address = f"{f'[{host}]' if ':' in host else host}:{bound.getsockname()[1]}"
        url = f"{'https' if ssl_certfile else 'http'}://{address}{settings.root_path}"

        def started() -> None:
            _say(url, rag, settings, out, web=chat is not None)

        run(app, bound, settings.grace_seconds, started, ssl_certfile, ssl_keyfile)
        out.print("stopped; all accounts are closed", style="dim")


def _budget(given: Sequence[str] | None) -> dict[str, float]:
    from dynamicrag.graph.call_reader import check_amount

    limits = numbers(given, "--budget-per-user", "DIMENSION=AMOUNT, such as usd=1")
    return {name: check_amount(name, limit, "--budget-per-user") for name, limit in limits.items()}


def _web(wanted: bool | None, uploads: Path | None, without: bool) -> "WebSettings | None":
    """Return the settings of the web chat, with its folder of uploads; ``None`` without it.

    Raises:
        InputError: It is wanted, and its extra is missing; or the folder cannot be made.
    """
    from dynamicrag.serve.web.settings import WebSettings

    if wanted:
        require("ui", for_="--web")
    if wanted is False or missing("ui"):
        return None
    if without:
        return WebSettings()
    folder = uploads or data_dir() / "uploads"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--uploads {folder}: cannot be made: {error.strerror or error}") from None
    return WebSettings(uploads=folder)


def _load(
    policies: Sequence[str], corpus: Sequence[Path] | None, uploads: Path | None, out: PlainConsole
) -> "DynamicRAG":
    """Return the object of all policies, after their models are on this machine."""
    from dynamicrag.graph.rag import DynamicRAG
    from dynamicrag.policy.assembly import assemble_all
    from dynamicrag.policy.file import load_policy
    from dynamicrag.policy.objects import Objects
    from dynamicrag.serve.web.uploads import with_uploads

    loaded = [with_uploads(load_policy(each, corpus or None), uploads) for each in policies]
    names = [each.name for each in loaded]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"--policy: two policies have the name {name!r}; rename a file")
    for each in loaded:
        provide(each, out, conversation=True)
    others = dict(zip(names[1:], loaded[1:], strict=True))
    first, *further = assemble_all(loaded[0], others, objects=Objects())
    return DynamicRAG(first, further)


def _warm(rag: "DynamicRAG", out: PlainConsole) -> None:
    with bar(out) as show:
        rag.warm(lambda done, total, label: show(done, total, label))
    corpora = {id(corpus): corpus for each in rag.policies.values() for corpus in each.corpora.values()}
    warn_left_out(list(corpora.values()), out)


def _say(url: str, rag: "DynamicRAG", settings: "Settings", out: PlainConsole, *, web: bool) -> None:
    from dynamicrag.serve.question import policy_names
    from dynamicrag.serve.reach import EVERY
    from dynamicrag.serve.small_budgets import small_budgets

    if web:
        out.print(f"web chat: {url}/", style="bold", soft_wrap=True)
    out.print(f"{url}/v1", style="bold", soft_wrap=True)
    about = f"models: {', '.join(policy_names(rag))} · API: {url}/docs · Ctrl-C stops"
    keys = f"{len(settings.keys.callers)} API keys" if settings.keys else "no API keys: this machine only"
    out.print(f"{about} · {keys}", style="dim", soft_wrap=True)
    if EVERY in settings.cors_origins:
        out.print("--cors-origin *: pages of every site may call the API with a key", style="yellow")
    for warning in small_budgets(rag, settings):
        out.print(plain(warning), style="yellow", soft_wrap=True)

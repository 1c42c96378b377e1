"""The page of names: all that a policy can name, from the registries, the catalogue and the tables."""

from datetime import date
from typing import Any

import yaml
from prose import Doc, parameters, table

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.prices import price_of
from dynamicrag.cost.profiles import load_profiles, shipped
from dynamicrag.escalation.base import POLICIES
from dynamicrag.features.base import FEATURES
from dynamicrag.llm.catalogue import catalogue
from dynamicrag.llm.prompts.base import PROMPTS
from dynamicrag.predictors.base import PREDICTORS
from dynamicrag.registry import Registry
from dynamicrag.retrieval.base import RETRIEVERS
from dynamicrag.routers.base import ROUTERS
from dynamicrag.verify.base import VERIFIERS

INTRODUCTION = """# Names in a policy

A policy names what is on this page: `name`, or `{name: {parameter: value}}`. Plugins add names of their
own.
"""
FAMILIES: tuple[tuple[str, Registry[Any], str], ...] = (
    (
        "Routers",
        ROUTERS,
        "They decide a stage, as its `router`. They need no training, except `escalation`.",
    ),
    (
        "Predictors",
        PREDICTORS,
        "They learn each option's quality. A trained one is also a router by its name: "
        "`router: {linear: {state: FILE}}`, where `dynamicrag train stage` has written the file. Such a "
        "router also takes `explore: {epsilon, temperature, optimism, sample, extra, seed}`, or `passing`, "
        "the quality that the cheapest option must reach. An online learner also works without a file: "
        "`router: linucb`.",
    ),
    ("Features", FEATURES, "Predictors see a question through them: `dynamicrag train stage --features`."),
    ("Retrievers", RETRIEVERS, "They are the options of the stage `retriever`, and its `parts`."),
    ("Prompts", PROMPTS, "They are the options of the stage `prompt`."),
    ("Verifiers", VERIFIERS, "They judge a draft; `stages.verification.verifiers` lists them."),
    (
        "Escalation policies",
        POLICIES,
        "`dynamicrag eval-cascade` compares them on recorded drafts, and `dynamicrag train escalation` "
        "learns one, which the router `escalation` carries out.",
    ),
)
TABLES = """## Local models

`local:NAME` runs in this process; `dynamicrag models pull NAME` fetches it.

{local}
## Remote models with known prices

A policy can name any model that LangChain's `init_chat_model` knows. These models have prices and energy
figures of their own. Prices are in dollars per million tokens; the file `policies/profiles.yaml` has the
source of each.

{remote}
## Abilities of well-known models

The ability of a model is its accuracy on MMLU. A name finds its row at every provider:
`openai:gpt-4o-2024-08-06`, `ollama:llama3.1:8b`, `together:meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo`. A
result on another benchmark is shifted, in logits: {shifts}. A model
without a row has the ability of listed models of its size, of its predecessor, or of its size class;
`dynamicrag validate` marks such an estimate with `~`, and an unknown ability with `?`. `models.NAME.ability`
in a policy replaces both.

{abilities}
## Cost dimensions

Budgets, weights and reports know these. A hard dimension is never overspent.

{dimensions}"""


def page() -> str:
    """Return the page."""
    parts = [INTRODUCTION]
    for heading, registry, text in FAMILIES:
        parts += [f"## {heading}\n", f"{text}\n"]
        for name in registry:
            skip = ("deps", "judgement", "weights") if name == "escalation" else ("deps",)
            parts += [f"### `{name}` {{ #{_anchor(heading)}-{name} }}\n", f"{Doc(registry[name]).text}\n"]
            parts.append(parameters(registry[name], skip))
    parts.append(TABLES.format(local=_local(), remote=_remote(), dimensions=_dimensions(),
                               shifts=_shifts(), abilities=_abilities()))  # fmt: skip
    return "\n".join(parts)


def _anchor(heading: str) -> str:
    return heading.lower().replace(" ", "-")


def _local() -> str:
    rows = [
        (f"`local:{name}`", each.kind, f"{each.parameters / 1e6:,.0f} M", f"{each.context:,}",
         f"{each.size / 1e6:,.0f} MB", each.licence)
        for name, each in catalogue().items()
    ]  # fmt: skip
    return table(("name", "kind", "weights", "context, tokens", "download", "licence"), rows)


def _remote() -> str:
    rows = []
    for name, profile in load_profiles().models.items():
        price = price_of(name, profile, date.today())
        if profile.runs == "remote" and price.input is not None:
            rows.append((f"`{name}`", f"{price.input:g}", f"{price.output:g}", f"{price.as_of or ''}",
                         f"{profile.context:,}" if profile.context else ""))  # fmt: skip
    return table(("name", "input", "output", "as of", "context, tokens"), rows)


def _abilities() -> str:
    rows = [
        (f"`{name}`", f"{row['score']:g}", row["benchmark"], row["date"], row["source"])
        for name, row in _profiles()["abilities"].items()
    ]
    return table(("family", "accuracy", "benchmark", "as of", "source"), rows)


def _shifts() -> str:
    shifts = {name: each["shift"] for name, each in _profiles()["benchmarks"].items()}
    return ", ".join(f"{name} {shift:+g}" for name, shift in shifts.items() if shift)


def _profiles() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(shipped("profiles.yaml").read_text("utf-8"))
    return found


def _dimensions() -> str:
    rows = [
        (f"`{name}`", row.title, row.unit or row.prefix, "hard" if row.hard else "soft",
         f"`{row.follows}` × `{row.coefficient.key}`" if row.follows and row.coefficient else "")
        for name in DIMENSIONS for row in [DIMENSIONS[name]]
    ]  # fmt: skip
    return table(("name", "amount of", "unit", "limit", "follows from"), rows)

"""``dynamicrag eval --cascade``: judge escalation policies and verifiers on recorded drafts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dynamicrag.errors import InputError

if TYPE_CHECKING:
    from dynamicrag.lab.cascade.trials import Trials


@dataclass(frozen=True, slots=True)
class Asked:
    """What ``eval`` was asked for; its options, by their names."""

    train: Path | None
    test: Path | None
    policies: Sequence[str]
    weak: str | None
    strong: str | None
    budget: float | None
    cost: str | None
    option_cost: Mapping[str, float]
    options: Sequence[str]
    at: Sequence[float]
    routers: Sequence[str]
    features: Sequence[str] | None
    folds: int
    bootstrap: int
    seed: int

    @property
    def files(self) -> list[Path]:
        """What is learnt from, and what is judged by where it is another file."""
        files = [path for path in (self.train, self.test) if path is not None]
        if not files:
            raise InputError("--train or --test: a file to judge by is needed")
        return files


def judge_cascade(asked: Asked, json: str | None, plot: Path | None) -> None:
    """Run the evaluation, print it, and write what was asked for.

    Raises:
        InputError: A file or option that cannot be used.
        PolicyError: A spec names what does not exist.
    """
    from dynamicrag.cli.cascade_tables import print_cascade
    from dynamicrag.cli.console import bar, human
    from dynamicrag.cli.output import check_plot, check_target, write_json
    from dynamicrag.cli.specs import embedding
    from dynamicrag.lab.cascade.evaluate import evaluate

    check_target(json)
    if plot is not None:
        check_plot(plot)
    policies = _policies(asked.policies)
    router = _router(asked.routers)
    trials, families, notes = _samples(asked) if asked.weak or asked.strong else _recorded(asked)
    out = human(json)
    with bar(out) as tell:
        found = evaluate(
            *trials, policies=policies, router=router, families=families, folds=asked.folds, at=asked.at,
            samples=asked.bootstrap, seed=asked.seed, embed=embedding(families), tell=tell,
            budget=float("inf") if asked.budget is None else asked.budget,
        )  # fmt: skip
    found["notes"] += notes
    if plot is not None:
        from dynamicrag.cli.output import write_text
        from dynamicrag.lab.cascade.page import to_html
        from dynamicrag.lab.cascade.scene import compose_cascade
        from dynamicrag.lab.routing.image import draw

        scene = compose_cascade(found)
        draw(scene, found, plot / "cascade.png")
        write_text(plot / "cascade.html", to_html(found, scene))
    write_json(json, found)
    if json != "-":
        print_cascade(out, found)


def _policies(values: Sequence[str]) -> dict[str, object]:
    from dynamicrag.cli.specs import read_specs
    from dynamicrag.escalation.base import POLICIES
    from dynamicrag.registry import parse_spec

    named: dict[str, object] = {}
    for spec in read_specs(values, "--policies") if values else list(POLICIES):
        POLICIES.build(spec, "--policies")
        name, params = parse_spec(spec, "--policies")
        told = ", ".join(f"{key}={value}" for key, value in params.items())
        named[f"{name}({told})" if told else name] = spec
    return named


def _router(values: Sequence[str]) -> object:
    from dynamicrag.cli.specs import read_specs
    from dynamicrag.predictors.base import PREDICTORS

    specs = read_specs(values, "--routers")
    if len(specs) != 1:
        raise InputError("--routers: with --cascade there is one, that says what to expect before any draft")
    PREDICTORS.build(specs[0], "--routers")
    return specs[0]


def _samples(asked: Asked) -> tuple[list["Trials"], list[object], list[str]]:
    from dynamicrag.lab.cascade.agreement import make_trials
    from dynamicrag.lab.cascade.samples import read_samples

    if asked.weak is None or asked.strong is None:
        missing = "--strong" if asked.strong is None else "--weak"
        raise InputError(f"{missing}: agreement samples need both --weak and --strong")
    for flag, value in (("--cost", asked.cost), ("--options", asked.options), ("--features", asked.features)):
        if value:
            raise InputError(f"{flag}: is not for agreement samples; leave it out, or --weak and --strong")
    files = [read_samples(path) for path in asked.files]
    return make_trials(files, asked.weak, asked.strong, asked.option_cost), [], []


def _recorded(asked: Asked) -> tuple[list["Trials"], list[object], list[str]]:
    from dynamicrag.cli.specs import choose_families
    from dynamicrag.lab.cascade.recorded import from_tables
    from dynamicrag.lab.outcomes.file import read_table

    tables = [read_table(path) for path in asked.files]
    families, notes = choose_families(asked.features, tables[0], tables[-1])
    trials = from_tables(tables, cost=asked.cost, given=asked.option_cost, only=asked.options)
    return trials, families, notes
